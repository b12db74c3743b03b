package jobs

import (
	"bytes"
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// parseYAML returns the tree of a job file, and the problem if it is not YAML.
func parseYAML(content []byte) (ast.Node, []Problem) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if p, ok := tooMuch(content); ok {
		return nil, []Problem{p}
	}
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		return nil, []Problem{syntaxProblem(err)}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, []Problem{{Line: 1, Column: 1, Message: "the job file is empty", Hint: "see the smallest job in the README"}}
	}
	if len(file.Docs) > 1 {
		return nil, []Problem{{Line: file.Docs[1].Start.Position.Line, Column: 1, Message: "a second document in the job file", Hint: "one file holds one job"}}
	}
	root := file.Docs[0].Body
	if _, ok := mappingEntries(root); !ok {
		at := root.GetToken().Position
		return nil, []Problem{{Line: at.Line, Column: at.Column, Message: "the job file must be a mapping, not " + describe(root), Hint: "write key: value pairs; see the smallest job in the README"}}
	}
	return root, nil
}

// The limits of a job file: what is beyond was not written by a person and
// would cost the parser more memory than the machine may have.
const (
	maxFileBytes = 256 << 10
	maxNesting   = 100
)

// tooMuch reports whether a file is beyond the limits, as a problem.
func tooMuch(content []byte) (Problem, bool) {
	if len(content) > maxFileBytes {
		return Problem{Line: 1, Column: 1, Message: "the job file is larger than 256 KiB", Hint: "is this a job file?"}, true
	}
	depth, line := 0, 1
	for _, c := range content {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '\n':
			line++
		}
		if depth > maxNesting {
			return Problem{Line: line, Column: 1, Message: "brackets are nested more than 100 deep", Hint: "close them; those in comments count too"}, true
		}
	}
	return Problem{}, false
}

func syntaxProblem(err error) Problem {
	p := Problem{Line: 1, Column: 1, Message: "not valid YAML", Hint: "check indentation, quotes and colons near this place"}
	var syntax *yaml.SyntaxError
	var duplicate *yaml.DuplicateKeyError
	switch {
	case errors.As(err, &syntax):
		p.Message += ": " + syntax.Message
		if strings.ContainsRune(syntax.Message, '\t') {
			p.Message, p.Hint = "not valid YAML: a tab", "indent with blanks: YAML takes no tabs there"
		}
		p.Line, p.Column = syntax.Token.Position.Line, syntax.Token.Position.Column
	case errors.As(err, &duplicate):
		p.Message += ": " + duplicate.Message
		p.Line, p.Column = duplicate.Token.Position.Line, duplicate.Token.Position.Column
	}
	return p
}
