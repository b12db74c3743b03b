package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/perennial-clv/perennial/"

// mayImport is the map of the tree: which of our packages each package may
// import, beside the standard library and the libraries below. A package that
// is not in the map may not exist.
var mayImport = map[string][]string{
	"cmd/perennial":                 {"jobs", "pipeline", "sinks", "sources"},
	"jobs":                          {"pipeline", "pipeline/table", "transforms/backtest", "transforms/calendar", "transforms/clv", "transforms/cohort", "transforms/forecast", "transforms/ledger", "transforms/models", "transforms/money", "transforms/numeric", "transforms/retention", "transforms/shop"},
	"pipeline":                      {"pipeline/table"},
	"pipeline/table":                {},
	"pipeline/cloud":                {"pipeline"},
	"pipeline/conformance":          {"pipeline", "pipeline/table"},
	"pipeline/conformance/services": {},
	"sources":                       {"pipeline", "pipeline/table", "pipeline/cloud"},
	"sinks":                         {"pipeline", "pipeline/table", "pipeline/cloud"},
	"transforms":                    {},
	"transforms/numeric":            {},
	"transforms/money":              {},
	"transforms/calendar":           {},
	"transforms/ledger":             append([]string{}, instruments...),
	"transforms/cohort":             append([]string{"transforms/ledger"}, instruments...),
	"transforms/retention":          append([]string{"transforms/ledger", "transforms/cohort"}, instruments...),
	"transforms/models":             append([]string{"transforms/ledger"}, instruments...),
	"transforms/clv":                append([]string{"transforms/ledger", "transforms/cohort", "transforms/retention", "transforms/models"}, instruments...),
	"transforms/backtest":           append([]string{"transforms/ledger", "transforms/cohort", "transforms/models", "transforms/clv"}, instruments...),
	"transforms/forecast":           append([]string{"transforms/ledger", "transforms/cohort", "transforms/retention", "transforms/models", "transforms/clv"}, instruments...),
	"transforms/shop":               append([]string{}, instruments...),
}

var instruments = []string{"transforms/numeric", "transforms/money", "transforms/calendar"}

// libraries says where a library may be imported: files whose path matches a
// pattern. Libraries that are not here may be imported by any package that
// needs them.
var libraries = map[string][]string{
	"github.com/sourcegraph/conc":                {"pipeline/*.go"},
	"github.com/apache/arrow/go/v17":             {"pipeline/*.go", "pipeline/*/*.go", "sources/*.go", "sinks/*.go", "transforms/*/table.go"},
	"github.com/parquet-go/parquet-go":           {"sources/parquet*.go", "sinks/parquet*.go"},
	"cloud.google.com/go/auth":                   {"pipeline/cloud/*.go"},
	"cloud.google.com/go/bigquery":               {"pipeline/cloud/*.go", "sources/bigquery*.go", "sinks/bigquery*.go", "pipeline/conformance/services/bigquery.go"},
	"cloud.google.com/go/storage":                {"pipeline/cloud/*.go"},
	"github.com/aws/smithy-go":                   {"pipeline/cloud/*.go"},
	"github.com/aws/aws-sdk-go-v2":               {"pipeline/cloud/*.go"},
	"github.com/duckdb/duckdb-go-bindings":       {"sources/duckdb*.go"},
	"github.com/jackc/pgx/v5":                    {"sources/postgres*.go"},
	"gocloud.dev":                                {"pipeline/cloud/*.go", "sources/*.go", "sinks/*.go"},
	"github.com/spf13/cobra":                     {"cmd/perennial/*.go"},
	"github.com/goccy/go-yaml":                   {"jobs/*.go"},
	"golang.org/x/term":                          {"cmd/perennial/*.go"},
	"log/slog":                                   {"cmd/perennial/*.go", "pipeline/*.go"},
	module + "pipeline/table":                    {"jobs/*.go", "pipeline/*.go", "pipeline/*/*.go", "sources/*.go", "sinks/*.go", "transforms/*/table.go"},
	"github.com/apache/arrow/go/v17/parquet":     {},
	"github.com/apache/arrow/go/v17/arrow/csv":   {},
	"github.com/apache/arrow/go/v17/arrow/cdata": {},
}

// outside are the calls that read clock, environment or arguments; only cmd
// may make them, and what starts services for tests.
var outside = []string{"time.Now", "time.Since", "time.Sleep", "os.Getenv", "os.LookupEnv", "os.Environ", "flag.Parse"}

