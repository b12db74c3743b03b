package sources

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/perennial-clv/perennial/pipeline"
)

// wide is the 16-byte form of a small number, for decimals.
func wide(n int, v int64) []byte {
	b := bytes.Repeat([]byte{byte(v >> 63)}, n)
	for i := 0; i < n && i < 8; i++ {
		b[n-1-i] = byte(v >> (8 * i))
	}
	return b
}

func julian(day uint32, nanos uint64) parquet.Value {
	return parquet.Int96Value(deprecated.Int96{uint32(nanos), uint32(nanos >> 32), day})
}

// TestParquetTypes has one column each. Expected texts are the values as Arrow
// prints them, worked out by hand from the stored number.
func TestParquetTypes(t *testing.T) {
	uuid := []byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	second := int64(1_000_000_000) // 2001-09-09 01:46:40 UTC
	i32, i64, flba, ba := parquet.Int32Value, parquet.Int64Value, parquet.FixedLenByteArrayValue, parquet.ByteArrayValue
	for _, test := range []struct {
		name   string
		node   parquet.Node
		values []parquet.Value
		arrow  string
		want   string
	}{
		{"INT32", parquet.Leaf(parquet.Int32Type), []parquet.Value{i32(-5), i32(math.MaxInt32)}, "int64", "-5 2147483647"},
		{"INT_8", parquet.Int(8), []parquet.Value{i32(-128), i32(127)}, "int64", "-128 127"},
		{"UINT_8", parquet.Uint(8), []parquet.Value{i32(255)}, "int64", "255"},
		{"UINT_32", parquet.Uint(32), []parquet.Value{i32(-1), i32(7)}, "int64", "4294967295 7"},
		{"INT64", parquet.Leaf(parquet.Int64Type), []parquet.Value{i64(math.MinInt64), i64(3)}, "int64", "-9223372036854775808 3"},
		{"UINT_64", parquet.Uint(64), []parquet.Value{i64(math.MaxInt64)}, "int64", "9223372036854775807"},
		{"FLOAT", parquet.Leaf(parquet.FloatType), []parquet.Value{parquet.FloatValue(1.5)}, "float64", "1.5"},
		{"DOUBLE", parquet.Leaf(parquet.DoubleType), []parquet.Value{parquet.DoubleValue(-0.25), parquet.DoubleValue(2)}, "float64", "-0.25 2"},
		{"DATE", parquet.Date(), []parquet.Value{i32(-1), i32(365)}, "date32", "1969-12-31 1971-01-01"},
		{"TIMESTAMP ms UTC", parquet.Timestamp(parquet.Millisecond), []parquet.Value{i64(second*1000 + 7)}, "timestamp[us, tz=UTC]", "2001-09-09 01:46:40.007Z"},
		{"TIMESTAMP us UTC", parquet.Timestamp(parquet.Microsecond), []parquet.Value{i64(second*1e6 + 7)}, "timestamp[us, tz=UTC]", "2001-09-09 01:46:40.000007Z"},
		{"TIMESTAMP ns UTC, rounded down", parquet.Timestamp(parquet.Nanosecond), []parquet.Value{i64(second*1e9 + 7999), i64(-1)}, "timestamp[us, tz=UTC]", "2001-09-09 01:46:40.000007Z 1969-12-31 23:59:59.999999Z"},
		{"TIMESTAMP us civil", parquet.TimestampAdjusted(parquet.Microsecond, false), []parquet.Value{i64(second * 1e6)}, "timestamp[us]", "2001-09-09 01:46:40Z"},
		{"TIMESTAMP ms civil", parquet.TimestampAdjusted(parquet.Millisecond, false), []parquet.Value{i64(-1)}, "timestamp[us]", "1969-12-31 23:59:59.999Z"},
		{"INT96", parquet.Leaf(parquet.Int96Type), []parquet.Value{julian(2440588, 3_600_000_001_999), julian(2440587, 0)}, "timestamp[us, tz=UTC]", "1970-01-01 01:00:00.000001Z 1969-12-31 00:00:00Z"},
		{"DECIMAL on INT32", parquet.Decimal(2, 9, parquet.Int32Type), []parquet.Value{i32(-12345), i32(5)}, "decimal(9, 2)", "-123.45 0.05"},
		{"DECIMAL on INT64", parquet.Decimal(4, 18, parquet.Int64Type), []parquet.Value{i64(-10001), i64(20000)}, "decimal(18, 4)", "-1.0001 2.0000"},
		{"DECIMAL on 16 bytes", parquet.Decimal(9, 38, parquet.FixedLenByteArrayType(16)), []parquet.Value{flba(wide(16, -1)), flba(wide(16, 1500000000))}, "decimal(38, 9)", "-0.000000001 1.500000000"},
		{"DECIMAL on 5 bytes", parquet.Decimal(2, 10, parquet.FixedLenByteArrayType(5)), []parquet.Value{flba(wide(5, -12345)), flba(wide(5, 12345))}, "decimal(10, 2)", "-123.45 123.45"},
		{"DECIMAL on 20 bytes", parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(20)), []parquet.Value{flba(wide(20, -12345))}, "decimal(38, 2)", "-123.45"},
		{"DECIMAL on BYTE_ARRAY", parquet.Decimal(2, 20, parquet.ByteArrayType), []parquet.Value{ba([]byte{0xff}), ba([]byte{0x30, 0x39})}, "decimal(20, 2)", "-0.01 123.45"},
		{"STRING", parquet.String(), []parquet.Value{ba([]byte("é")), ba(nil)}, "utf8", "é "},
		{"ENUM", parquet.Enum(), []parquet.Value{ba([]byte("A"))}, "utf8", "A"},
		{"JSON", parquet.JSON(), []parquet.Value{ba([]byte("{}"))}, "utf8", "{}"},
		{"BYTE_ARRAY", parquet.Leaf(parquet.ByteArrayType), []parquet.Value{ba([]byte("x"))}, "utf8", "x"},
		{"UUID", parquet.UUID(), []parquet.Value{flba(uuid)}, "utf8", "00112233-4455-6677-8899-aabbccddeeff"},
		{"FIXED_LEN_BYTE_ARRAY", parquet.Leaf(parquet.FixedLenByteArrayType(3)), []parquet.Value{flba([]byte{0, 0xab, 0x1f})}, "utf8", "00ab1f"},
		{"BOOLEAN", parquet.Leaf(parquet.BooleanType), []parquet.Value{parquet.BooleanValue(true), parquet.BooleanValue(false)}, "bool", "true false"},
	} {
		for _, optional := range []bool{false, true} {
			for _, dictionary := range []bool{false, true} {
				node, values, want := test.node, test.values, test.want
				if optional {
					node = parquet.Optional(node)
					values = append(append([]parquet.Value{none}, values...), none)
					want = "null " + want + " null"
				}
				if dictionary && test.name != "BOOLEAN" {
					node = parquet.Encoded(node, &parquet.RLEDictionary)
				}
				var rows [][]parquet.Value
				for _, v := range values {
					rows = append(rows, []parquet.Value{v})
				}
				got, err := read(parquetOf(t, parquetBytes(t, parquet.Group{"a": node}, rows, 2)), 0)
				if err != nil {
					t.Errorf("%s, optional %t, dictionary %t: %v", test.name, optional, dictionary, err)
					continue
				}
				if text := strings.ReplaceAll(lines(got.rows), "\n", " "); text != want {
					t.Errorf("%s, optional %t, dictionary %t: got %q, want %q", test.name, optional, dictionary, text, want)
				}
				if got.types[0] != test.arrow {
					t.Errorf("%s: got type %s, want %s", test.name, got.types[0], test.arrow)
				}
			}
		}
	}
}

