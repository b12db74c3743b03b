package jobs

import "strings"

// JSONSchema returns the JSON Schema (draft 2020-12) of job files with these
// adapters, for editors that check and complete YAML. It knows keys, types,
// closed lists of words and what is required; what hangs together with other
// keys or with the world only validate knows.
func JSONSchema(adapters Adapters) map[string]any {
	file := fileShape(adapters)
	schema := file.schema()
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Perennial job file"
	schema["$defs"] = map[string]any{"variable": map[string]any{
		"type": "string", "pattern": variable.String(), "description": "a text with ${NAME} or ${NAME:-default}, replaced from the environment",
	}}
	return schema
}

// schema returns what may be written in JSON Schema's terms. Wherever a number
// or one of some words stands, a variable of the environment may stand too.
func (s *shape) schema() map[string]any {
	switch s.kind {
	case aNumber:
		return orVariable(map[string]any{"type": "number"})
	case aWholeNumber:
		return orVariable(map[string]any{"type": "integer"})
	case aTruth:
		return orVariable(map[string]any{"type": "boolean"})
	case aList:
		return map[string]any{"type": "array", "items": s.item.schema()}
	case names:
		return map[string]any{"type": "object", "additionalProperties": s.item.schema()}
	case aMapping:
		return s.mappingSchema()
	case anyForm:
		var forms []any
		for i := range s.forms {
			forms = append(forms, s.forms[i].schema())
		}
		return map[string]any{"anyOf": forms}
	default:
		if len(s.words) == 0 {
			return map[string]any{"type": "string"}
		}
		return orVariable(map[string]any{"enum": s.words})
	}
}

func orVariable(schema map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{schema, map[string]any{"$ref": "#/$defs/variable"}}}
}

func (s *shape) mappingSchema() map[string]any {
	properties := map[string]any{}
	var required []string
	var alternatives []any
	for i := range s.keys {
		k := &s.keys[i]
		property := k.shape.schema()
		property["description"] = k.Doc + ". " + k.withoutSentence()
		properties[k.Name()] = property
		if k.IsRequired {
			required = append(required, k.Name())
		}
		if k.isAlternative {
			alternatives = append(alternatives, map[string]any{"required": []string{k.Name()}})
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		schema["required"] = required
	}
	if alternatives != nil {
		schema["oneOf"] = alternatives
	}
	return schema
}

// withoutSentence says what holds where the key is left out.
func (k *Key) withoutSentence() string {
	without := k.Without()
	if k.IsRequired || k.isAlternative {
		return strings.ToUpper(without[:1]) + without[1:] + "."
	}
	return "Default: " + without + "."
}
