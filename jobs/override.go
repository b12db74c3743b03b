package jobs

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// override is one value of the job file that the command line replaces.
type override struct {
	path  string // dotted keys; [i] picks an element of a list
	value string // YAML
}

func (o override) String() string { return o.path + "=" + o.value }

// place says where an override was written, for errors.
func (o override) place() string { return strings.TrimSpace("--set " + o.path) }

// pathStep is one step of an override's path: key, or key[index].
var pathStep = regexp.MustCompile(`^([^\[\]]+)(?:\[([0-9]{1,6})\])?$`)

// parseOverrides reads texts "path=value" and returns them in an order that
// does not depend on the order given: what leads deeper comes later. Problems
// are collected.
func (l *loader) parseOverrides(texts []string) []override {
	var all []override
	for _, text := range texts {
		path, value, ok := strings.Cut(text, "=")
		o := override{strings.TrimSpace(path), strings.TrimSpace(value)}
		switch {
		case !ok || o.path == "":
			l.refuse(o, "write --set path=value, as --set value.discount_rate=0.12", "%q sets nothing", text)
		case slices.ContainsFunc(all, func(other override) bool { return other.path == o.path }):
			l.refuse(o, "keep one of the two", "%s is set twice", o.path)
		default:
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b override) int {
		return cmp.Or(cmp.Compare(len(a.path), len(b.path)), cmp.Compare(a.path, b.path))
	})
	return all
}

// refuse notes what is wrong with an override.
func (l *loader) refuse(o override, hint, format string, args ...any) {
	l.problems = append(l.problems, Problem{Flag: o.place(), Path: o.path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// apply puts an override into the tree.
func (l *loader) apply(o override) {
	value, err := overrideValue(o.value)
	if err != nil {
		l.refuse(o, "a value is written as in the job file: 0.12, text, [a, b], {a: b}", "not valid YAML: %s", err)
		return
	}
	mark := &marker{flag: o.place(), places: l.flags}
	ast.Walk(mark, value)
	root, err := mark.put(l.root, strings.Split(o.path, "."), value)
	if err != nil {
		l.refuse(o, "a path is made of keys, as value.discount_rate or rules.exclude[0].name; see perennial explain", "%s", err)
		return
	}
	l.root = root
}

// overrideValue parses a value; one that is empty is null.
func overrideValue(text string) (ast.Node, error) {
	if p, ok := tooMuch([]byte(text)); ok {
		return nil, errors.New(p.Message)
	}
	file, err := parser.ParseBytes([]byte(cmp.Or(text, "null")), 0)
	switch {
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(syntaxProblem(err).Message, "not valid YAML: "))
	case len(file.Docs) != 1 || file.Docs[0].Body == nil:
		return nil, errors.New("one value is expected")
	}
	return file.Docs[0].Body, nil
}

// marker notes of which override a node is, by its token.
type marker struct {
	flag   string
	places map[*token.Token]string
}

// Visit implements ast.Visitor.
func (m *marker) Visit(node ast.Node) ast.Visitor {
	m.places[node.GetToken()] = m.flag
	return m
}

// put returns a node with the value at the end of the path below it, making
// mappings on the way. With an error nothing is changed.
func (m *marker) put(node ast.Node, steps []string, value ast.Node) (ast.Node, error) {
	if len(steps) == 0 {
		return value, nil
	}
	step := pathStep.FindStringSubmatch(steps[0])
	if step == nil {
		return nil, fmt.Errorf("%q is no key", steps[0])
	}
	mapping, err := m.mapping(node)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(mapping.Values, func(e *ast.MappingValueNode) bool { return e.Key.GetToken().Value == step[1] })
	entry := ast.MappingValue(m.token(":"), ast.String(m.token(step[1])), nil)
	if at >= 0 {
		entry = mapping.Values[at]
	}
	below := entry.Value
	if step[2] != "" {
		index, _ := strconv.Atoi(step[2]) // at most six digits
		below, err = m.putElement(below, step[1], index, steps[1:], value)
	} else {
		below, err = m.put(below, steps[1:], value)
	}
	if err != nil {
		return nil, err
	}
	if entry.Value = below; at < 0 {
		mapping.Values = append(mapping.Values, entry)
	}
	return mapping, nil
}

// mapping returns a node as a mapping that can grow; where there is no value
// yet, an empty one.
func (m *marker) mapping(node ast.Node) (*ast.MappingNode, error) {
	if mapping, ok := node.(*ast.MappingNode); ok {
		return mapping, nil
	}
	entries, ok := mappingEntries(node)
	if !ok && node != nil && node.Type() != ast.NullType {
		return nil, fmt.Errorf("the job file has %s there, which has no keys", describe(node))
	}
	start := m.token("{")
	if ok {
		start = node.GetToken()
	}
	return ast.Mapping(start, true, entries...), nil
}

// putElement puts a value at or below an element of a list; the place after
// the last one makes the list longer.
func (m *marker) putElement(node ast.Node, key string, index int, steps []string, value ast.Node) (ast.Node, error) {
	sequence, ok := node.(*ast.SequenceNode)
	switch {
	case !ok && node != nil && node.Type() != ast.NullType:
		return nil, fmt.Errorf("%s is no list, but %s", key, describe(node))
	case !ok:
		sequence = ast.Sequence(m.token("["), true)
	}
	var element ast.Node
	switch n := len(sequence.Values); {
	case index > n:
		return nil, fmt.Errorf("the next element of %s is [%d]", key, n)
	case index < n:
		element = sequence.Values[index]
	}
	element, err := m.put(element, steps, value)
	if err != nil {
		return nil, err
	}
	if index < len(sequence.Values) {
		sequence.Values[index] = element
	} else {
		sequence.Values = append(sequence.Values, element)
	}
	return sequence, nil
}

// token returns a token of this override, for what it adds on the way.
func (m *marker) token(text string) *token.Token {
	t := &token.Token{Type: token.StringType, Value: text, Origin: text, Position: &token.Position{Line: 1, Column: 1}}
	m.places[t] = m.flag
	return t
}