func TestParquetValuesWithoutACounterpart(t *testing.T) {
	filler := parquet.Int64Value(1)
	bad := parquet.ByteArrayValue([]byte("a\xff"))
	good := parquet.ByteArrayValue([]byte("good"))
	for _, test := range []struct {
		name   string
		node   parquet.Node
		values []parquet.Value
		pieces []string
	}{
		{"UINT_64 above 2^63-1", parquet.Uint(64), []parquet.Value{filler, filler, filler, parquet.Int64Value(-1)}, []string{"row group 1, row 4", `column "a": an unsigned integer is above 2^63-1`}},
		{"TIMESTAMP ms beyond us", parquet.Timestamp(parquet.Millisecond), []parquet.Value{filler, parquet.Int64Value(math.MaxInt64)}, []string{"row group 0, row 2", "beyond the range"}},
		{"INT96 beyond us", parquet.Leaf(parquet.Int96Type), []parquet.Value{julian(math.MaxUint32, 0)}, []string{"row group 0, row 1", "beyond the range"}},
		{"INT96 beyond a day", parquet.Leaf(parquet.Int96Type), []parquet.Value{julian(2440588, 86_400_000_000_000)}, []string{"row group 0, row 1", "within a day"}},
		{"text that is not UTF-8", parquet.String(), []parquet.Value{good, good, bad}, []string{"row group 1, row 3", "the text is not UTF-8"}},
		{"text that is not UTF-8, after nulls", parquet.Optional(parquet.String()), []parquet.Value{good, none, none, bad}, []string{"row group 1, row 4", "the text is not UTF-8"}},
		{"a character cut in two", parquet.String(), []parquet.Value{parquet.ByteArrayValue([]byte("\xc3")), parquet.ByteArrayValue([]byte("\xa9"))}, []string{"row group 0, row 1", "the text is not UTF-8"}},
		{"text that is not UTF-8, in a dictionary", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), []parquet.Value{good, good, bad}, []string{"t.parquet: row group 1: ", "in the dictionary, the text is not UTF-8"}},
		{"DECIMAL beyond 128 bits", parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(17)), []parquet.Value{parquet.FixedLenByteArrayValue(append([]byte{1}, make([]byte, 16)...))}, []string{"row group 0, row 1", "does not fit 128 bits"}},
	} {
		var rows [][]parquet.Value
		for _, v := range test.values {
			rows = append(rows, []parquet.Value{v})
		}
		_, err := read(parquetOf(t, parquetBytes(t, parquet.Group{"a": test.node}, rows, 2)), 0)
		t.Run(test.name, func(t *testing.T) { wantError(t, err, pipeline.ClassSource, test.pieces...) })
	}
}

