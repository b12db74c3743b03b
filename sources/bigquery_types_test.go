package sources

import (
	exact "math/big"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline"
)

// typedColumns are columns as BigQuery describes them and as it sends them: see
// its page "Arrow schema details" for the storage API.
var typedColumns = []struct {
	field fakeField
	wire  arrow.DataType
	want  string // as described, "" if not offered
}{
	{fakeField{Name: "i", Type: "INTEGER", Mode: "REQUIRED"}, arrow.PrimitiveTypes.Int64, "int64"},
	{fakeField{Name: "f", Type: "FLOAT"}, arrow.PrimitiveTypes.Float64, "float64"},
	{fakeField{Name: "b", Type: "BOOLEAN"}, arrow.FixedWidthTypes.Boolean, "bool"},
	{fakeField{Name: "s", Type: "STRING"}, arrow.BinaryTypes.String, "utf8"},
	{fakeField{Name: "n", Type: "NUMERIC"}, &arrow.Decimal128Type{Precision: 38, Scale: 9}, "decimal(38, 9)"},
	{fakeField{Name: "n184", Type: "NUMERIC", Precision: "18", Scale: "4"}, &arrow.Decimal128Type{Precision: 18, Scale: 4}, "decimal(38, 9)"},
	{fakeField{Name: "big", Type: "BIGNUMERIC"}, &arrow.Decimal256Type{Precision: 76, Scale: 38}, "decimal(38, 18)"},
	{fakeField{Name: "big102", Type: "BIGNUMERIC", Precision: "10", Scale: "2"}, &arrow.Decimal256Type{Precision: 10, Scale: 2}, "decimal(10, 2)"},
	{fakeField{Name: "big602", Type: "BIGNUMERIC", Precision: "60", Scale: "22"}, &arrow.Decimal256Type{Precision: 76, Scale: 38}, "decimal(38, 18)"},
	{fakeField{Name: "d", Type: "DATE"}, arrow.FixedWidthTypes.Date32, "date32"},
	{fakeField{Name: "dt", Type: "DATETIME"}, &arrow.TimestampType{Unit: arrow.Microsecond}, "timestamp[us]"},
	{fakeField{Name: "ts", Type: "TIMESTAMP"}, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, "timestamp[us, tz=UTC]"},
	{fakeField{Name: "raw", Type: "BYTES"}, arrow.BinaryTypes.Binary, ""},
	{fakeField{Name: "time", Type: "TIME"}, arrow.FixedWidthTypes.Time64us, ""},
	{fakeField{Name: "json", Type: "JSON"}, arrow.BinaryTypes.String, ""},
	{fakeField{Name: "geo", Type: "GEOGRAPHY"}, arrow.BinaryTypes.String, ""},
	{fakeField{Name: "span", Type: "INTERVAL"}, arrow.FixedWidthTypes.MonthDayNanoInterval, ""},
	{fakeField{Name: "range", Type: "RANGE"}, arrow.StructOf(), ""},
	{fakeField{Name: "list", Type: "STRING", Mode: "REPEATED"}, arrow.ListOf(arrow.BinaryTypes.String), ""},
	{fakeField{Name: "group", Type: "RECORD"}, arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int64}), ""},
}

// typed serves rows of those columns, of JSON as Arrow reads it.
func typed(t *testing.T, rows string) *fakeBigQuery {
	t.Helper()
	f := &fakeBigQuery{counted: -1, lz4: true}
	var fields []arrow.Field
	for _, c := range typedColumns {
		f.fields = append(f.fields, c.field)
		fields = append(fields, arrow.Field{Name: c.field.Name, Type: c.wire, Nullable: true})
	}
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(fields, nil), strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	f.streams = [][]arrow.Record{{record}}
	return f
}

// TestBigQueryTypes: the ranges are those of GoogleSQL's data types. Arrow prints
// civil times with a Z as well.
func TestBigQueryTypes(t *testing.T) {
	f := typed(t, `[
		{"i": "-9223372036854775808", "f": 0.1, "b": true, "s": "Zoë, \"ok\"", "n": "-99999999999999999999999999999.999999999", "n184": "-12.3400",
		 "big": "99999999999999999999.999999999999999999", "big102": "-0.01", "big602": "7.5", "d": "0001-01-01", "dt": "2024-03-31T02:30:00.000001", "ts": "9999-12-31T23:59:59.999999Z"},
		{"i": 1},
		{"i": "9223372036854775807", "f": -2.5, "b": false, "s": "", "n": "0.000000001", "n184": "99999999999999.9999",
		 "big": "-0.000000000000000001", "big102": "99999999.99", "big602": "0", "d": "9999-12-31", "dt": "0001-01-01T00:00:00", "ts": "0001-01-01T00:00:00Z"}
	]`)
	got, err := read(f.start(t, BigQuery{}), 2)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, c := range typedColumns {
		if c.want != "" {
			want = append(want, c.want)
		}
	}
	if !slices.Equal(got.types, want) {
		t.Errorf("types are\n%v\nwant\n%v", got.types, want)
	}
	rows := []string{
		"-9223372036854775808|0.1|true|Zoë, \"ok\"|-99999999999999999999999999999.999999999|-12.340000000|99999999999999999999.999999999999999999|-0.01|7.500000000000000000|0001-01-01|2024-03-31 02:30:00.000001Z|9999-12-31 23:59:59.999999Z",
		"1|null|null|null|null|null|null|null|null|null|null|null",
		"9223372036854775807|-2.5|false||0.000000001|99999999999999.999900000|-0.000000000000000001|99999999.99|0.000000000000000000|9999-12-31|0001-01-01 00:00:00Z|0001-01-01 00:00:00Z",
	}
	if got := lines(got.rows); got != strings.Join(rows, "\n") {
		t.Errorf("rows are\n%s\nwant\n%s", got, strings.Join(rows, "\n"))
	}
}

