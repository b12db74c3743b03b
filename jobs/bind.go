package jobs

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/perennial-clv/perennial/pipeline"
)

// Problem is one thing wrong with a job file.
type Problem struct {
	Line, Column int
	Flag         string // instead of line and column: the flag that wrote it
	Path         string // dotted keys, as source.csv.paths
	Message      string
	Hint         string
}

// binder puts a YAML tree into Go values by their yaml tags, collecting every
// problem. It knows strings, bools, ints, numbers kept as text (number),
// slices, maps by string, structs, and types that choose their own form with
// UnmarshalYAML(func(any) error) error.
type binder struct {
	lookup   func(name string) (string, bool) // the environment
	flags    map[*token.Token]string          // which flag wrote what the file did not
	problems []Problem
	tag      reflect.StructTag // of the key at hand
}

// number is a number of a job file as it is written there, so that decimals
// stay exact.
type number string

type selfBinder interface {
	UnmarshalYAML(decode func(any) error) error
}

// errReported says that what is wrong has been noted already.
var errReported = errors.New("reported")

// fail notes a problem at a node and returns errReported.
func (b *binder) fail(node ast.Node, path, hint, format string, args ...any) error {
	p := Problem{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint}
	p.Line, p.Column, p.Flag = b.position(node)
	b.problems = append(b.problems, p)
	return errReported
}

// position says where a node stands: line and column, or the flag that wrote it.
func (b *binder) position(node ast.Node) (line, column int, flag string) {
	if entries, ok := mappingEntries(node); ok && len(entries) > 0 {
		node = entries[0].Key // a mapping's own token is its first colon
	}
	t := node.GetToken()
	if flag, ok := b.flags[t]; ok {
		return 0, 0, flag
	}
	if t == nil || t.Position == nil {
		return 0, 0, ""
	}
	return t.Position.Line, t.Position.Column, ""
}

// bind puts node into target, a pointer's element.
func (b *binder) bind(node ast.Node, target reflect.Value, path string) error {
	if self, ok := target.Addr().Interface().(selfBinder); ok {
		return b.bindSelf(node, self, path)
	}
	if keep, ok := target.Addr().Interface().(*located); ok {
		*keep = located{node, path}
		return nil
	}
	if node.Type() == ast.NullType && target.Kind() != reflect.Pointer {
		return b.fail(node, path, "write a value, or leave the key out", "%s has no value", path)
	}
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		return b.bind(node, target.Elem(), path)
	case reflect.Struct:
		return b.bindStruct(node, target, path)
	case reflect.Map:
		return b.bindMap(node, target, path)
	case reflect.Slice:
		return b.bindSlice(node, target, path)
	default:
		return b.bindScalar(node, target, path)
	}
}

// bindInto puts the root of a tree into target, a pointer.
func (b *binder) bindInto(root ast.Node, target any) error {
	return b.bind(root, reflect.ValueOf(target).Elem(), "")
}

// bindOptions puts a node that was kept into options, a pointer.
func (b *binder) bindOptions(at located, options any) error {
	return b.bind(at.node, reflect.ValueOf(options).Elem(), at.path)
}

// located keeps a node unbound, for an adapter that knows what it means.
type located struct {
	node ast.Node
	path string
}

func (b *binder) bindSelf(node ast.Node, self selfBinder, path string) error {
	tried := len(b.problems)
	err := self.UnmarshalYAML(func(into any) error {
		b.problems = b.problems[:tried] // an earlier try of another form
		return b.bind(node, reflect.ValueOf(into).Elem(), path)
	})
	if err != nil && !errors.Is(err, errReported) {
		b.problems = b.problems[:tried]
		return b.failWith(node, path, err)
	}
	if err == nil {
		b.problems = b.problems[:tried]
	}
	return err
}

// failWith notes an adapter's own error, keeping its hint.
func (b *binder) failWith(node ast.Node, path string, err error) error {
	var e *pipeline.Error
	if errors.As(err, &e) {
		return b.fail(node, path, e.Hint, "%s: %s", path, e.Message)
	}
	return b.fail(node, path, "", "%s: %s", path, err)
}

func (b *binder) bindStruct(node ast.Node, target reflect.Value, path string) error {
	entries, err := b.entries(node, path)
	if err != nil {
		return err
	}
	fields := map[string]int{}
	var names []string
	for i := range target.NumField() {
		if name := target.Type().Field(i).Tag.Get("yaml"); name != "" {
			fields[name] = i
			names = append(names, name)
		}
	}
	defer func(tag reflect.StructTag) { b.tag = tag }(b.tag)
	for _, entry := range entries {
		name := entry.Key.GetToken().Value
		field, ok := fields[name]
		if !ok {
			err = b.fail(entry.Key, join(path, name), suggestion(name, names), "unknown key %q", join(path, name))
			continue
		}
		b.tag = target.Type().Field(field).Tag
		err = cmp.Or(b.bind(entry.Value, target.Field(field), join(path, name)), err)
	}
	return err
}

func (b *binder) bindMap(node ast.Node, target reflect.Value, path string) error {
	entries, err := b.entries(node, path)
	if err != nil {
		return err
	}
	target.Set(reflect.MakeMap(target.Type()))
	for _, entry := range entries {
		name := entry.Key.GetToken().Value
		value := reflect.New(target.Type().Elem()).Elem()
		err = cmp.Or(b.bind(entry.Value, value, join(path, name)), err)
		target.SetMapIndex(reflect.ValueOf(name), value)
	}
	return err
}