func TestParquetOffersFlatColumnsOnly(t *testing.T) {
	content := parquetBytes(t, parquet.Group{
		"bson": parquet.BSON(), "flat": parquet.Int(64), "group": parquet.Group{"inner": parquet.Int(64)},
		"interval": parquet.IntervalNode(), "list": parquet.Repeated(parquet.Int(64)), "time": parquet.Time(parquet.Microsecond),
		"wide": parquet.Decimal(2, 76, parquet.FixedLenByteArrayType(32)),
	}, nil, 1)
	d, err := parquetOf(t, content).Describe(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Columns.NumFields(); n != 1 || d.Columns.Field(0).Name != "flat" {
		t.Errorf("got %v, want the column flat alone", d.Columns)
	}
}

// TestParquetRefusesWhatTheLibraryReadsWrongly guards against wrong numbers in
// a run that ends well: the library has no error for these.
func TestParquetRefusesWhatTheLibraryReadsWrongly(t *testing.T) {
	flag, runs := parquet.Leaf(parquet.BooleanType), func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.RLE) }
	two := parquet.DataPageVersion(2)
	for _, test := range []struct {
		name    string
		node    parquet.Node
		value   parquet.Value
		options []parquet.WriterOption
		pieces  []string
	}{
		{"truth values in RLE", runs(flag), parquet.BooleanValue(true), []parquet.WriterOption{two}, []string{`column "a" has truth values in RLE`, "version 1"}},
		{"truth values and nulls in RLE", runs(parquet.Optional(flag)), parquet.BooleanValue(true), []parquet.WriterOption{two}, []string{`column "a" has truth values in RLE`, "version 1"}},
		{"LZ4", parquet.Int(64), parquet.Int64Value(1 << 40), []parquet.WriterOption{parquet.Compression(&parquet.Lz4Raw)}, []string{`column "a" is compressed with LZ4`, "zstd or snappy"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows := [][]parquet.Value{{test.value}, {test.value}}
			if test.node.Optional() {
				rows = append(rows, []parquet.Value{none})
			}
			_, err := read(parquetOf(t, parquetBytes(t, parquet.Group{"a": test.node}, rows, 10, test.options...)), 0)
			wantError(t, err, pipeline.ClassSource, append(test.pieces, "t.parquet: row group 0: ")...)
		})
	}
}

func TestParquetTruthValuesInPlainPagesOfBothVersions(t *testing.T) {
	columns := parquet.Group{"a": parquet.Optional(parquet.Leaf(parquet.BooleanType)), "b": parquet.Leaf(parquet.BooleanType)}
	var rows [][]parquet.Value
	var want []string
	for i := range 100 {
		a, text := parquet.BooleanValue(i%3 == 0), fmt.Sprint(i%3 == 0)
		if i%7 == 0 {
			a, text = none, "null"
		}
		rows = append(rows, []parquet.Value{a, parquet.BooleanValue(i%5 < 2)})
		want = append(want, fmt.Sprintf("%s %t", text, i%5 < 2))
	}
	for version := 1; version <= 2; version++ {
		got, err := read(parquetOf(t, parquetBytes(t, columns, rows, 60, parquet.DataPageVersion(version))), 0)
		if err != nil {
			t.Fatalf("data pages of version %d: %v", version, err)
		}
		for i, row := range got.rows {
			if g := strings.Join(row, " "); g != want[i] {
				t.Errorf("data pages of version %d, row %d: got %s, want %s", version, i, g, want[i])
			}
		}
	}
}
