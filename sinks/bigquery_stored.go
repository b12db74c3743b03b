package sinks

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// writeStored writes a table as Parquet files into a folder, with exactly the
// columns, in their order, that the table has in BigQuery: the as-of date, those
// that come, and nulls for those that do not come any more. The receipt is of
// the columns that come.
func writeStored(ctx context.Context, dir string, c cut, workers int, place, asOf string, t table.Schema, fields []*bigquery.TableFieldSchema, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	stored, err := storedSchema(place, t, fields)
	if err != nil {
		return pipeline.Receipt{}, err
	}
	r, err := newTableWriter(partFolder{disk{isScratch: true}, dir}, stored, c).write(ctx, workers, storedRecords(asOf, t, stored, next))
	r.Columns = pipeline.Columns(t)
	for name := range r.Sums {
		if columnOf(t, name) < 0 {
			delete(r.Sums, name)
		}
	}
	return r, err
}

// storedSchema returns the schema of the files of a table that has such columns.
func storedSchema(place string, t table.Schema, fields []*bigquery.TableFieldSchema) (table.Schema, error) {
	come := withDate(t)
	stored := t
	stored.Columns = nil
	for _, f := range fields {
		if i := columnOf(come, f.Name); i >= 0 {
			stored.Columns = append(stored.Columns, come.Columns[i])
			continue
		}
		kind := slices.Index(warehouseTypes[:], typeOf(f))
		if kind < 0 {
			return stored, pipeline.Errorf(pipeline.ClassSource, place, "drop the column: it is none of this table", "column %s of type %s cannot be written", f.Name, sqlType(typeOf(f)))
		}
		stored.Columns = append(stored.Columns, table.Column{Name: f.Name, Kind: table.Kind(kind), Nullable: true})
	}
	return stored, nil
}

// columnOf returns the place of the column of a name, as BigQuery compares
// names; -1 if there is none.
func columnOf(t table.Schema, name string) int {
	return slices.IndexFunc(t.Columns, func(c table.Column) bool { return equalNames(c.Name, name) })
}

// storedRecords makes of each record of a table one of its stored columns. The
// records that come are released with those that go.
func storedRecords(asOf string, t, stored table.Schema, next func() (arrow.Record, error)) func() (arrow.Record, error) {
	day := arrow.Date32FromTime(parseDate(asOf))
	return func() (arrow.Record, error) {
		r, err := next()
		if err != nil {
			return nil, err
		}
		defer r.Release()
		if int(r.NumCols()) != len(t.Columns) {
			return nil, pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s has %d columns, its record %d", t.Name, len(t.Columns), r.NumCols())
		}
		n := int(r.NumRows())
		own := map[string]arrow.Array{asOfColumn.Name: datesOf(day, n)} // what is made here and not of r
		fields, columns := stored.Arrow().Fields(), make([]arrow.Array, len(stored.Columns))
		for i, c := range stored.Columns {
			if k := columnOf(t, c.Name); k >= 0 {
				fields[i], columns[i] = r.Schema().Field(k), r.Column(k)
				continue
			}
			if own[c.Name] == nil {
				own[c.Name] = array.MakeArrayOfNull(memory.DefaultAllocator, fields[i].Type, n)
			}
			columns[i] = own[c.Name]
		}
		defer releaseAll(own)
		return array.NewRecord(arrow.NewSchema(fields, nil), columns, r.NumRows()), nil
	}
}

func releaseAll(arrays map[string]arrow.Array) {
	for _, a := range arrays {
		a.Release()
	}
}

// datesOf returns one date n times.
func datesOf(day arrow.Date32, n int) arrow.Array {
	b := array.NewDate32Builder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues(slices.Repeat([]arrow.Date32{day}, n), nil)
	return b.NewArray()
}