func (b *binder) entries(node ast.Node, path string) ([]*ast.MappingValueNode, error) {
	if values, ok := mappingEntries(node); ok {
		return values, nil
	}
	return nil, b.fail(node, path, "write key: value pairs below it", "%s must be a mapping, not %s", path, describe(node))
}

// mappingEntries returns the entries of a mapping; the parser makes one with a
// single entry either a MappingNode or that entry itself.
func mappingEntries(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

func (b *binder) bindSlice(node ast.Node, target reflect.Value, path string) error {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		return b.fail(node, path, fmt.Sprintf("write [%s]", strings.TrimSpace(node.String())), "%s must be a list, not %s", path, describe(node))
	}
	target.Set(reflect.MakeSlice(target.Type(), len(sequence.Values), len(sequence.Values)))
	var err error
	for i, value := range sequence.Values {
		err = cmp.Or(b.bind(value, target.Index(i), fmt.Sprintf("%s[%d]", path, i)), err)
	}
	return err
}

func (b *binder) bindScalar(node ast.Node, target reflect.Value, path string) error {
	switch n := node.(type) {
	case *ast.StringNode:
		return b.bindText(node, n.Value, target, path)
	case *ast.LiteralNode:
		return b.bindText(node, n.Value.Value, target, path)
	case *ast.BoolNode:
		if target.Kind() == reflect.Bool {
			target.SetBool(n.Value)
			return nil
		}
	case *ast.IntegerNode, *ast.FloatNode:
		text := n.GetToken().Value
		if target.Type() == reflect.TypeFor[number]() {
			target.SetString(text)
			return nil
		}
		if v, ok := integerOf(node); ok && target.Kind() == reflect.Int {
			target.SetInt(v)
			return nil
		}
	}
	return b.fail(node, path, b.wrongTypeHint(target, node), "%s must be %s, not %s", path, kindName(target), describe(node))
}

func integerOf(node ast.Node) (int64, bool) {
	n, ok := node.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch v := n.Value.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= 1<<62
	default:
		return 0, false
	}
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}`)

// bindText puts text into a string, with ${NAME} and ${NAME:-default} replaced.
func (b *binder) bindText(node ast.Node, text string, target reflect.Value, path string) error {
	missing, written := "", text
	text = variable.ReplaceAllStringFunc(text, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		if value, ok := b.lookup(parts[1]); ok {
			return value
		}
		if parts[2] == "" {
			missing = parts[1]
		}
		return strings.TrimPrefix(parts[2], ":-")
	})
	if missing != "" {
		return b.fail(node, path, fmt.Sprintf("set it, or write ${%s:-default}", missing), "the environment variable %s is not set", missing)
	}
	if target.Kind() == reflect.String && target.Type() != reflect.TypeFor[number]() {
		target.SetString(text)
		return nil
	}
	if variable.MatchString(written) && bindReplaced(text, target) {
		return nil
	}
	return b.fail(node, path, b.wrongTypeHint(target, node), "%s must be %s, not text", path, kindName(target))
}

// bindReplaced puts what the environment holds, which is text whatever it
// means, into a number or a truth value, and reports whether it is one.
func bindReplaced(text string, target reflect.Value) bool {
	switch target.Kind() {
	case reflect.String: // a number
		_, err := strconv.ParseFloat(text, 64)
		target.SetString(text)
		return err == nil
	case reflect.Int:
		v, err := strconv.Atoi(text)
		target.SetInt(int64(v))
		return err == nil
	case reflect.Bool:
		target.SetBool(text == "true")
		return text == "true" || text == "false"
	default:
		return false
	}
}

// isDays reports whether a default is a number of days, as 14d.
func isDays(usual string) bool {
	_, ok := parseDays(usual)
	return ok
}

// wrongTypeHint says how a value of the key at hand is written.
func (b *binder) wrongTypeHint(target reflect.Value, node ast.Node) string {
	choices, usual := b.tag.Get("one_of"), b.tag.Get("default")
	switch {
	case choices != "" && target.Kind() == reflect.String:
		return "write one of " + strings.ReplaceAll(choices, ",", ", ")
	case isDays(usual):
		return "write it as " + usual
	case target.Type() == reflect.TypeFor[number]():
		return "write it without quotes, as 0.12"
	case target.Kind() == reflect.Int:
		return "write it without quotes, as 2"
	case target.Kind() == reflect.Bool:
		return "write true or false, without quotes"
	}
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return fmt.Sprintf("put it in quotes: %q", node.GetToken().Value)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "put the whole text in quotes: YAML reads &, * and ! at its beginning as signs of its own"
	default:
		return "write one text"
	}
}

func kindName(v reflect.Value) string {
	switch {
	case v.Type() == reflect.TypeFor[number]():
		return "a number"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.Kind() == reflect.Int:
		return "a whole number"
	default:
		return "text"
	}
}

func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.InfinityNode, *ast.NanNode:
		return "infinity or NaN"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return "an anchor, alias or tag (which job files do not use)"
	default:
		return "text"
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// sortProblems orders problems as they stand in the file.
func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(p, q Problem) int {
		return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
	})
}
