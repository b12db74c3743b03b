//go:build unix

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/perennial-clv/perennial/jobs"
)

// Every key says what it means and what holds without it.
func TestEveryKeyIsExplained(t *testing.T) {
	keys := jobs.Keys(adapters())
	if len(keys) < 50 {
		t.Errorf("there are %d keys, want more", len(keys))
	}
	for _, k := range keys {
		if k.Doc == "" || strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: doc %q; say what it means, without a full stop at the end", k.Path, k.Doc)
		}
		if k.Without() == "" || k.Default != "" && k.Absent != "" {
			t.Errorf("%s: default %q, absent %q; say one of the two", k.Path, k.Default, k.Absent)
		}
	}
}

// keyTable is a table of keys in docs/jobfile.md: of all keys, or of those
// below one.
var keyTable = regexp.MustCompile(`(?s)<!-- keys(?: below ([a-z._]+))? -->\n(.*?)<!-- end of keys -->`)

// TestKeysAreDocumentedAsDeclared: the tables of docs/jobfile.md say what
// explain says. A key stands in the table with the longest beginning of its path.
func TestKeysAreDocumentedAsDeclared(t *testing.T) {
	text := document(t, "docs/jobfile.md")
	var below []string
	for _, match := range keyTable.FindAllStringSubmatch(text, -1) {
		below = append(below, match[1])
	}
	tables := map[string][]jobs.Key{}
	for _, k := range jobs.Keys(adapters()) {
		home := ""
		for _, path := range below {
			if strings.HasPrefix(k.Path, path+".") && len(path) > len(home) {
				home = path
			}
		}
		tables[home] = append(tables[home], k)
	}
	want := keyTable.ReplaceAllStringFunc(text, func(match string) string {
		parts := keyTable.FindStringSubmatch(match)
		begin, _, _ := strings.Cut(match, "\n")
		return begin + "\n" + jobs.KeysMarkdown(tables[parts[1]]) + "<!-- end of keys -->"
	})
	agrees(t, "docs/jobfile.md", want)
}

// TestTablesAreDocumentedAsDeclared: docs/tables.md is what explain --output
// markdown prints.
func TestTablesAreDocumentedAsDeclared(t *testing.T) {
	agrees(t, "docs/tables.md", dictionary().Markdown())
}

func TestSchemaIsTheDocumentsOne(t *testing.T) {
	content, err := indented(jobs.JSONSchema(adapters()))
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "docs/job.schema.json", string(content))
}

