//go:build unix

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestModelsAreDocumented: docs/models.md names every family and every status of
// a fit that the program knows.
func TestModelsAreDocumented(t *testing.T) {
	text := document(t, "docs/models.md")
	for _, terms := range dictionary().Terms {
		if terms.Where != "models.family" && terms.Where != "models.status" {
			continue
		}
		for _, term := range terms.Listed {
			if !strings.Contains(text, "`"+term.Name+"`") {
				t.Errorf("docs/models.md does not name the %s %s", terms.Kind, term.Name)
			}
		}
	}
}

// TestDocumentsNameTestsThatThereAre: what is said to be verified is.
func TestDocumentsNameTestsThatThereAre(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Z][A-Za-z]+)`")
	for _, path := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(document(t, path), -1) {
			if !tests[m[1]] {
				t.Errorf("%s names %s, and there is no such test", path, m[1])
			}
		}
	}
}
