//go:build unix

package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/bigquery"

	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// retailDay is the as-of day of these tests: the data's last nine days are after
// it, which a source of SQL leaves where they are.
const retailDay = "2011-11-30"

// TestTablesAreTheSameEverywhere runs the built command with the job of
// jobs/online_retail.yaml on its data in every form there is a source for: all
// tables are the same, byte by byte, but those that say what was read. In
// BigQuery all values are those in Parquet.
func TestTablesAreTheSameEverywhere(t *testing.T) {
	r := newRetail(t)
	columns := "{customer_id: customer_id, occurred_at: invoice_date, order_id: invoice, quantity: quantity, unit_price: price}"
	ofTable := func(source string) string {
		return fmt.Sprintf("source:\n  %s\n  columns: %s\n  attributes: {country: country}\n", source, columns)
	}
	const until = "SELECT * FROM %s WHERE invoice_date < @as_of + 1"
	t.Run("from Parquet", func(t *testing.T) {
		r.sameFiles(t, r.run(t, r.program, ofTable("parquet: {paths: ["+r.parquet+"]}")), false)
	})
	t.Run("from PostgreSQL", func(t *testing.T) {
		url := r.inPostgres(t)
		r.sameFiles(t, r.run(t, r.program, ofTable("postgres: {url: \""+url+"\", table: lines}")), true)
		r.sameFiles(t, r.run(t, r.program, ofTable("postgres: {url: \""+url+"\", query: \""+fmt.Sprintf(until, "lines")+"\"}")), true)
	})
	t.Run("from DuckDB", func(t *testing.T) {
		program := buildProgram(t, "duckdb")
		path := r.inDuckDB(t)
		r.sameFiles(t, r.run(t, program, ofTable("duckdb: {path: "+path+", table: lines}")), true)
		r.sameFiles(t, r.run(t, program, ofTable("duckdb: {query: \""+fmt.Sprintf(until, "'"+r.parquet+"'")+"\"}")), true)
	})
	t.Run("from BigQuery", func(t *testing.T) {
		warehouse := services.BigQuery(t)
		table := r.inBigQuery(t, warehouse)
		place := fmt.Sprintf("project: %s, location: %q, endpoint: %q, storage_endpoint: %q", warehouse.Project, warehouse.Location, warehouse.Endpoint, warehouse.StorageEndpoint)
		query := strings.Replace(fmt.Sprintf(until, table), "@as_of + 1", "DATE_ADD(@as_of, INTERVAL 1 DAY)", 1)
		r.sameFiles(t, r.run(t, r.program, ofTable("bigquery: {table: "+table+", "+place+"}")), true)
		r.sameFiles(t, r.run(t, r.program, ofTable("bigquery: {query: \""+query+"\", "+place+"}")), true)
	})
	t.Run("in BigQuery", func(t *testing.T) {
		warehouse := services.BigQuery(t)
		dataset := warehouse.NewDataset(t)
		sink := fmt.Sprintf("  bigquery: {project: %s, dataset: %s, location: %q, endpoint: %q}\n", warehouse.Project, dataset, warehouse.Location, warehouse.Endpoint)
		job := r.job(t, "")
		r.runTo(t, r.program, t.TempDir(), job[:strings.Index(job, "  parquet:")]+sink)
		r.sameValues(t, warehouse.Client(t), dataset)
	})
}

// retail is the public data set Online Retail II, with the tables that a run on
// its CSV file publishes.
type retail struct {
	parquet, csv string // with types, and with names of columns that every service takes
	program      string // the built command
	duckdb       string // the independent reader
	tables       string // folder
}

func newRetail(t *testing.T) *retail {
	t.Helper()
	data, err := filepath.Abs(repository("../shared/data"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(data); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the public data are not here: %v", err)
		}
		t.Skipf("the public data are not here: %v", err)
	}
	dir := t.TempDir()
	r := &retail{duckdb: buildModule(t, "duckdb"), program: buildProgram(t, ""), parquet: filepath.Join(dir, "retail.parquet"), csv: filepath.Join(dir, "retail.csv")}
	lines := `SELECT Invoice AS invoice, StockCode AS stock_code, Description AS description, Quantity::BIGINT AS quantity,
		InvoiceDate::TIMESTAMP AS invoice_date, Price::DECIMAL(18,4) AS price, "Customer ID" AS customer_id, Country AS country
		FROM read_csv('` + data + `/online_retail_ii/online_retail_II.csv.gz', all_varchar=true, header=true)`
	for _, format := range []string{r.parquet + "' (FORMAT parquet)", r.csv + "' (FORMAT csv)"} {
		readRows(t, dir, "COPY ("+lines+") TO '"+format, r.duckdb)
	}
	t.Setenv("PERENNIAL_DATA", data)
	r.tables = r.run(t, r.program, "")
	return r
}

// buildProgram builds the command as it is shipped, with tags.
func buildProgram(t *testing.T, tags string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "perennial")
	if out, err := exec.Command("go", "build", "-tags", tags, "-o", path, ".").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the command cannot be built with the tags %q: %v\n%s", tags, err, out)
		}
		t.Skipf("the command cannot be built here with the tags %q: %v\n%s", tags, err, out)
	}
	return path
}

// run runs the job with another source, "" for its own, and returns the folder
// of its tables.
func (r *retail) run(t *testing.T, program, source string) string {
	t.Helper()
	dir := t.TempDir()
	r.runTo(t, program, dir, r.job(t, source))
	return filepath.Join(dir, "out", "online_retail")
}