var mayLookOutside = []string{"cmd/perennial", "pipeline/conformance/services"}

// sourceFiles calls visit for every Go file of the module that is not a test.
func sourceFiles(t *testing.T, visit func(name string, file *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && name != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		visit(filepath.ToSlash(relative), file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsFollowTheMap(t *testing.T) {
	sourceFiles(t, func(name string, file *ast.File) {
		from := path.Dir(name)
		allowed, known := mayImport[from]
		if !known {
			t.Errorf("%s: package %s is not in the map of packages", name, from)
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if own, ok := strings.CutPrefix(imported, module); ok && own != "pipeline/table" && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s, which %s may not", name, own, from)
			}
			checkLibrary(t, name, imported)
		}
	})
}

// checkLibrary holds the most specific entry that covers an import.
func checkLibrary(t *testing.T, name, imported string) {
	t.Helper()
	covering := ""
	for library := range libraries {
		if (imported == library || strings.HasPrefix(imported, library+"/")) && len(library) > len(covering) {
			covering = library
		}
	}
	if covering == "" {
		return
	}
	for _, pattern := range libraries[covering] {
		if ok, _ := path.Match(pattern, name); ok {
			return
		}
	}
	t.Errorf("%s imports %s, which belongs in %v only", name, imported, libraries[covering])
}

// TestOnlyPipelineStartsGoroutines also holds that only cmd reads the clock and
// the environment, and that nobody decides by the text of an error.
func TestOnlyPipelineStartsGoroutines(t *testing.T) {
	sourceFiles(t, func(name string, file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GoStmt:
				t.Errorf("%s has a go statement; only conc, in pipeline, starts goroutines", name)
			case *ast.SelectorExpr:
				if x, ok := node.X.(*ast.Ident); ok && slices.Contains(outside, x.Name+"."+node.Sel.Name) && !slices.Contains(mayLookOutside, path.Dir(name)) {
					t.Errorf("%s uses %s.%s, which only cmd may", name, x.Name, node.Sel.Name)
				}
			case *ast.FuncDecl:
				if node.Name.Name == "init" && node.Recv == nil {
					t.Errorf("%s has an init function", name)
				}
			case *ast.CallExpr:
				checkErrorText(t, name, node)
			}
			return true
		})
	})
}

// checkErrorText finds strings.Contains(err.Error(), …) and its kin.
func checkErrorText(t *testing.T, name string, call *ast.CallExpr) {
	t.Helper()
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	if x, ok := f.X.(*ast.Ident); !ok || x.Name != "strings" || f.Sel.Name == "Fields" || f.Sel.Name == "Join" {
		return
	}
	inner, ok := call.Args[0].(*ast.CallExpr)
	if !ok {
		return
	}
	if g, ok := inner.Fun.(*ast.SelectorExpr); ok && g.Sel.Name == "Error" {
		t.Errorf("%s decides by the text of an error; use errors.Is or errors.As", name)
	}
}

// TestPackagesSayWhatTheyAreFor: each package has a package comment, in doc.go
// where it has more than one file.
func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	documented := map[string]bool{}
	sourceFiles(t, func(name string, file *ast.File) {
		documented[path.Dir(name)] = documented[path.Dir(name)] || file.Doc != nil
	})
	for _, name := range sortedKeys(documented) {
		if !documented[name] {
			t.Errorf("package %s has no package comment", name)
		}
	}
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestPackageCommentsNameEveryFile: a package comment that says which file
// holds what names each of them but its own, so that a definition is found in
// two steps; csv_*.go names all that begin so.
func TestPackageCommentsNameEveryFile(t *testing.T) {
	files, comments := map[string][]string{}, map[string]string{}
	sourceFiles(t, func(name string, file *ast.File) {
		if file.Doc != nil {
			comments[path.Dir(name)] = file.Doc.Text()
		} else {
			files[path.Dir(name)] = append(files[path.Dir(name)], path.Base(name))
		}
	})
	for dir, comment := range comments {
		if !strings.Contains(comment, ".go ") {
			continue
		}
		for _, name := range files[dir] {
			family, _, _ := strings.Cut(name, "_")
			if !strings.Contains(comment, name) && !strings.Contains(comment, family+"_*.go") {
				t.Errorf("the package comment of %s does not name %s", dir, name)
			}
		}
	}
}
