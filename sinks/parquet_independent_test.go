package sinks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// fact is a row of all kinds of columns.
type fact struct {
	id    int64
	known bool
}

// Every value follows from the row's number, so that what a reader prints can
// be computed without the writer. Amounts are negative in half of the rows.
func (f *fact) text() string   { return fmt.Sprintf("té\"xt-%d", f.id%50) }
func (f *fact) unique() string { return fmt.Sprintf("customer-%012d-%032d", f.id, f.id*7919) }
func (f *fact) amount() int64  { return (f.id - factRows/2) * 12_345 }
func (f *fact) rate() float64  { return float64(f.id) / 8 }
func (f *fact) day() int32     { return int32(f.id%40_000) - 10_000 }
func (f *fact) at() int64      { return (f.id-1000)*1_000_000 + 7 }
func (f *fact) flag() bool     { return f.id%2 == 0 }
func (f *fact) share() float64 { return float64(f.id%7) / 7 }
func (f *fact) grade() uint8   { return uint8(f.id / 3 % 4) }

// grades are labels, of which one is never used.
var grades = []string{"bad", "good", "", "très bon", "unused"}

// factRows is more than one row group, with a dictionary that outgrows its
// limit (unique: 54 bytes a row), pages that end by rows and by bytes.
const factRows = rowGroupRows + 5000

// facts declares the table.
func facts() table.Definition[fact] {
	return table.Definition[fact]{
		Name: "facts", Doc: "one row per fact", Key: []string{"id"},
		Columns: []table.Field[fact]{
			table.Integers("id", "number", func(f *fact) int64 { return f.id }),
			table.Texts("unique", "a text that never repeats", (*fact).unique),
			table.NullTexts("text", "a text that does", "for every fifth", func(f *fact) (string, bool) { return f.text(), f.known }),
			table.Amounts("amount", "an amount", (*fact).amount),
			table.NullAmounts("null_amount", "an amount", "for every fifth", func(f *fact) (int64, bool) { return f.amount(), f.known }),
			table.NullNumbers("rate", "a number", "for every fifth", func(f *fact) (float64, bool) { return f.rate(), f.known }),
			table.NullDates("day", "a day", "for every fifth", func(f *fact) (int32, bool) { return f.day(), f.known }),
			table.NullTimes("at", "an instant", "for every fifth", func(f *fact) (int64, bool) { return f.at(), f.known }),
			table.Flags("flag", "a flag", (*fact).flag),
			table.NullIntegers("count", "a count", "for every fifth", func(f *fact) (int64, bool) { return -f.id, f.known }),
			table.NullNumbers("share", "a number that repeats", "for every fifth", func(f *fact) (float64, bool) { return f.share(), f.known }),
			table.Labels("grade", "a label", grades, (*fact).grade),
			table.NullLabels("null_grade", "a label", "for every fifth", grades, func(f *fact) (uint8, bool) { return f.grade(), f.known }),
			table.NullLabels("no_grade", "a label", "for all", grades, func(f *fact) (uint8, bool) { return f.grade(), false }),
		},
	}
}

// factRecords delivers the table in records of size rows.
func factRecords(size int) func() (arrow.Record, error) {
	d, from := facts(), int64(0)
	return func() (arrow.Record, error) {
		if from == factRows {
			return nil, io.EOF
		}
		rows := make([]fact, min(int64(size), factRows-from))
		for i := range rows {
			id := from + int64(i)
			rows[i] = fact{id: id, known: id%5 != 0}
		}
		from += int64(len(rows))
		return d.Record(rows), nil
	}
}

// printed is what the independent reader must print of a row.
func printed(id int64) map[string]any {
	f := &fact{id: id}
	row := map[string]any{
		"id": json.Number(fmt.Sprint(id)), "unique": f.unique(), "amount": exact(f.amount()), "flag": f.flag(),
		"text": nil, "null_amount": nil, "rate": nil, "day": nil, "at": nil, "count": nil, "share": nil,
		"grade": grades[f.grade()], "null_grade": nil, "no_grade": nil,
	}
	if id%5 != 0 {
		row["text"], row["null_amount"], row["count"] = f.text(), exact(f.amount()), json.Number(fmt.Sprint(-id))
		number, _ := json.Marshal(f.rate())
		row["rate"] = json.Number(number)
		number, _ = json.Marshal(f.share())
		row["share"], row["null_grade"] = json.Number(number), grades[f.grade()]
		row["day"] = time.Unix(int64(f.day())*86_400, 0).UTC().Format(time.DateOnly)
		row["at"] = time.UnixMicro(f.at()).UTC().Format(time.RFC3339Nano)
	}
	return row
}

func exact(amount int64) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	return fmt.Sprintf("%s%d.%04d", sign, amount/10_000, amount%10_000)
}

func TestAnotherLibraryReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	reader := buildReader(t)
	path := filepath.Join(t.TempDir(), "facts.parquet")
	if _, err := WriteParquetFile(t.Context(), path, facts().Schema(), 2, factRecords(10_000)); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(output(t, reader, path)))
	id := int64(0)
	for ; lines.Scan(); id++ {
		var got map[string]any
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("row %d: %v", id, err)
		}
		for name, want := range printed(id) {
			if value, there := got[name]; !there || value != want {
				t.Fatalf("row %d, column %s: got %v, want %v", id, name, value, want)
			}
		}
	}
	if id != factRows {
		t.Errorf("%d rows are read, want %d", id, factRows)
	}
	wantSchema(t, string(output(t, reader, "-schema", path)))
}

// wantSchema compares a file's columns as another library names their types.
func wantSchema(t *testing.T, got string) {
	t.Helper()
	want := []string{
		"id INT64 Int(bitWidth=64, isSigned=true) required",
		"unique BYTE_ARRAY String required",
		"text BYTE_ARRAY String optional",
		"amount INT64 Decimal(precision=18, scale=4) required",
		"null_amount INT64 Decimal(precision=18, scale=4) optional",
		"rate DOUBLE None optional",
		"day INT32 Date optional",
		"at INT64 Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false) optional",
		"flag BOOLEAN None required",
		"count INT64 Int(bitWidth=64, isSigned=true) optional",
		"share DOUBLE None optional", "grade BYTE_ARRAY String required", "null_grade BYTE_ARRAY String optional", "no_grade BYTE_ARRAY String optional",
		"metadata perennial.table",
	}
	if lines := strings.Split(strings.TrimSpace(got), "\n"); !slices.Equal(lines, want) {
		t.Errorf("the schema is\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// buildReader builds the independent reader, a module of its own.
func buildReader(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("building the independent reader takes minutes the first time")
	}
	path := filepath.Join(t.TempDir(), "parquetread")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = filepath.Join("..", ".ci", "parquetread")
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the independent reader cannot be built: %v\n%s", err, out)
		}
		t.Skipf("the independent reader cannot be built here: %v\n%s", err, out)
	}
	return path
}

func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, stderr.String())
	}
	return out
}

func TestTheSameRowsMakeTheSameFileInAnyBatches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var first string
	for _, c := range []struct{ size, workers int }{{factRows, 1}, {1000, 2}, {1024, 16}, {99_991, 3}} {
		r, err := WriteParquetFile(t.Context(), filepath.Join(dir, fmt.Sprint(c.size)), facts().Schema(), c.workers, factRecords(c.size))
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = r.Files[0].SHA256
		} else if r.Files[0].SHA256 != first {
			t.Errorf("in batches of %d by %d workers the file's checksum is %s, in one batch by one %s", c.size, c.workers, r.Files[0].SHA256, first)
		}
	}
}
