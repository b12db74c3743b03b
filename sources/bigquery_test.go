package sources

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

// fakeOf serves rows of text, a stream for each part.
func fakeOf(rows conformance.Rows) *fakeBigQuery {
	f := &fakeBigQuery{counted: -1}
	var fields []arrow.Field
	for _, name := range rows.Columns {
		f.fields = append(f.fields, fakeField{Name: name, Type: "STRING"})
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	for _, part := range rows.Parts {
		if len(part) == 0 {
			continue // BigQuery makes no stream of nothing
		}
		var records []arrow.Record
		const answer = 11 // rows of an answer of the service
		for len(part) > 0 {
			n := min(answer, len(part))
			records = append(records, textRecord(schema, part[:n]))
			part = part[n:]
		}
		f.streams = append(f.streams, records)
	}
	return f
}

func textRecord(schema *arrow.Schema, rows [][]conformance.Cell) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, row := range rows {
		for i, cell := range row {
			column := b.Field(i).(*array.StringBuilder)
			if cell == nil {
				column.AppendNull()
			} else {
				column.Append(*cell)
			}
		}
	}
	return b.NewRecord()
}

func TestBigQueryPassesTheSuite(t *testing.T) {
	for _, o := range []struct {
		name    string
		options BigQuery
		lz4     bool
	}{
		{"table", BigQuery{}, false},
		{"table, compressed", BigQuery{}, true},
		{"query", BigQuery{Query: "SELECT * FROM shop.orders WHERE day <= @as_of"}, true},
	} {
		t.Run(o.name, func(t *testing.T) {
			conformance.SourceOfTables(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
				f := fakeOf(rows)
				f.lz4 = o.lz4
				return f.start(t, o.options)
			})
		})
	}
}

// letters are n rows of two columns in so many streams.
func letters(streams, n int) conformance.Rows {
	rows := conformance.Rows{Columns: []string{"id", "word"}}
	for s := range streams {
		var part [][]conformance.Cell
		for i := range n {
			id, word := fmt.Sprintf("%d-%03d", s, i), fmt.Sprintf("word %d", i%5)
			part = append(part, []conformance.Cell{&id, &word})
		}
		rows.Parts = append(rows.Parts, part)
	}
	return rows
}
