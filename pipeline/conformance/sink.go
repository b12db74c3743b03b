package conformance

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
)

// Place is one output folder or dataset that a sink can be opened on.
type Place interface {
	// Open opens the place anew, as another process would.
	Open(t *testing.T) pipeline.Sink

	// Rows returns what a reader of a date of a table sees, one text a row
	// in stored order, or by id where a place keeps no order, and columns
	// joined by "|" in declared order without the date: texts as
	// they are, money with four decimals, dates as YYYY-MM-DD, instants in
	// RFC 3339, null as "null". No partition is nil, one without rows is not.
	Rows(t *testing.T, table, asOf string) []string

	// Staged returns the names of what runs have staged and not taken away.
	Staged(t *testing.T) []string
}

// TestSink runs the suite that every sink must pass. The function makes a new,
// empty place; the suite calls it once a subtest.
func TestSink(t *testing.T, open func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Place)
	}{
		{"an empty place has no latest and every date is temporary", testEmptyPlace},
		{"what is published can be read, checked and is the latest", testPublish},
		{"all kinds of columns keep values and nulls", testKinds},
		{"a receipt counts rows, bytes and the sums of money and lists the columns", testReceipt},
		{"a table without rows is published", testTableWithoutRows},
		{"the same rows in other batches make the same receipt", testBatches},
		{"a second run of a date replaces that date alone", testReplace},
		{"an older date does not become the latest", testOlderDate},
		{"a table that the second run lacks disappears", testDroppedTable},
		{"Discard leaves nothing and frees the date", testDiscard},
		{"Discard after Publish does nothing", testDiscardAfterPublish},
		{"nothing staged can be seen before Publish", testStagedUnseen},
		{"a held date is busy, another date is not", testBusy},
		{"the place of another job is refused", testOtherJob},
		{"an error of next passes through", testNextError},
		{"a cancelled context stops before anything is visible", testCancelled},
		{"every record is released", testReleased},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func testEmptyPlace(t *testing.T, p Place) {
	s := p.Open(t)
	if got := latestDate(t, s); got != "" {
		t.Errorf("Latest names %s, want nothing", got)
	}
	_, err := s.Check(context.Background(), day1)
	wantClass(t, "Check", err, pipeline.ClassTemporary)
}

func testPublish(t *testing.T, p Place) {
	publish(t, p.Open(t), key(day1, "r1"), map[string]int{"a": 5, "b": 2})
	s := p.Open(t)
	j := check(t, s, day1)
	if j.Job != "shop" || j.AsOf != day1 || j.RunID != "r1" || j.InputRows != 7 {
		t.Errorf("journal has job %q, date %q, run %q, input rows %d; want shop, %s, r1, 7", j.Job, j.AsOf, j.RunID, j.InputRows, day1)
	}
	if names := tableNames(j); !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("journal has tables %v, want [a b]", names)
	}
	if got := latestDate(t, s); got != day1 {
		t.Errorf("Latest names %q, want %s", got, day1)
	}
	wantRows(t, p, "a", day1, 5)
	wantRows(t, p, "b", day1, 2)
	wantNothingStaged(t, p)
}

// tableNames returns the tables of a journal, sorted.
func tableNames(j *pipeline.Journal) []string {
	var names []string
	for _, r := range j.Tables {
		names = append(names, r.Table)
	}
	slices.Sort(names)
	return names
}