// job returns the job with another source, "" for its own.
func (r *retail) job(t *testing.T, source string) string {
	t.Helper()
	job := document(t, "jobs/online_retail.yaml")
	if source == "" {
		return job
	}
	from, to := strings.Index(job, "source:"), strings.Index(job, "rules:")
	if from < 0 || to < 0 || !strings.Contains(job, "column: Invoice,") {
		t.Fatalf("the job is another than this test knows:\n%s", job)
	}
	return strings.Replace(job[:from]+source+job[to:], "column: Invoice,", "column: invoice,", 1)
}

func (r *retail) runTo(t *testing.T, program, dir, job string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "online_retail.yaml"), []byte(job), 0o666); err != nil {
		t.Fatal(err)
	}
	printed(t, dir, "", program, "run", "online_retail.yaml", "--as-of", retailDay)
}

// inPostgres returns the address of a database with the table lines.
func (r *retail) inPostgres(t *testing.T) string {
	t.Helper()
	server := services.Postgres(t)
	database := server.NewDatabase(t)
	server.SQL(t, database, `CREATE TABLE lines (invoice text, stock_code text, description text, quantity bigint,
		invoice_date timestamp, price numeric(18,4), customer_id text, country text);
`+`\copy lines FROM '`+r.csv+`' (FORMAT csv, HEADER)
ANALYZE lines;`)
	return server.URL(database)
}

// inDuckDB returns the path of a database with the table lines.
func (r *retail) inDuckDB(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.duckdb")
	readRows(t, t.TempDir(), "ATTACH '"+path+"' AS shop; CREATE TABLE shop.lines AS SELECT * FROM '"+r.parquet+"'; CHECKPOINT shop; DETACH shop", r.duckdb)
	return path
}

// inBigQuery returns the name of a table, as dataset.table.
func (r *retail) inBigQuery(t *testing.T, warehouse services.Warehouse) string {
	t.Helper()
	dataset := warehouse.NewDataset(t)
	file, err := os.Open(r.parquet)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	source := bigquery.NewReaderSource(file)
	source.SourceFormat = bigquery.Parquet
	source.Schema = bigquery.Schema{
		{Name: "invoice", Type: bigquery.StringFieldType},
		{Name: "stock_code", Type: bigquery.StringFieldType},
		{Name: "description", Type: bigquery.StringFieldType},
		{Name: "quantity", Type: bigquery.IntegerFieldType},
		{Name: "invoice_date", Type: bigquery.DateTimeFieldType},
		{Name: "price", Type: bigquery.NumericFieldType},
		{Name: "customer_id", Type: bigquery.StringFieldType},
		{Name: "country", Type: bigquery.StringFieldType},
	}
	job, err := warehouse.Client(t).Dataset(dataset).Table("lines").LoaderFrom(source).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status, err := job.Wait(t.Context()); err != nil || status.Err() != nil {
		t.Fatalf("the lines cannot be loaded: %v, %v", err, status.Err())
	}
	return dataset + ".lines"
}

// saysWhatWasRead are conditions of rows that say which rows were read: a source
// of SQL leaves those after the as-of day in the warehouse, where nobody counts
// them.
var saysWhatWasRead = map[string]string{
	"run_exclusions": "reason = 'after_as_of'",
	"run_checks":     "check_name IN ('rows_tie_out', 'unreadable_rows', 'rows_with_a_customer') OR check_name = 'source_ties_out' AND scope > '2011-11'",
}

// sameFiles holds that the tables in a folder are those of the CSV file, but for
// runs and run_inputs, which say from where and when. left says that rows after
// the as-of day were left in the warehouse.
func (r *retail) sameFiles(t *testing.T, folder string, left bool) {
	t.Helper()
	want, got := publishedFiles(t, r.tables), publishedFiles(t, folder)
	if len(want) < 14 || !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Fatalf("got the tables %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for table := range want {
		if condition, ok := saysWhatWasRead[table]; ok && left {
			r.sameRows(t, folder, table, condition)
		} else if table != "runs" && table != "run_inputs" && !maps.Equal(got[table], want[table]) {
			t.Errorf("%s: the files are not those of the CSV file", table)
		}
	}
	const counted = "SELECT row_count FROM 'run_exclusions/*/*.parquet' WHERE reason = 'after_as_of'"
	if rows := printed(t, folder, counted, r.duckdb); left != (rows == "") {
		t.Errorf("of rows after the as-of day the run says %q; were they to be left in the warehouse: %v", rows, left)
	}
}

// sameRows compares the rows of a table that do not meet a condition.
func (r *retail) sameRows(t *testing.T, folder, table, condition string) {
	t.Helper()
	query := fmt.Sprintf("SELECT * FROM '%s/*/*.parquet' WHERE NOT (%s) ORDER BY ALL", table, condition)
	if got, want := printed(t, folder, query, r.duckdb), printed(t, r.tables, query, r.duckdb); got != want || want == "" {
		t.Errorf("%s: got\n%swant\n%s", table, got, want)
	}
}

// publishedFiles returns the content of each table's files of the as-of day.
func publishedFiles(t *testing.T, folder string) map[string]map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*", "as_of_date="+retailDay, "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		table := filepath.Base(filepath.Dir(filepath.Dir(path)))
		if tables[table] == nil {
			tables[table] = map[string]string{}
		}
		tables[table][filepath.Base(path)] = string(content)
	}
	return tables
}