// refused returns what the schema has against a job file, nil if nothing.
func refused(t *testing.T, text string) error {
	t.Helper()
	content, err := indented(jobs.JSONSchema(adapters()))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("job.schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("job.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var job any
	if err := yaml.Unmarshal([]byte(text), &job); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return compiled.Validate(job)
}

// repositoryJobs are the job files of the repository by their place: those to
// copy and those in documents.
func repositoryJobs(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{"the demo": jobs.DemoJob("demo")}
	paths, err := filepath.Glob(repository("jobs/*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no job files: %v", err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(content)
	}
	for _, path := range documents(t) {
		for _, block := range jobBlock.FindAllStringSubmatch(document(t, path), -1) {
			files[path+" "+block[1]] = block[2]
		}
	}
	return files
}

// exampleEnvironment is what the job files of the repository find set.
var exampleEnvironment = map[string]string{
	"RATE": "0.1", "PERENNIAL_DATA": "data", "PERENNIAL_LAKE": "gs://lake", "PERENNIAL_PROJECT": "shop", "DATABASE_URL": "postgres://db.example/shop",
}

func TestSchemaAcceptsValidJobFiles(t *testing.T) {
	files := repositoryJobs(t)
	files["the environment"] = smallJob + "value: {discount_rate: \"${RATE}\", margin_rate: \"${M:-0.4}\"}\nrules: {refunds: \"${R:-net}\", exclude: [{name: a, column: b, is_null: \"${B:-true}\"}]}\ncohorts: {max_offset: \"${O:-3}\"}\n"
	for name, text := range files {
		if err := refused(t, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		environment := func(name string) (string, bool) { value, ok := exampleEnvironment[name]; return value, ok }
		if _, err := jobs.Load("job.yaml", []byte(text), environment, adapters()); err != nil {
			t.Errorf("%s: validate refuses it: %v", name, err)
		}
	}
}

// smallJob is a valid job to which cases add.
const smallJob = "timezone: UTC\ncurrency: EUR\nsource:\n  csv: {paths: [a.csv]}\nsink: {parquet: {path: out}}\n"

// What the schema refuses validate refuses too: the schema knows nothing of
// its own.
func TestSchemaRefusesWhatValidateRefuses(t *testing.T) {
	for rule, text := range map[string]string{
		"unknown key":             smallJob + "curency: EUR\n",
		"unknown key below":       smallJob + "value: {rate: 0.1}\n",
		"unknown option":          strings.Replace(smallJob, "{paths", "{header: true, pathes: [b], paths", 1),
		"unknown key of a rule":   smallJob + "rules: {exclude: [{name: a, column: b, equals: 1, value: 2}]}\n",
		"text for a list":         strings.Replace(smallJob, "[a.csv]", "a.csv", 1),
		"text for a number":       smallJob + "value: {discount_rate: high}\n",
		"number for text":         smallJob + "name: 12\n",
		"number for a mapping":    smallJob + "value: 3\n",
		"no value":                smallJob + "value: {discount_rate: }\n",
		"word of no choice":       smallJob + "rules: {refunds: gross}\n",
		"grain that is none":      smallJob + "cohorts: {grains: [weekly]}\n",
		"word for max_offset":     smallJob + "cohorts: {max_offset: all}\n",
		"word for tables":         smallJob + "tables: every\n",
		"table that is none":      smallJob + "tables: [customer]\n",
		"header as a word":        strings.Replace(smallJob, "{paths", "{header: no header, paths", 1),
		"no timezone":             strings.Replace(smallJob, "timezone: UTC\n", "", 1),
		"no paths":                strings.Replace(smallJob, "paths: [a.csv]", "", 1),
		"no sink":                 strings.Replace(smallJob, "sink: {parquet: {path: out}}\n", "", 1),
		"two sources":             strings.Replace(smallJob, "sink:", "  parquet: {paths: [b]}\nsink:", 1),
		"source of a later one":   strings.Replace(smallJob, "csv:", "postgres:", 1),
		"a rule of no condition":  smallJob + "rules: {exclude: [{name: a, column: b}]}\n",
		"a rule of no name":       smallJob + "rules: {exclude: [{column: b, equals: 1}]}\n",
		"a rule of two":           smallJob + "rules: {exclude: [{name: a, column: b, equals: 1, is_null: true}]}\n",
		"amount of another shape": strings.Replace(smallJob, "sink:", "  columns: {amount: [a]}\nsink:", 1),
	} {
		if refused(t, text) == nil {
			t.Errorf("%s: the schema accepts\n%s", rule, text)
		}
		if _, err := jobs.Load("job.yaml", []byte(text), os.LookupEnv, adapters()); err == nil {
			t.Errorf("%s: validate accepts\n%s", rule, text)
		}
	}
}

// settable returns the path of a key as --set takes it, in a job that has what
// stands above it.
func settable(k jobs.Key) (path, job string) {
	job = smallJob
	for prefix, source := range map[string]string{
		"source.parquet.":  "parquet: {paths: [a.csv]}",
		"source.bigquery.": "bigquery: {project: shop, table: shop.orders}",
		"source.postgres.": "postgres: {url: postgres://db.example/shop, table: orders}",
		"source.duckdb.":   "duckdb: {path: shop.duckdb, table: orders}",
	} {
		if strings.HasPrefix(k.Path, prefix) {
			job = strings.Replace(job, "csv: {paths: [a.csv]}", source, 1)
		}
	}
	return strings.ReplaceAll(k.Path, "[]", "[0]"), job
}

// TestDefaultsAreAsDeclared: to write a default changes nothing.
func TestDefaultsAreAsDeclared(t *testing.T) {
	for _, k := range jobs.Keys(adapters()) {
		if k.Default == "" {
			continue
		}
		path, text := settable(k)
		usual, err := jobs.Load("job.yaml", []byte(text), os.LookupEnv, adapters())
		if err != nil && strings.HasPrefix(k.Path, "source.duckdb.") {
			continue // a program without DuckDB
		}
		if err != nil {
			t.Fatal(err)
		}
		set, err := jobs.Load("job.yaml", []byte(text), os.LookupEnv, adapters(), path+"="+k.Default)
		if err != nil {
			t.Errorf("%s: its default %s is refused: %v", k.Path, k.Default, err)
			continue
		}
		set.Set, set.ConfigHash = usual.Set, usual.ConfigHash
		if !reflect.DeepEqual(set, usual) {
			t.Errorf("%s: its default %s changes the job", k.Path, k.Default)
		}
	}
}

// TestChoicesAreAsDeclared: every word of a closed list is taken, no other is.
func TestChoicesAreAsDeclared(t *testing.T) {
	for _, k := range jobs.Keys(adapters()) {
		if k.OneOf == nil {
			continue
		}
		path, text := settable(k)
		for _, word := range append([]string{"nonsense"}, k.OneOf...) {
			value := word
			if strings.Contains(k.Value, "list of ") {
				value = "[" + word + "]"
			}
			overrides := []string{path + "=" + value}
			if word == "s_bg" || word == "bdw" { // models of customers under contract
				overrides = append(overrides, "setting=contractual")
			}
			_, err := jobs.Load("job.yaml", []byte(text), os.LookupEnv, adapters(), overrides...)
			if isRefused := err != nil; isRefused != (word == "nonsense") {
				t.Errorf("%s=%s: %v", path, value, err)
			}
		}
	}
}