func testKinds(t *testing.T, p Place) {
	rows := []visit{
		{id: -3, name: "", amount: 999_999_999_999_999_999, rate: -1.5, day: -1, at: -1},
		{id: 1, name: "Zoë", amount: -123400, rate: 0.25, day: 19783, at: 1_711_843_200_000_001, flag: true},
		{id: 2, unknown: true},
	}
	// By hand: day 19783 is 54 years of 365 days, 13 leap days and 60 days
	// (31 + 29) after 1970-01-01: 2024-03-01. 1711843200 s are 19813 days:
	// 2024-03-31. Row -3 has an empty text, which is no null.
	want := []string{
		"-3||99999999999999.9999|-1.5|1969-12-31|1969-12-31T23:59:59.999999Z|false||-3|99999999999999.9999|-1.5|1969-12-31|1969-12-31T23:59:59.999999Z",
		"1|Zoë|-12.3400|0.25|2024-03-01|2024-03-31T00:00:00.000001Z|true|Zoë|1|-12.3400|0.25|2024-03-01|2024-03-31T00:00:00.000001Z",
		"2||0.0000|0|1970-01-01|1970-01-01T00:00:00Z|false|null|null|null|null|null|null",
	}
	pub := begin(t, p.Open(t), key(day1, "r1"))
	stage(t, pub, "a", rows)
	if err := pub.Publish(context.Background(), pipeline.Journal{}); err != nil {
		t.Fatalf("Publish: %v", err)
	}
	if got := p.Rows(t, "a", day1); !slices.Equal(got, want) {
		t.Errorf("rows are\n%q\nwant\n%q", got, want)
	}
}

func testReceipt(t *testing.T, p Place) {
	pub := begin(t, p.Open(t), key(day1, "r1"))
	defer pub.Discard(context.Background())
	r := stage(t, pub, "a", []visit{{amount: 10_000}, {amount: -2_500}, {amount: 40, unknown: true}})
	var rows, bytes int64
	for _, f := range r.Files {
		rows, bytes = rows+f.Rows, bytes+f.Bytes
	}
	if r.Table != "a" || r.Rows != 3 || rows != 3 || r.Bytes != bytes || bytes == 0 {
		t.Errorf("receipt of %q: %d rows, %d in its files; %d bytes, %d in its files; want 3 rows of a and equal bytes", r.Table, r.Rows, rows, r.Bytes, bytes)
	}
	// 10000 - 2500 + 40; the null counts as nothing.
	want := map[string]int64{"amount": 7_540, "null_amount": 7_500}
	if !reflect.DeepEqual(r.Sums, want) {
		t.Errorf("sums are %v, want %v", r.Sums, want)
	}
	if want := pipeline.Columns(visits("a").Schema()); !slices.Equal(r.Columns, want) {
		t.Errorf("columns are %v, want %v", r.Columns, want)
	}
}

func testTableWithoutRows(t *testing.T, p Place) {
	publish(t, p.Open(t), key(day1, "r1"), map[string]int{"a": 0})
	if j := check(t, p.Open(t), day1); len(j.Tables) != 1 || j.Tables[0].Rows != 0 {
		t.Errorf("journal has tables %+v, want a with 0 rows", j.Tables)
	}
	wantRows(t, p, "a", day1, 0)
}

func testBatches(t *testing.T, p Place) {
	const rows = 3000
	d := visits("a")
	var first pipeline.Receipt
	for _, size := range []int{rows, 1, 7, 1024, 1500} {
		pub := begin(t, p.Open(t), key(day1, fmt.Sprint("r", size)))
		r, err := pub.Stage(context.Background(), d.Schema(), batches(d, counted(rows), size))
		if err != nil {
			t.Fatalf("Stage in batches of %d: %v", size, err)
		}
		if err := pub.Discard(context.Background()); err != nil {
			t.Fatalf("Discard: %v", err)
		}
		if size == rows {
			first = r
		} else if !reflect.DeepEqual(r, first) {
			t.Errorf("receipt of batches of %d is %+v, of one batch %+v", size, r, first)
		}
	}
}

