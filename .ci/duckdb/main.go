// Command duckdb runs SQL in an empty DuckDB in memory and prints the rows of
// the last statement, as the independent reader of the documents' tests. It is
// a module of its own: DuckDB and its need of a C compiler with the C++ library
// must not enter the project's.
//
//	duckdb < queries.sql          each row as one JSON object a line
//	duckdb -table < queries.sql   rows in columns under their names, as documents show them
//
// Decimals are printed as exact texts, dates as YYYY-MM-DD, instants as RFC
// 3339 in UTC, nulls as null. Columns keep the query's order. Paths in the SQL
// start at the folder the command runs in.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/big"
	"os"
	"text/tabwriter"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

func main() {
	table := flag.Bool("table", false, "print rows in columns under their names")
	flag.Parse()
	show := printObjects
	if *table {
		show = printTable
	}
	if err := run(context.Background(), os.Stdin, os.Stdout, show); err != nil {
		fmt.Fprintln(os.Stderr, "duckdb:", err)
		os.Exit(1)
	}
}

// run executes all statements of in and shows the last one's rows.
func run(ctx context.Context, in io.Reader, out io.Writer, show func(*sql.Rows, io.Writer) error) error {
	query, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, string(query))
	if err != nil {
		return err
	}
	defer rows.Close()
	buffered := bufio.NewWriter(out)
	if err := show(rows, buffered); err != nil {
		return err
	}
	return buffered.Flush()
}

// eachRow calls visit with each row's values, as encoding/json shall print
// them.
func eachRow(rows *sql.Rows, visit func([]any) error) error {
	columns, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range places {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		for i, c := range columns {
			values[i] = printable(c.DatabaseTypeName(), values[i])
		}
		if err := visit(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

func printObjects(rows *sql.Rows, out io.Writer) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	return eachRow(rows, func(values []any) error {
		before := "{"
		for i := range names {
			name, err := json.Marshal(names[i])
			if err != nil {
				return err
			}
			value, err := json.Marshal(values[i])
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s%s:%s", before, name, value)
			before = ","
		}
		_, err := fmt.Fprintln(out, "}")
		return err
	})
}

func printTable(rows *sql.Rows, out io.Writer) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, name := range names {
		fmt.Fprintf(columns, "%s\t", name)
	}
	fmt.Fprintln(columns)
	err = eachRow(rows, func(values []any) error {
		for _, value := range values {
			if value == nil {
				value = "NULL"
			}
			fmt.Fprintf(columns, "%v\t", value)
		}
		_, err := fmt.Fprintln(columns)
		return err
	})
	if err != nil {
		return err
	}
	return columns.Flush()
}

// printable returns a value as encoding/json shall print it.
func printable(kind string, value any) any {
	switch v := value.(type) {
	case duckdb.Decimal:
		return exact(v)
	case *big.Int:
		return json.Number(v.String())
	case time.Time:
		if kind == "DATE" {
			return v.Format(time.DateOnly)
		}
		return v.UTC().Format(time.RFC3339Nano)
	default:
		return v
	}
}

// exact returns a decimal with all decimals of its type; duckdb.Decimal's own
// String leaves out zeros at the end.
func exact(d duckdb.Decimal) string {
	digits := new(big.Int).Abs(d.Value).String()
	for len(digits) <= int(d.Scale) {
		digits = "0" + digits
	}
	if d.Scale > 0 {
		digits = digits[:len(digits)-int(d.Scale)] + "." + digits[len(digits)-int(d.Scale):]
	}
	if d.Value.Sign() < 0 {
		digits = "-" + digits
	}
	return digits
}
