//go:build unix

package main

import (
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWorkedExampleOfConceptsIsWhatHappens runs a job on the rows of the worked
// example in docs/concepts.md and compares the tables it publishes with those
// that the document shows.
func TestWorkedExampleOfConceptsIsWhatHappens(t *testing.T) {
	shown := markdownTables(section(t, "docs/concepts.md", "A worked example"))
	if len(shown) != 3 {
		t.Fatalf("the example has %d tables, want its rows, customers and cohort_periods", len(shown))
	}
	p := shopTables{parquetread: buildModule(t, "parquetread")}
	s := newSession(t, "docs/concepts.md")
	p.dir = s.dir
	runExample(t, &s, shown[0])

	customers := map[string]row{}
	for _, r := range p.table(t, "customers", "2024-03-31") {
		customers[r["customer_id"].(string)] = r
	}
	for _, want := range shown[1] {
		wantCells(t, customers[want[""]], want, map[string]string{"x": "frequency", "t_x": "active_span_days", "T": "age_days"})
	}
	cells := map[string]row{}
	for _, r := range p.table(t, "cohort_periods", "2024-03-31") {
		if r["cohort_start"] == "2024-01-01" {
			cells[r["offset_mode"].(string)+" "+r["period_offset"].(interface{ String() string }).String()] = r
		}
	}
	if len(cells) != len(shown[2]) {
		t.Errorf("the cohort has %d cells, the document shows %d", len(cells), len(shown[2]))
	}
	for _, want := range shown[2] {
		wantCells(t, cells[want["mode"]+" "+want["offset"]], want, map[string]string{
			"mode": "offset_mode", "offset": "period_offset", "state": "cell_state", "exposed": "exposed_customers",
			"retained": "retained_customers", "rate": "retention_rate", "active": "active_customers",
		})
	}
}

// runExample runs a job on the example's rows.
func runExample(t *testing.T, s *session, rows []map[string]string) {
	t.Helper()
	orders := "customer_id,occurred_at,order_id,amount\n"
	for _, r := range rows {
		orders += strings.Join([]string{r["customer"], r["day"], r["order"], plain(r["amount"])}, ",") + "\n"
	}
	for name, content := range map[string]string{
		"orders.csv":   orders,
		"example.yaml": "timezone: UTC\ncurrency: EUR\nsource: {csv: {paths: [orders.csv]}}\nrules: {max_staleness: 31d}\nsink: {parquet: {path: out}}\n",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t, "perennial run example.yaml --as-of 2024-03-31")
}

// wantCells compares a row of a table with one of a document, whose heads are
// columns, or short for them; those that are neither explain the row.
func wantCells(t *testing.T, got row, want map[string]string, short map[string]string) {
	t.Helper()
	if got == nil {
		t.Errorf("no table has the row %v", want)
		return
	}
	for head, text := range want {
		column := head
		if short[head] != "" {
			column = short[head]
		}
		value, has := got[column]
		if !has {
			if head == "" || head == "days" {
				continue
			}
			t.Errorf("the head %q is no column", head)
		}
		if !sameCell(value, text) {
			t.Errorf("%s: published %v, shown %q in %v", column, value, text, want)
		}
	}
}

// sameCell compares a value with what a document shows of it: nothing or NULL
// for NULL, numbers without zeros at the end.
func sameCell(value any, text string) bool {
	if value == nil {
		return text == "" || text == "NULL"
	}
	published := value
	if n, ok := value.(interface{ String() string }); ok {
		published = n.String()
	}
	a, isNumber := new(big.Rat).SetString(published.(string))
	b, ok := new(big.Rat).SetString(plain(text))
	if isNumber && ok {
		return a.Cmp(b) == 0
	}
	return published == text
}

// plain writes a number of a document with the hyphen of programs.
func plain(number string) string { return strings.ReplaceAll(number, "−", "-") }

// markdownTables returns the rows of a text's tables by their heads.
func markdownTables(text string) [][]map[string]string {
	var tables [][]map[string]string
	var heads []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			heads = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case heads == nil:
			heads = cells
			tables = append(tables, nil)
		case strings.HasPrefix(cells[0], "---"):
		default:
			r := map[string]string{}
			for i, head := range heads {
				r[head] = cells[i]
			}
			tables[len(tables)-1] = append(tables[len(tables)-1], r)
		}
	}
	return tables
}