func testReplace(t *testing.T, p Place) {
	s := p.Open(t)
	publish(t, s, key(day1, "r1"), map[string]int{"a": 5, "b": 5})
	publish(t, s, key(day2, "r2"), map[string]int{"a": 6, "b": 6})
	before := check(t, s, day1)
	publish(t, s, key(day2, "r3"), map[string]int{"a": 4, "b": 6})
	if after := check(t, s, day1); !reflect.DeepEqual(after, before) {
		t.Errorf("journal of the other date was %+v, is %+v", before, after)
	}
	if j := check(t, s, day2); j.RunID != "r3" {
		t.Errorf("journal of %s is of run %s, want r3", day2, j.RunID)
	}
	wantRows(t, p, "a", day1, 5)
	wantRows(t, p, "a", day2, 4)
	wantRows(t, p, "b", day2, 6)
	wantNothingStaged(t, p)
}

func testOlderDate(t *testing.T, p Place) {
	s := p.Open(t)
	publish(t, s, key(day2, "r1"), map[string]int{"a": 1})
	publish(t, s, key(day1, "r2"), map[string]int{"a": 1})
	if got := latestDate(t, s); got != day2 {
		t.Errorf("Latest names %s, want %s", got, day2)
	}
}

func testDroppedTable(t *testing.T, p Place) {
	s := p.Open(t)
	publish(t, s, key(day1, "r1"), map[string]int{"a": 1, "b": 1})
	publish(t, s, key(day2, "r2"), map[string]int{"a": 1, "b": 1})
	publish(t, s, key(day2, "r3"), map[string]int{"a": 1})
	if got := p.Rows(t, "b", day2); got != nil {
		t.Errorf("the dropped table has rows %q, want no partition", got)
	}
	wantRows(t, p, "b", day1, 1)
	check(t, s, day1)
	check(t, s, day2)
}

func testDiscard(t *testing.T, p Place) {
	s := p.Open(t)
	publish(t, s, key(day1, "r1"), map[string]int{"a": 5})
	pub := begin(t, s, key(day1, "r2"))
	stage(t, pub, "a", counted(3))
	// A run is discarded most often because its context has ended.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := pub.Discard(ctx); err != nil {
		t.Errorf("Discard: %v", err)
	}
	wantNothingStaged(t, p)
	wantRows(t, p, "a", day1, 5)
	if j := check(t, s, day1); j.RunID != "r1" {
		t.Errorf("journal is of run %s, want r1", j.RunID)
	}
	publish(t, s, key(day1, "r3"), map[string]int{"a": 2})
}

func testDiscardAfterPublish(t *testing.T, p Place) {
	s := p.Open(t)
	pub := begin(t, s, key(day1, "r1"))
	stage(t, pub, "a", counted(3))
	if err := pub.Publish(context.Background(), pipeline.Journal{}); err != nil {
		t.Fatalf("Publish: %v", err)
	}
	next := begin(t, s, key(day1, "r2"))
	if err := pub.Discard(context.Background()); err != nil {
		t.Errorf("Discard after Publish: %v", err)
	}
	_, err := s.Begin(context.Background(), key(day1, "r3"))
	wantClass(t, "Begin while a later run holds the date", err, pipeline.ClassBusy)
	if err := next.Discard(context.Background()); err != nil {
		t.Errorf("Discard: %v", err)
	}
	wantRows(t, p, "a", day1, 3)
}

func testStagedUnseen(t *testing.T, p Place) {
	s := p.Open(t)
	pub := begin(t, s, key(day1, "r1"))
	defer pub.Discard(context.Background())
	stage(t, pub, "a", counted(3))
	if got := p.Rows(t, "a", day1); got != nil {
		t.Errorf("rows %q are seen before Publish", got)
	}
	if got := latestDate(t, s); got != "" {
		t.Errorf("Latest names %s before Publish", got)
	}
	_, err := s.Check(context.Background(), day1)
	wantClass(t, "Check before Publish", err, pipeline.ClassTemporary)
}

