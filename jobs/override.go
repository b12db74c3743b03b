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
	steps []step // of the path
	value string // YAML
}

func (o override) String() string { return o.path + "=" + o.value }

// place says where an override was written, for errors.
func (o override) place() string { return strings.TrimSpace("--set " + o.path) }

// step is one step of a path.
type step struct {
	key   string
	index int // of an element of the key's list; -1 for the key itself
}

var stepText = regexp.MustCompile(`^([^\[\]]+)(?:\[([0-9]{1,6})\])?$`)

// parseStep reads key, or key[index].
func parseStep(text string) (step, bool) {
	parts := stepText.FindStringSubmatch(text)
	if parts == nil {
		return step{}, false
	}
	index, err := strconv.Atoi(parts[2])
	if err != nil {
		index = -1 // there is none
	}
	return step{parts[1], index}, true
}

// compareSteps orders paths so that one comes before those that lead deeper,
// and the elements of a list come one after the other.
func compareSteps(a, b []step) int {
	return slices.CompareFunc(a, b, func(s, t step) int {
		return cmp.Or(cmp.Compare(s.key, t.key), cmp.Compare(s.index, t.index))
	})
}

// The hints about a path and about a value.
const (
	pathHint  = "a path is made of keys, as value.discount_rate or rules.exclude[0].name; see perennial explain"
	valueHint = "a value is written as in the job file: 0.12, text, [a, b], {a: b}"
)

// parseOverrides reads texts "path=value" and returns them in the order of
// their paths, whichever the order given. Problems are collected.
func (l *loader) parseOverrides(texts []string) []override {
	var all []override
	for _, text := range texts {
		path, value, ok := strings.Cut(text, "=")
		o := override{path: strings.TrimSpace(path), value: strings.TrimSpace(value)}
		if !ok || o.path == "" {
			l.refuse(o, "write --set path=value, as --set value.discount_rate=0.12", "%q sets nothing", text)
			continue
		}
		if o.steps, ok = l.parsePath(o); !ok {
			continue
		}
		if slices.ContainsFunc(all, func(other override) bool { return compareSteps(other.steps, o.steps) == 0 }) {
			l.refuse(o, "keep one of the two", "%s is set twice", o.path)
			continue
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b override) int { return compareSteps(a.steps, b.steps) })
	return all
}

// parsePath returns the steps of an override's path.
func (l *loader) parsePath(o override) (steps []step, ok bool) {
	for text := range strings.SplitSeq(o.path, ".") {
		step, ok := parseStep(text)
		if !ok {
			l.refuse(o, pathHint, "%q is no key", text)
			return nil, false
		}
		steps = append(steps, step)
	}
	return steps, true
}

// refuse notes what is wrong with an override.
func (l *loader) refuse(o override, hint, format string, args ...any) {
	l.problems = append(l.problems, Problem{Flag: o.place(), Path: o.path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// apply puts an override into the tree.
func (l *loader) apply(o override) {
	value, err := overrideValue(o.value)
	if err != nil {
		l.refuse(o, valueHint, "not valid YAML: %s", err)
		return
	}
	mark := &marker{flag: o.place(), places: l.flags}
	ast.Walk(mark, value)
	root, err := mark.put(l.root, o.steps, value)
	if err != nil {
		l.refuse(o, pathHint, "%s", err)
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
func (m *marker) put(node ast.Node, steps []step, value ast.Node) (ast.Node, error) {
	if len(steps) == 0 {
		return value, nil
	}
	step := steps[0]
	mapping, err := m.mapping(node)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(mapping.Values, func(e *ast.MappingValueNode) bool { return e.Key.GetToken().Value == step.key })
	entry := ast.MappingValue(m.token(":"), ast.String(m.token(step.key)), nil)
	if at >= 0 {
		entry = mapping.Values[at]
	}
	below := entry.Value
	if step.index >= 0 {
		below, err = m.putElement(below, step, steps[1:], value)
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
func (m *marker) putElement(node ast.Node, at step, steps []step, value ast.Node) (ast.Node, error) {
	sequence, ok := node.(*ast.SequenceNode)
	switch {
	case !ok && node != nil && node.Type() != ast.NullType:
		return nil, fmt.Errorf("%s is no list, but %s", at.key, describe(node))
	case !ok:
		sequence = ast.Sequence(m.token("["), true)
	}
	var element ast.Node
	switch n := len(sequence.Values); {
	case at.index > n:
		return nil, fmt.Errorf("the next element of %s is [%d]", at.key, n)
	case at.index < n:
		element = sequence.Values[at.index]
	}
	element, err := m.put(element, steps, value)
	if err != nil {
		return nil, err
	}
	if at.index < len(sequence.Values) {
		sequence.Values[at.index] = element
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
