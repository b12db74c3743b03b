package main

import (
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sources"
)

// proposed is what a job is proposed for: files, or one database and its table.
type proposed struct {
	args  []string
	table string
}

// kind returns the key of the source in a job file.
func (p proposed) kind() string {
	first := p.args[0]
	switch {
	case strings.HasPrefix(first, "bigquery://"):
		return "bigquery"
	case strings.HasPrefix(first, "postgres://"), strings.HasPrefix(first, "postgresql://"):
		return "postgres"
	case strings.EqualFold(filepath.Ext(first), ".duckdb"):
		return "duckdb"
	case strings.EqualFold(filepath.Ext(withoutOptions(first)), ".parquet"):
		return "parquet"
	default:
		return "csv"
	}
}

// withoutOptions takes the options off a path in an object store.
func withoutOptions(path string) string {
	if strings.Contains(path, "://") {
		path, _, _ = strings.Cut(path, "?")
	}
	return path
}

// String names the source for people, without a password.
func (p proposed) String() string {
	if p.kind() == "postgres" {
		return withoutPassword(p.args[0]) + " " + p.table
	}
	return strings.TrimSpace(strings.Join(p.args, ", ") + " " + p.table)
}

// withoutPassword shows a URL with its passwords, if it has any, as xxxxx.
func withoutPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "postgres://…"
	}
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "postgres://…"
	}
	for _, secret := range passwords {
		if options.Has(secret) {
			options.Set(secret, "xxxxx")
			u.RawQuery = options.Encode()
		}
	}
	return u.Redacted()
}

// passwords are the options of a URL of PostgreSQL that hold one.
var passwords = []string{"password", "sslpassword"}

// databaseURL is the variable that holds a URL with a password, which has no
// place in a job file.
const databaseURL = "DATABASE_URL"

// hasPassword reports whether the source is a URL with a password.
func (p proposed) hasPassword() bool {
	if len(p.args) == 0 || p.kind() != "postgres" {
		return false
	}
	u, err := url.Parse(p.args[0])
	if err != nil {
		return false
	}
	_, inURL := u.User.Password()
	return inURL || slices.ContainsFunc(passwords, u.Query().Has)
}

// lookup is the environment in which the proposed job is valid.
func (p proposed) lookup(environment func(string) (string, bool)) func(string) (string, bool) {
	if !p.hasPassword() {
		return environment
	}
	return func(name string) (string, bool) {
		if name == databaseURL {
			return p.args[0], true
		}
		return environment(name)
	}
}

// options says how to open the source.
func (p proposed) options(w *world) (jobs.ProposeOptions, error) {
	o := jobs.ProposeOptions{Now: w.now()}
	var err error
	switch kind := p.kind(); kind {
	case "csv", "parquet":
		err = p.files(&o, kind)
	default:
		err = p.database(&o, kind, w.lookup)
	}
	return o, err
}

// database writes the options of a database and opens it by them.
func (p proposed) database(o *jobs.ProposeOptions, kind string, environment func(string) (string, bool)) error {
	if len(p.args) > 1 {
		return pipeline.Errorf(pipeline.ClassUsage, "", "propose a job for one of them", "one job reads one database")
	}
	if p.table == "" && kind != "bigquery" {
		return pipeline.Errorf(pipeline.ClassUsage, "", "name the table: --table public.orders", "a database without a table")
	}
	switch kind {
	case "bigquery":
		adapter, err := p.bigQueryAdapter()
		if err != nil {
			return err
		}
		o.Adapter = adapter
	case "postgres":
		at := "  url: " + strconv.Quote(p.args[0])
		if p.hasPassword() {
			at = "  url: ${" + databaseURL + "}         # set it to the URL, which holds a password"
		}
		o.Adapter = []string{"postgres:", at, "  table: " + strconv.Quote(p.table)}
	default:
		o.Adapter = []string{kind + ":", "  path: " + strconv.Quote(filepath.ToSlash(p.args[0])), "  table: " + strconv.Quote(p.table)}
	}
	o.Open = func() (pipeline.Source, error) { return adapters().OpenSource(o.Adapter, p.lookup(environment)) }
	return nil
}