func testBusy(t *testing.T, p Place) {
	pub := begin(t, p.Open(t), key(day1, "r1"))
	stage(t, pub, "a", counted(3))
	other := p.Open(t)
	_, err := other.Begin(context.Background(), key(day1, "r2"))
	wantClass(t, "Begin of a held date", err, pipeline.ClassBusy)
	publish(t, other, key(day2, "r3"), map[string]int{"a": 1})
	if err := pub.Publish(context.Background(), pipeline.Journal{}); err != nil {
		t.Errorf("Publish beside another date's run: %v", err)
	}
	wantRows(t, p, "a", day1, 3)
	wantRows(t, p, "a", day2, 1)
	publish(t, other, key(day1, "r4"), map[string]int{"a": 2})
}

func testOtherJob(t *testing.T, p Place) {
	s := p.Open(t)
	publish(t, s, key(day1, "r1"), map[string]int{"a": 1})
	k := key(day2, "r2")
	k.Job = "other"
	_, err := s.Begin(context.Background(), k)
	wantClass(t, "Begin of another job", err, pipeline.ClassUsage)
	// The refusal has not kept the date.
	publish(t, s, key(day2, "r3"), map[string]int{"a": 1})
}

func testNextError(t *testing.T, p Place) {
	s := p.Open(t)
	publish(t, s, key(day1, "r1"), map[string]int{"a": 5})
	pub := begin(t, s, key(day1, "r2"))
	broken := errors.New("the source broke")
	d := visits("a")
	first := batches(d, counted(3), 2)
	calls := 0
	_, err := pub.Stage(context.Background(), d.Schema(), func() (arrow.Record, error) {
		if calls++; calls == 2 {
			return nil, broken
		}
		return first()
	})
	if err != broken {
		t.Errorf("Stage returned %v, want the very error of next", err)
	}
	if err := pub.Discard(context.Background()); err != nil {
		t.Errorf("Discard: %v", err)
	}
	wantNothingStaged(t, p)
	wantRows(t, p, "a", day1, 5)
}

func testCancelled(t *testing.T, p Place) {
	s := p.Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	pub := begin(t, s, key(day1, "r1"))
	stage(t, pub, "a", counted(3))
	cancel()
	d := visits("b")
	if _, err := pub.Stage(ctx, d.Schema(), batches(d, counted(3), 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Stage after the context ended: got %v, want its error", err)
	}
	if err := pub.Publish(ctx, pipeline.Journal{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Publish after the context ended: got %v, want its error", err)
	}
	if err := pub.Discard(ctx); err != nil {
		t.Errorf("Discard: %v", err)
	}
	if _, err := s.Begin(ctx, key(day1, "r2")); !errors.Is(err, context.Canceled) {
		t.Errorf("Begin after the context ended: got %v, want its error", err)
	}
	if _, err := s.Latest(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Latest after the context ended: got %v, want its error", err)
	}
	if got := p.Rows(t, "a", day1); got != nil {
		t.Errorf("rows %q are seen", got)
	}
	wantNothingStaged(t, p)
}

func testReleased(t *testing.T, p Place) {
	pub := begin(t, p.Open(t), key(day1, "r1"))
	defer pub.Discard(context.Background())
	d := visits("a")
	next := batches(d, counted(3000), 700)
	held := 0
	counting := func() (arrow.Record, error) {
		r, err := next()
		if err != nil {
			return nil, err
		}
		held++
		return &countedRecord{Record: r, references: 1, held: &held}, nil
	}
	if _, err := pub.Stage(context.Background(), d.Schema(), counting); err != nil {
		t.Fatalf("Stage: %v", err)
	}
	if held != 0 {
		t.Errorf("%d records of 5 were not released", held)
	}
}

// countedRecord says when its last reference is released.
type countedRecord struct {
	arrow.Record
	references int
	held       *int
}

// Retain adds a reference.
func (r *countedRecord) Retain() { r.references++ }

// Release takes one away.
func (r *countedRecord) Release() {
	if r.references--; r.references == 0 {
		*r.held--
		r.Record.Release()
	}
}