func TestBigQueryNamesTheTypesItCannotDeliver(t *testing.T) {
	d, err := typed(t, `[{"i": 1}]`).start(t, BigQuery{}).Describe(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range typedColumns {
		what, isUnread := d.Unread[c.field.Name]
		if isUnread != (c.want == "") || isUnread != (what != "") {
			t.Errorf("column %s of type %s %s: unread as %q", c.field.Name, c.field.Mode, c.field.Type, what)
		}
	}
	if got := d.Unread["json"]; got != "of type JSON" {
		t.Errorf("json is %q", got)
	}
}

// TestBigQueryDecimalsThatDoNotFit are faults of their rows, which have no values
// at all then, and are never rounded.
func TestBigQueryDecimalsThatDoNotFit(t *testing.T) {
	f := typed(t, `[
		{"i": 1, "s": "a", "big": "0.5"},
		{"i": 2, "s": "b", "big": "0.0000000000000000001"},
		{"i": 3, "s": "c", "big": "100000000000000000000"},
		{"i": 4, "s": "d", "big": "1.25", "big602": "-100000000000000000000"},
		{"i": 5, "s": "e"}
	]`)
	got, err := read(f.start(t, BigQuery{}), 2, "big602", "big", "s")
	if err != nil {
		t.Fatal(err)
	}
	const reason = ": the decimal has more than 20 digits before the point or more than 18 behind it: "
	want := []string{
		"null|0.500000000000000000|a",
		`fault: column "big"` + reason + "b,0.00000000000000000010000000000000000000,",
		`fault: column "big"` + reason + "c,100000000000000000000.00000000000000000000000000000000000000,",
		`fault: column "big602"` + reason + "d,1.25000000000000000000000000000000000000,-100000000000000000000.00000000000000000000000000000000000000",
		"null|null|e",
	}
	if got := lines(got.rows); got != strings.Join(want, "\n") {
		t.Errorf("rows are\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	// Rows of a fault are null in the record, in every column.
	s := f.source(t, BigQuery{})
	if _, err := s.Describe(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	readers, err := s.Open(t.Context(), pipeline.Request{Columns: []string{"s", "big"}, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer readers[0].Close()
	batch, err := readers[0].Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Record.Release()
	if got := lines([][]string{cellsOf(batch.Record, 1), cellsOf(batch.Record, 2), cellsOf(batch.Record, 3)}); got != "null|null\nnull|null\nd|1.250000000000000000" {
		t.Errorf("rows 2, 3 and 4 are\n%s", got)
	}
}

// TestNarrowIsExact compares with arithmetic without bounds, around the bounds of
// both forms.
func TestNarrowIsExact(t *testing.T) {
	ten := func(n int64) *exact.Int { return new(exact.Int).Exp(exact.NewInt(10), exact.NewInt(n), nil) }
	var values []*exact.Int
	for _, e := range []int64{0, 1, 19, 20, 21, 37, 38, 39, 40, 57, 58, 59, 75, 76} {
		for _, d := range []int64{-1, 0, 1} {
			v := new(exact.Int).Add(ten(e), exact.NewInt(d))
			values = append(values, v, new(exact.Int).Neg(v))
		}
	}
	limit := new(exact.Int).Lsh(exact.NewInt(1), 255) // of BIGNUMERIC: from -limit to limit-1
	values = append(values, new(exact.Int).Neg(limit), new(exact.Int).Sub(limit, exact.NewInt(1)))
	for _, c := range []struct {
		scale  int32
		wanted *arrow.Decimal128Type
	}{
		{38, &arrow.Decimal128Type{Precision: 38, Scale: 18}},
		{38, &arrow.Decimal128Type{Precision: 38, Scale: 0}},
		{2, &arrow.Decimal128Type{Precision: 10, Scale: 2}},
		{4, &arrow.Decimal128Type{Precision: 38, Scale: 9}},
	} {
		for _, v := range values {
			if c.scale < 38 && v.CmpAbs(ten(38)) >= 0 {
				continue // no column of that scale has it
			}
			want, rest := new(exact.Int).Set(v), new(exact.Int)
			if d := c.scale - c.wanted.Scale; d >= 0 {
				want.QuoRem(v, ten(int64(d)), rest)
			} else {
				want.Mul(v, ten(int64(-d)))
			}
			fits := rest.Sign() == 0 && want.CmpAbs(ten(int64(c.wanted.Precision))) < 0
			num := decimal256.New(1<<63, 0, 0, 0) // -limit, which FromBigInt does not take
			if v.CmpAbs(limit) < 0 {
				num = decimal256.FromBigInt(v)
			}
			got, ok := narrow(num, c.scale, c.wanted)
			if ok != fits || fits && got != decimal128.FromBigInt(want) {
				t.Errorf("%v of scale %d to %v: got %v, %v, want %v, %v", v, c.scale, c.wanted, got.BigInt(), ok, want, fits)
			}
		}
	}
}

// TestBigQueryColumnThatChanged between description and reading is an error.
func TestBigQueryColumnThatChanged(t *testing.T) {
	f := typed(t, `[{"i": 1}]`)
	s := describedBy(t, f, BigQuery{})
	f.streams[0][0] = textRecord(arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.BinaryTypes.String}}, nil), nil)
	_, err := s.Open(t.Context(), pipeline.Request{Columns: []string{"i"}, Readers: 1})
	wantError(t, err, pipeline.ClassSource, `column "i" comes as utf8, and was described as int64`)
	_, err = s.Open(t.Context(), pipeline.Request{Columns: []string{"s"}, Readers: 1})
	wantError(t, err, pipeline.ClassSource, `column "s" is not there`)
}
