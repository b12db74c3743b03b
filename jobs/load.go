package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/perennial-clv/perennial/pipeline"
)

// FileError says everything that is wrong with a job file, in the order of
// the file. Its class is ClassUsage.
type FileError struct {
	Path     string
	Problems []Problem
}

// Error returns the first problem and how many more there are.
func (e *FileError) Error() string { return severalErrors(e.Unwrap()).Error() }

// Unwrap returns each problem as an error of class usage with its place.
func (e *FileError) Unwrap() []error {
	errs := make([]error, len(e.Problems))
	for i, p := range e.Problems {
		errs[i] = &pipeline.Error{Class: pipeline.ClassUsage, Stage: "validate", Place: p.place(e.Path), Message: p.Message, Hint: p.Hint}
	}
	return errs
}

func (p Problem) place(path string) string {
	switch {
	case p.Flag != "":
		return p.Flag
	case p.Line == 0:
		return path
	default:
		return fmt.Sprintf("%s:%d:%d", path, p.Line, p.Column)
	}
}

// loader turns a job file into a Job.
type loader struct {
	binder
	path     string
	root     ast.Node
	file     File
	adapters Adapters
	job      Job
}

// Load reads a job file's content and returns the job, or a FileError with
// every problem at once. lookup is the environment. Each of set, as
// "value.discount_rate=0.12", replaces or adds one value of the file.
func Load(path string, content []byte, lookup func(string) (string, bool), adapters Adapters, set ...string) (*Job, error) {
	l := loader{binder: binder{lookup: lookup, flags: map[*token.Token]string{}}, path: path, adapters: adapters}
	l.job.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if l.root, l.problems = parseYAML(content); len(l.problems) > 0 {
		return nil, &FileError{path, l.problems}
	}
	overrides := l.parseOverrides(set)
	for _, o := range overrides {
		l.apply(o)
		l.job.Set = append(l.job.Set, o.String())
	}
	l.job.ConfigHash = configHash(content, l.job.Set)
	l.job.Questions = questionsOf(content)
	l.load()
	if len(l.problems) > 0 {
		sortProblems(l.problems)
		return nil, &FileError{path, l.problems}
	}
	return &l.job, nil
}

// OpenSource makes a source of the lines that stand below source: in a job file.
// What is wrong with them is of ClassUsage. lookup is the environment.
func (a Adapters) OpenSource(lines []string, lookup func(string) (string, bool)) (pipeline.Source, error) {
	l := loader{binder: binder{lookup: lookup, flags: map[*token.Token]string{}}, adapters: a}
	content := "source:\n  " + strings.Join(lines, "\n  ") + "\n"
	if l.root, l.problems = parseYAML([]byte(content)); len(l.problems) == 0 {
		l.bindFile()
		l.loadSource()
	}
	if len(l.problems) > 0 {
		p := l.problems[0]
		return nil, pipeline.Errorf(pipeline.ClassUsage, "", p.Hint, "%s", p.Message)
	}
	return l.job.Source, nil
}

// configHash returns the SHA-256 of a job file and of what was set beside it.
func configHash(content []byte, set []string) string {
	sum := sha256.New()
	sum.Write(content) // never fails
	for _, s := range set {
		fmt.Fprintf(sum, "\n--set %s", s)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// problem notes what is wrong with the value at a dotted path; at the nearest
// key above it where the value is not there.
func (l *loader) problem(path, hint, format string, args ...any) {
	// The error only says what is noted already.
	_ = l.fail(l.nodeAt(path), path, hint, format, args...)
}

// nodeAt returns the node at a dotted path, or the nearest above it.
func (l *loader) nodeAt(path string) ast.Node {
	node := l.root
	for name := range strings.SplitSeq(path, ".") {
		next := child(node, name)
		if next == nil {
			return node
		}
		node = next
	}
	return node
}

// child returns the value of a key, or of key[i], or nil.
func child(node ast.Node, name string) ast.Node {
	step, ok := parseStep(name)
	if !ok {
		return nil
	}
	entries, _ := mappingEntries(node)
	for _, entry := range entries {
		if entry.Key.GetToken().Value != step.key {
			continue
		}
		if sequence, ok := entry.Value.(*ast.SequenceNode); ok && step.index >= 0 && step.index < len(sequence.Values) {
			return sequence.Values[step.index]
		}
		return entry.Value
	}
	return nil
}

// adapter is one technology named in the job file.
type adapter struct {
	name string
	at   located
}

// one returns the only adapter that is written, or notes what is wrong.
func (l *loader) one(part string, written []adapter, known []string) (adapter, bool) {
	written = slices.DeleteFunc(written, func(a adapter) bool { return a.at.node == nil })
	switch {
	case len(written) == 0:
		l.problem(part, "write one of "+strings.Join(known, ", ")+" below "+part, "the job has no %s", part)
		return adapter{}, false
	case len(written) > 1:
		l.problem(part+"."+written[1].name, "keep one; one job reads one source and writes one sink", "%s names both %s and %s", part, written[0].name, written[1].name)
		return adapter{}, false
	case !slices.Contains(known, written[0].name):
		l.problem(part+"."+written[0].name, "this version has "+strings.Join(known, ", "), "there is no %s %s in this version", part, written[0].name)
		return adapter{}, false
	}
	return written[0], true
}

// decode returns a Decode for an adapter's options.
func (l *loader) decode(a adapter) Decode {
	return func(options any) error { return l.bindOptions(a.at, options) }
}

// adapterFailed notes an error of an adapter about its options, unless it has
// been noted where it happened. Its place is the option, as paths[0].
func (l *loader) adapterFailed(a adapter, err error) {
	if err == nil || errors.Is(err, errReported) {
		return
	}
	path, at := a.at.path, a.at.node
	var e *pipeline.Error
	if errors.As(err, &e) && e.Place != "" {
		path = join(path, e.Place)
		at = l.nodeAt(path)
	}
	_ = l.failWith(at, path, err)
}

func (l *loader) loadSource() {
	s := &l.file.Source
	written := []adapter{{"csv", s.CSV}, {"parquet", s.Parquet}, {"duckdb", s.DuckDB}, {"postgres", s.Postgres}, {"bigquery", s.BigQuery}}
	if a, ok := l.one("source", written, slices.Sorted(maps.Keys(l.adapters.Sources))); ok {
		source, err := l.adapters.Sources[a.name].New(l.decode(a))
		l.adapterFailed(a, err)
		l.job.Source = source
	}
}

func (l *loader) loadSink() {
	written := []adapter{{"parquet", l.file.Sink.Parquet}, {"bigquery", l.file.Sink.BigQuery}}
	if a, ok := l.one("sink", written, slices.Sorted(maps.Keys(l.adapters.Sinks))); ok {
		sink, err := l.adapters.Sinks[a.name].New(l.decode(a))
		l.adapterFailed(a, err)
		l.job.Sink = sink
	}
}
