// Command parquetread prints Parquet files with another library than the one
// that writes them, as the independent witness of the sinks' tests. It is a
// module of its own: that library must not enter the project's.
//
//	parquetread FILE...          each row as one JSON object a line
//	parquetread -schema FILE...  each column as name, physical and logical type, repetition; then the metadata's keys
//
// Decimals are printed as exact texts, dates as YYYY-MM-DD, instants as RFC
// 3339 in UTC, nulls as null. Columns keep the file's order.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

func main() {
	schema := flag.Bool("schema", false, "print columns and metadata keys instead of rows")
	flag.Parse()
	show := printRows
	if *schema {
		show = printSchema
	}
	out := bufio.NewWriter(os.Stdout)
	for _, path := range flag.Args() {
		if err := show(out, path); err != nil {
			fmt.Fprintf(os.Stderr, "parquetread: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "parquetread:", err)
		os.Exit(1)
	}
}

// printSchema prints a file's columns and the keys of its metadata.
func printSchema(out io.Writer, path string) error {
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		return err
	}
	defer f.Close()
	s := f.MetaData().Schema
	for i := range s.NumColumns() {
		c := s.Column(i)
		repetition := "required"
		if c.MaxDefinitionLevel() > 0 {
			repetition = "optional"
		}
		fmt.Fprintln(out, c.Name(), c.PhysicalType(), c.LogicalType(), repetition)
	}
	for _, key := range f.MetaData().KeyValueMetadata().Keys() {
		fmt.Fprintln(out, "metadata", key)
	}
	return nil
}

// printRows prints a file's rows.
func printRows(out io.Writer, path string) error {
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		return err
	}
	defer f.Close()
	reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1 << 14}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	records, err := reader.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		return err
	}
	defer records.Release()
	for records.Next() {
		if err := printRecord(out, records.RecordBatch()); err != nil {
			return err
		}
	}
	if err := records.Err(); err != nil && err != io.EOF {
		return err
	}
	return nil
}

func printRecord(out io.Writer, r arrow.RecordBatch) error {
	for row := range int(r.NumRows()) {
		before := "{"
		for i, c := range r.Columns() {
			name, err := json.Marshal(r.ColumnName(i))
			if err != nil {
				return err
			}
			value, err := json.Marshal(valueOf(c, row))
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s%s:%s", before, name, value)
			before = ","
		}
		fmt.Fprintln(out, "}")
	}
	return nil
}

// valueOf returns one value as encoding/json shall print it.
func valueOf(a arrow.Array, row int) any {
	if a.IsNull(row) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Int64:
		return a.Value(row)
	case *array.Float64:
		return a.Value(row)
	case *array.Boolean:
		return a.Value(row)
	case *array.Decimal128:
		return a.Value(row).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Date32:
		return a.Value(row).ToTime().Format(time.DateOnly)
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		return a.Value(row).ToTime(t.Unit).UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprintf("%s: %s", a.DataType(), a.ValueStr(row))
	}
}
