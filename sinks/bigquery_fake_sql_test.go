package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/api/bigquery/v2"
)

// fakeRun is a row of _runs.
type fakeRun struct {
	asOf, runID, job, state string
	number                  int64
	expires                 time.Time
	publication, journal    string
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// query does a statement of the sink.
func (f *fakeBigQuery) query(q *bigquery.JobConfigurationQuery) ([][]any, *bigquery.ErrorProto) {
	p := map[string]string{}
	for _, parameter := range q.QueryParameters {
		p[parameter.Name] = parameter.ParameterValue.Value
	}
	if strings.HasPrefix(q.Query, "SELECT UNIX_SECONDS") {
		return [][]any{{strconv.FormatInt(f.now.Unix(), 10)}}, nil
	}
	_, name, _ := strings.Cut(q.Query, "`p.")
	name, _, _ = strings.Cut(name, "`")
	dataset, name, _ := strings.Cut(name, ".")
	d := f.datasets[dataset]
	if d == nil {
		return nil, fakeNotFound
	}
	if strings.HasPrefix(q.Query, "CREATE TABLE IF NOT EXISTS ") {
		if d.tables[name] == nil {
			d.tables[name] = &fakeTable{}
			d.runs = []*fakeRun{{state: stateGate}}
		}
		return nil, nil
	}
	t := d.tables[name]
	if t == nil {
		return nil, fakeNotFound
	}
	if name == runsDir {
		return f.queryRuns(d, q.Query, p), nil
	}
	switch {
	case strings.HasPrefix(q.Query, "DELETE FROM "):
		_, day, _ := strings.Cut(q.Query, "DATE '")
		delete(t.rows, strings.ReplaceAll(day[:len(time.DateOnly)], "-", ""))
		return nil, nil
	case strings.HasPrefix(q.Query, "SELECT COUNT(*)"):
		return t.count(q.Query, p["as_of"]), nil
	default:
		panic("the fake does not know the statement " + q.Query)
	}
}

// queryRuns does a statement on _runs.
func (f *fakeBigQuery) queryRuns(d *fakeDataset, text string, p map[string]string) [][]any {
	lease, _ := strconv.Atoi(p["lease"])
	expires := f.now.Add(time.Duration(lease) * time.Second)
	for prefix, statement := range map[string]func() [][]any{
		"MERGE INTO": func() [][]any { return d.claim(f.now, expires, p) },
		"UPDATE `p." + d.DatasetReference.DatasetId + "._runs` SET expires_at": func() [][]any {
			for _, r := range d.runs {
				if r.runID == p["run_id"] && (r.state == stateClaimed || r.state == statePublishing) {
					r.expires = expires
				}
			}
			return nil
		},
		"UPDATE `p." + d.DatasetReference.DatasetId + "._runs` SET state = 'publishing'": func() [][]any { return d.commit(p) },
		"UPDATE `p." + d.DatasetReference.DatasetId + "._runs` SET state = IF":           func() [][]any { return d.record(p) },
		"DELETE FROM": func() [][]any {
			last, _ := strconv.ParseInt(p["last"], 10, 64)
			d.runs = slices.DeleteFunc(d.runs, func(r *fakeRun) bool {
				return r.asOf == p["as_of"] && r.state == stateClaimed && r.number <= last
			})
			return nil
		},
		"SELECT number":     func() [][]any { return d.read(f.now, p["as_of"]) },
		"SELECT as_of_date": func() [][]any { return d.whole() },
		"SELECT job": func() [][]any {
			for _, r := range d.runs {
				if r.job != "" && r.job != p["job"] && r.state != stateClaimed {
					return [][]any{{r.job}}
				}
			}
			return nil
		},
	} {
		if strings.HasPrefix(text, prefix) {
			return statement()
		}
	}
	panic("the fake does not know the statement " + text)
}

// of returns the rows of a date, by number.
func (d *fakeDataset) of(asOf string) []*fakeRun {
	var rows []*fakeRun
	for _, r := range d.runs {
		if r.asOf == asOf && r.state != stateGate {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *fakeRun) int { return int(a.number - b.number) })
	return rows
}

func (d *fakeDataset) claim(now, expires time.Time, p map[string]string) [][]any {
	number := int64(1)
	for _, r := range d.of(p["as_of"]) {
		if (r.state == stateClaimed || r.state == statePublishing) && r.expires.After(now) || r.runID == p["run_id"] {
			return nil
		}
		number = r.number + 1
	}
	d.runs = append(d.runs, &fakeRun{asOf: p["as_of"], runID: p["run_id"], job: p["job"], state: stateClaimed, number: number, expires: expires})
	return nil
}

func (d *fakeDataset) commit(p map[string]string) [][]any {
	for _, r := range d.runs {
		if r.job != "" && r.job != p["job"] && r.state != stateClaimed {
			return nil
		}
	}
	rows := d.of(p["as_of"])
	if len(rows) == 0 {
		return nil
	}
	if last := rows[len(rows)-1]; last.runID == p["run_id"] && last.state == stateClaimed {
		last.state, last.publication = statePublishing, p["publication"]
	}
	return nil
}

func (d *fakeDataset) record(p map[string]string) [][]any {
	rows := d.of(p["as_of"])
	if !slices.ContainsFunc(rows, func(r *fakeRun) bool { return r.runID == p["run_id"] && r.state == statePublishing }) {
		return nil
	}
	for _, r := range rows {
		switch {
		case r.runID == p["run_id"]:
			r.state, r.journal, r.publication = statePublished, p["journal"], ""
		case r.state == statePublished || r.state == statePublishing:
			r.state, r.publication = stateSuperseded, ""
		}
	}
	return nil
}

// whole returns the dates that are published and not being replaced, newest
// first.
func (d *fakeDataset) whole() [][]any {
	var dates []string
	for _, r := range d.runs {
		if r.state == statePublished && !slices.ContainsFunc(d.of(r.asOf), func(r *fakeRun) bool { return r.state == statePublishing }) {
			dates = append(dates, r.asOf)
		}
	}
	slices.Sort(dates)
	slices.Reverse(dates)
	var rows [][]any
	for _, date := range dates[:min(2, len(dates))] {
		rows = append(rows, []any{date})
	}
	return rows
}

// read returns the rows of a date, or of the newest whole one with "".
func (d *fakeDataset) read(now time.Time, asOf string) [][]any {
	isLatest := asOf == ""
	if whole := d.whole(); isLatest && len(whole) > 0 {
		asOf = whole[0][0].(string)
	}
	var rows [][]any
	for _, r := range d.of(asOf) {
		if isLatest && r.state != statePublished {
			continue
		}
		row := []any{strconv.FormatInt(r.number, 10), r.asOf, r.runID, r.job, r.state, fmt.Sprint(r.expires.After(now)), strconv.FormatInt(r.expires.Unix(), 10), nil, nil}
		switch r.state {
		case statePublishing:
			row[7] = r.publication
		case statePublished:
			row[8] = r.journal
		}
		rows = append(rows, row)
	}
	return rows
}

// count returns the number of rows of a date, and the sums that a statement asks
// for.
func (t *fakeTable) count(text, asOf string) [][]any {
	rows := t.rows[strings.ReplaceAll(asOf, "-", "")]
	answer := []any{strconv.Itoa(len(rows))}
	for part := range strings.SplitSeq(text, "SUM(`") {
		column, _, isSum := strings.Cut(part, "`)")
		if !isSum {
			continue
		}
		k := slices.IndexFunc(t.Schema.Fields, func(f *bigquery.TableFieldSchema) bool { return f.Name == column })
		var sum *big.Rat
		for _, row := range rows {
			if amount, ok := new(big.Rat).SetString(row[k]); ok {
				if sum == nil {
					sum = new(big.Rat)
				}
				sum.Add(sum, amount)
			}
		}
		if sum == nil {
			answer = append(answer, nil)
		} else {
			answer = append(answer, sum.FloatString(4))
		}
	}
	return [][]any{answer}
}

// readCells returns the columns and rows of a Parquet file, as the conformance
// suite writes values.
func readCells(content []byte) (columns []string, rows [][]string, err error) {
	p, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, nil, err
	}
	for _, field := range p.Schema().Fields() {
		columns = append(columns, field.Name())
	}
	for _, group := range p.RowGroups() {
		reader := group.Rows()
		buffer := make([]parquet.Row, 100)
		for {
			n, err := reader.ReadRows(buffer)
			for _, row := range buffer[:n] {
				cells := make([]string, len(row))
				for i, v := range row {
					cells[i] = renderValue(p.Schema().Fields()[i].Type(), v)
				}
				rows = append(rows, cells)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, nil, err
			}
		}
		if err := reader.Close(); err != nil {
			return nil, nil, err
		}
	}
	return columns, rows, nil
}