// bigQueryAdapter writes the options of bigquery://project.dataset.table, or of
// bigquery://project and --table. What follows a question mark are more of them,
// as ?location=EU or ?max_bytes_billed=1000000000. The project is the one that is
// billed.
func (p proposed) bigQueryAdapter() ([]string, error) {
	name, query, _ := strings.Cut(strings.TrimPrefix(p.args[0], "bigquery://"), "?")
	project, table := name, p.table
	if parts := strings.Split(name, "."); len(parts) == 3 && table == "" {
		project, table = parts[0], name
	}
	options, err := url.ParseQuery(query)
	if err != nil || project == "" || table == "" {
		return nil, pipeline.Errorf(pipeline.ClassUsage, "", "write it as bigquery://project.dataset.table", "%s names no table of BigQuery", p)
	}
	lines := []string{"bigquery:", "  project: " + strconv.Quote(project), "  table: " + strconv.Quote(table)}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		value := options.Get(key)
		if _, err := strconv.Atoi(value); err != nil { // a number, as of max_bytes_billed, stands as it is
			value = strconv.Quote(value)
		}
		lines = append(lines, "  "+key+": "+value)
	}
	return lines, nil
}

// files says how to open files: as Parquet by their ending, else as delimited
// text whose form is guessed from the first file.
func (p proposed) files(o *jobs.ProposeOptions, kind string) error {
	if p.table != "" {
		return pipeline.Errorf(pipeline.ClassUsage, "", "leave --table out, or name a database", "files have no tables")
	}
	parquet := 0
	quoted := make([]string, len(p.args))
	for i, path := range p.args {
		if strings.Contains(path, "${") || !utf8.ValidString(path) {
			return pipeline.Errorf(pipeline.ClassUsage, "", "rename it, or name it by a pattern", "file %d: a job file cannot hold a name with ${ in it or one that is not UTF-8", i+1)
		}
		if strings.EqualFold(filepath.Ext(withoutOptions(path)), ".parquet") {
			parquet++
		}
		quoted[i] = strconv.Quote(filepath.ToSlash(path))
	}
	list := "[" + strings.Join(quoted, ", ") + "]"
	switch {
	case parquet != 0 && parquet != len(p.args):
		return pipeline.Errorf(pipeline.ClassUsage, "", "one job reads one kind of file", "%d of the %d files are Parquet", parquet, len(p.args))
	case kind == "parquet":
		o.Adapter = []string{"parquet: {paths: " + list + "}"}
		o.Open = func() (pipeline.Source, error) { return sources.NewParquet(sources.Parquet{Paths: p.args}) }
		return nil
	default:
		return proposeCSV(o, p.args, list)
	}
}

func proposeCSV(o *jobs.ProposeOptions, paths []string, list string) error {
	form, err := sources.Sniff(paths)
	if err != nil {
		return err
	}
	o.Open = func() (pipeline.Source, error) { return sources.NewCSV(form) }
	o.Adapter = []string{"csv:", "  paths: " + list}
	if form.Delimiter != "" {
		o.Adapter = append(o.Adapter, "  delimiter: "+strconv.Quote(form.Delimiter))
	}
	if form.Encoding != "" {
		o.Adapter = append(o.Adapter, "  encoding: "+form.Encoding)
	}
	if form.Header.None {
		o.Names = "header"
	}
	return nil
}

// inNames is what a job's name may not hold.
var inNames = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// name returns a name for the job: that of the table, else of the first file
// without its endings and without the parts of a pattern.
func (p proposed) name() string {
	const otherwise = "job"
	if len(p.args) == 0 {
		return otherwise
	}
	name := filepath.Base(withoutOptions(p.args[0]))
	for _, ending := range []string{".gz", ".zst", ".bz2", ".csv", ".tsv", ".txt", ".parquet"} {
		if cut := len(name) - len(ending); cut > 0 && strings.EqualFold(name[cut:], ending) {
			name = name[:cut]
		}
	}
	if p.kind() == "bigquery" || p.table != "" {
		table := name
		if p.table != "" {
			table = p.table
		}
		name = table[strings.LastIndexByte(table, '.')+1:]
	}
	name = strings.Trim(inNames.ReplaceAllString(name, "_"), "_.-")
	if name == "" {
		return otherwise
	}
	return name
}
