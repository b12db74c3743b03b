package ledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// TestTimes: which civil day a written time belongs to.
func TestTimes(t *testing.T) {
	berlin, newYork := zone(t, "Europe/Berlin"), zone(t, "America/New_York")
	cases := []struct {
		rule, written string
		own           *calendar.Zone
		format        string
		day, reason   string
	}{
		{rule: "an instant is dated in the job's zone", written: "2024-01-31T23:30:00Z", day: "2024-02-01"},
		{rule: "an offset is respected", written: "2024-01-31T23:30:00-05:00", day: "2024-02-01"},
		{rule: "a time without zone is dated as written", written: "2024-01-31 23:30:00", day: "2024-01-31"},
		{rule: "also one that does not exist in the job's zone", written: "2024-03-31 02:30:00", day: "2024-03-31"},
		{rule: "a time of another zone is converted", written: "2024-01-31 20:00:00", own: newYork, day: "2024-02-01"},
		{rule: "one that does not exist there cannot be read", written: "2024-03-10 02:30:00", own: newYork, reason: "the time does not exist in its zone (clocks were put forward)"},
		{rule: "an ambiguous one is the earlier instant", written: "2024-11-03 01:30:00", own: newYork, day: "2024-11-03"},
		{rule: "a date never shifts", written: "2024-01-31", own: newYork, day: "2024-01-31"},
		{rule: "a format is strict", written: "31.01.2024", format: "%d.%m.%Y", day: "2024-01-31"},
		{rule: "another format cannot be read", written: "2024-01-31", format: "%d.%m.%Y", reason: "not a date in the format %d.%m.%Y"},
		{rule: "nor can a day that does not exist", written: "2023-02-29", reason: "not a date in ISO 8601, as 2024-12-31"},
		{rule: "nor a blank", written: "", reason: "the date is missing"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			m, s := testMapping(), testSettings(t)
			m.OccurredAt = TimeColumn{Column: "at", Format: c.format, Zone: c.own}
			s.Zone, s.AsOf = berlin, calendar.Date(2030, 1, 1)
			shard, tally := build(t, m, s, textRecord(testColumns, []string{"a," + c.written + ",,1"}))
			if c.reason != "" {
				if len(tally.Quarantine) != 1 || tally.Quarantine[0].Reason != c.reason {
					t.Errorf("quarantine %+v, want the reason %q", tally.Quarantine, c.reason)
				}
				return
			}
			if len(shard.Days.Day) != 1 || shard.Days.Day[0].String() != c.day {
				t.Errorf("days %v, want %s", shard.Days.Day, c.day)
			}
		})
	}
}

// Ambiguous times order by their earlier instant.
func TestAmbiguousTimeIsTheEarlierInstant(t *testing.T) {
	m := testMapping()
	m.OccurredAt.Zone = zone(t, "America/New_York")
	_, tally := build(t, m, testSettings(t), textRecord(testColumns, []string{"a, 2023-11-05 01:30:00, , 1"}))
	// 01:30 at UTC−4, the summer time that comes first, is 05:30 UTC.
	if got, _ := tally.Instants.Min(); got != int64(calendar.Date(2023, 11, 5))*calendar.MicrosPerDay+(5*60+30)*60_000_000 {
		t.Errorf("instant %d", got)
	}
}

// TestAmounts: what a written amount is, in units of 10^-4, or why not.
func TestAmounts(t *testing.T) {
	sum := AmountColumns{Plus: []string{"amount", "order"}, Minus: []string{"country"}, Decimals: 4}
	product := AmountColumns{Quantity: "order", UnitPrice: "amount"}
	cases := []struct {
		rule   string
		how    AmountColumns
		row    string
		amount int64
		reason string
	}{
		{"four decimals are exact", AmountColumns{Column: "amount", Decimals: 4}, "a,2024-01-01,,-0.0001", -1, ""},
		{"a fifth makes the row unreadable", AmountColumns{Column: "amount", Decimals: 4}, "a,2024-01-01,,0.00001", 0, "too many decimals"},
		{"a stated scale is a limit", AmountColumns{Column: "amount", Decimals: 2}, "a,2024-01-01,,1.005", 0, "too many decimals"},
		{"text is no number", AmountColumns{Column: "amount", Decimals: 4}, "a,2024-01-01,,1e3", 0, "not a number"},
		{"too large", AmountColumns{Column: "amount", Decimals: 4}, "a,2024-01-01,,100000000000000", 0, "too large"},
		{"a blank is no amount", AmountColumns{Column: "amount", Decimals: 4}, "a,2024-01-01,,", 0, "the amount is missing"},
		{"plus and minus", sum, "a,2024-01-01,5,10,2", 13_0000, ""},
		{"a blank term is 0", sum, "a,2024-01-01,,10,", 10_0000, ""},
		{"all blank is no amount", sum, "a,2024-01-01,,,", 0, "the amount is missing"},
		{"quantity times price, exactly", product, "a,2024-01-01,-3,0.3333", -9999, ""},
		{"rounded half-even once", product, "a,2024-01-01,3,0.00015", 4, ""},
		{"a blank factor is no amount", product, "a,2024-01-01,,1", 0, "the amount is missing"},
		{"a broken factor", product, "a,2024-01-01,x,1", 0, "not a number"},
		{"a blank is 0 where that is said", AmountColumns{Column: "amount", Decimals: 4, BlankIsZero: true}, "a,2024-01-01,,", 0, ""},
		{"so is a sum of blanks", AmountColumns{Plus: []string{"amount", "order"}, Minus: []string{"country"}, Decimals: 4, BlankIsZero: true}, "a,2024-01-01,,,", 0, ""},
		{"other text is still no number", AmountColumns{Column: "amount", Decimals: 4, BlankIsZero: true}, "a,2024-01-01,,-", 0, "not a number"},
		{"a product has no such blank", AmountColumns{Quantity: "order", UnitPrice: "amount", BlankIsZero: true}, "a,2024-01-01,,1", 0, "the amount is missing"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			m := testMapping()
			m.Amount, m.OrderID, m.Attributes, m.Cost = c.how, "", nil, AmountColumns{}
			_, tally := build(t, m, testSettings(t), textRecord(testColumns, []string{c.row}))
			if c.reason != "" {
				if len(tally.Quarantine) != 1 || !strings.Contains(tally.Quarantine[0].Reason, c.reason) {
					t.Errorf("quarantine %+v, want the reason %q", tally.Quarantine, c.reason)
				}
			} else if got := tally.Amount(); got != c.amount || len(tally.Quarantine) != 0 {
				t.Errorf("amount %d, quarantine %+v; want %d", got, tally.Quarantine, c.amount)
			}
		})
	}
}

// With a decimal comma every number that is text is read so: amounts, factors,
// costs and what rules compare; their operands are plain decimals.
func TestDecimalCommas(t *testing.T) {
	names := []string{"customer", "at", "quantity", "price", "cost"}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: names[0], Type: arrow.BinaryTypes.String}, {Name: names[1], Type: arrow.BinaryTypes.String}, {Name: names[2], Type: arrow.BinaryTypes.String},
		{Name: names[3], Type: arrow.BinaryTypes.String}, {Name: names[4], Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, row := range []struct {
		quantity, price string
		cost            float64
	}{{"1,5", "1.234,50", 1.25}, {"1", "12.50", 0}, {"1", "0,5", 0}, {"2", "1.000", 0.5}} {
		for i, text := range []string{"a", "2024-01-01", row.quantity, row.price} {
			b.Field(i).(*array.StringBuilder).Append(text)
		}
		b.Field(4).(*array.Float64Builder).Append(row.cost)
	}
	m := Mapping{
		CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, DecimalComma: true,
		Amount: AmountColumns{Quantity: "quantity", UnitPrice: "price"}, Cost: AmountColumns{Column: "cost", Decimals: 2, IsStated: true},
	}
	s := testSettings(t)
	s.Rules = []Rule{{Name: "half", Column: "price", Equals: number("0.5")}, {Name: "one", Column: "price", Equals: number("1.000")}, {Name: "dear", Column: "cost", GreaterThan: number("100.5")}}
	shard, tally := build(t, m, s, b.NewRecord())
	// 1.5 × 1234.50 = 1851.75 and 2 × 1000 = 2000; 1.000 is a thousand and not the rule's 1.
	want(t, "days", days(shard), []string{"a: 2024-01-01 2 3851.75 0 true"})
	want(t, "exclusions", excluded(shard, s.Rules), []string{"rule:half 2024-01 1 1 0.5", "unreadable - 1 1 -"})
	if got := money.Format(shard.Days.Contribution[0]); got != "3850" {
		t.Errorf("contribution %s, want 3851.75 less costs of 1.25 and 0.50", got)
	}
	if q := tally.Quarantine; len(q) != 1 || q[0].Column != "price" || q[0].Reason != "not a number" {
		t.Errorf("quarantine %+v", q)
	}
}

// Every type that a source may deliver plays every part that it can.
func TestTypedColumns(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "customer", Type: arrow.PrimitiveTypes.Int64}, {Name: "at", Type: arrow.FixedWidthTypes.Timestamp_us},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 20, Scale: 2}}, {Name: "float", Type: arrow.PrimitiveTypes.Float64},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32}, {Name: "ymd", Type: arrow.PrimitiveTypes.Int64}, {Name: "flag", Type: arrow.FixedWidthTypes.Boolean},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.Int64Builder).Append(-7)
	b.Field(1).(*array.TimestampBuilder).Append(arrow.Timestamp(int64(calendar.Date(2024, 1, 2)) * calendar.MicrosPerDay))
	b.Field(2).(*array.Decimal128Builder).Append(decimal128.FromI64(-1999))
	b.Field(3).(*array.Float64Builder).Append(19.99)
	b.Field(4).(*array.Date32Builder).Append(arrow.Date32(calendar.Date(2024, 1, 2)))
	b.Field(5).(*array.Int64Builder).Append(20240102)
	b.Field(6).(*array.BooleanBuilder).Append(true)
	record := b.NewRecord()
	for _, c := range []struct {
		at     TimeColumn
		amount AmountColumns
		want   int64
	}{
		{TimeColumn{Column: "at"}, AmountColumns{Column: "amount", Decimals: 4}, -19_9900},
		{TimeColumn{Column: "day"}, AmountColumns{Column: "float", Decimals: 2, IsStated: true}, 19_9900},
		{TimeColumn{Column: "ymd", Format: "%Y%m%d"}, AmountColumns{Column: "customer", Decimals: 4}, -7_0000},
		{TimeColumn{Column: "at"}, AmountColumns{Quantity: "customer", UnitPrice: "float"}, -139_9300},
	} {
		m := Mapping{CustomerID: "customer", OccurredAt: c.at, Amount: c.amount, Attributes: []Attribute{{"flag", "flag"}}}
		shard, tally := build(t, m, testSettings(t), record)
		if got := tally.Amount(); got != c.want || len(tally.Quarantine) > 0 {
			t.Errorf("%+v: amount %d, quarantine %v; want %d", c.amount, got, tally.Quarantine, c.want)
		}
		if day, _ := tally.Days.Max(); calendar.Day(day) != calendar.Date(2024, 1, 2) {
			t.Errorf("%+v: day %v", c.at, calendar.Day(day))
		}
		if c.want > 0 && (shard.Len() != 1 || shard.Keys.At(0).Integer() != -7 || shard.Attributes[0].Value(0) != "true") {
			t.Errorf("customer %v, flag %v", shard.Keys, shard.Attributes)
		}
	}
}

// Text of nothing but blanks is nobody; a date before 1900 or after 9999, also
// after the shift into the job's zone, cannot be read.
func TestWhoIsNobodyAndWhenIsNever(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "customer", Type: arrow.BinaryTypes.String}, {Name: "at", Type: arrow.BinaryTypes.String}, {Name: "amount", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, row := range [][2]string{{"", "2024-01-01"}, {"  ", "2024-01-01"}, {"a", "0001-01-01"}, {"a", "1899-12-31"}, {"a", "9999-12-31T23:30:00Z"}, {"a", "1900-01-01"}} {
		b.Field(0).(*array.StringBuilder).Append(row[0])
		b.Field(1).(*array.StringBuilder).Append(row[1])
		b.Field(2).(*array.Int64Builder).Append(1)
	}
	s := testSettings(t)
	s.Zone = zone(t, "Asia/Tokyo")
	shard, tally := build(t, Mapping{CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, Amount: AmountColumns{Column: "amount", Decimals: 4}}, s, b.NewRecord())
	want(t, "exclusions", excluded(shard, nil), []string{"unattributed 2024-01 2 0 2", "unreadable - 3 1 -"})
	want(t, "days", days(shard), []string{"a: 1900-01-01 1 1 0 true"})
	if q := tally.Quarantine; len(q) != 3 || q[0].Reason != "the date is before 1900 or after 9999" {
		t.Errorf("quarantine %+v", q)
	}
}

// Rows in another currency may be excluded; their money is in no sum.
func TestMoneyOfAnotherCurrencyIsNotAdded(t *testing.T) {
	m, s := testMapping(), testSettings(t)
	m.Currency, m.Attributes = "country", nil
	s.Rules = []Rule{{Name: "dollars", Column: "country", Equals: &Operand{text: "USD"}}, {Name: "small", Column: "amount", LessThan: number("2")}}
	shard, tally := build(t, m, s, textRecord(testColumns, []string{"a,2024-01-01,,100,EUR", "a,2024-01-01,,50,USD", "a,2024-01-02,,1,EUR", "a,2024-04-01,,7,GBP", "a,2024-04-01,,9,EUR"}))
	want(t, "exclusions", excluded(shard, s.Rules), []string{"after_as_of 2024-04 2 1 9", "rule:dollars 2024-01 1 1 -", "rule:small 2024-01 1 1 1"})
	if got := money.Format(tally.Amount()); got != "110" || tally.Months.at(month(calendar.Date(2024, 1, 1))).Rows != 3 {
		t.Errorf("source %s, months %v; want 110", got, tally.Months)
	}
}

// Rows are counted in their months and days, whatever their order and however far
// apart they are: within the days that are counted together, at both ends of them
// and beyond.
func TestRowsAreCountedInTheirMonths(t *testing.T) {
	at := calendar.Date(2024, 5, 6)
	offsets := []calendar.Day{0, 40, -40, 0, -countedDays / 2, -countedDays/2 - 1, countedDays/2 - 1, countedDays / 2, -40_000, 2_000_000, 40}
	var lines []string
	wanted := map[int32]Month{}
	for i, offset := range offsets {
		lines = append(lines, fmt.Sprintf("c%d, %s, , %d", i, at+offset, i+1), "c, no date, , 1")
		m := wanted[month(at+offset)]
		m.add(Month{1, int64(i+1) * 10_000})
		wanted[month(at+offset)] = m
	}
	s := testSettings(t)
	s.AsOf = at + countedDays
	_, tally := build(t, testMapping(), s, textRecord(testColumns, lines))
	if got := maps.Collect(tally.Months.All()); !maps.Equal(got, wanted) {
		t.Errorf("got %v, want %v", got, wanted)
	}
	for _, offset := range offsets {
		if has := tally.DaysWithRows.Has(at + offset); has != (at+offset <= s.AsOf) {
			t.Errorf("day %s: %t", at+offset, has)
		}
	}
	if tally.Unreadable != int64(len(offsets)) || tally.Rows != 2*tally.Unreadable {
		t.Errorf("%d rows of %d are unreadable", tally.Unreadable, tally.Rows)
	}
}

// What cannot play its part is found before a row is read, all at once.
func TestBindFindsEveryProblem(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "customer", Type: arrow.PrimitiveTypes.Float64}, {Name: "at", Type: arrow.PrimitiveTypes.Int64},
		{Name: "amount", Type: arrow.PrimitiveTypes.Float64}, {Name: "flag", Type: arrow.FixedWidthTypes.Boolean},
	}, nil)
	m := Mapping{
		CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, OrderID: "nowhere",
		Amount: AmountColumns{Column: "amount", Decimals: 4}, Cost: AmountColumns{Column: "flag", Decimals: 4},
	}
	_, problems := Bind(m, testSettings(t), SourceColumns(schema))
	var columns []string
	for _, p := range problems {
		columns = append(columns, p.Column)
	}
	if want := []string{"nowhere", "customer", "at", "amount", "flag"}; !slices.Equal(columns, want) {
		t.Errorf("problems with %v, want %v", columns, want)
	}
}

func TestAnotherCurrencyIsAnError(t *testing.T) {
	m := testMapping()
	m.Currency = "country"
	record := textRecord(testColumns, []string{"a,2024-01-01,,1,eur", "a,2024-05-01,,1,USD", "a,2024-01-01,,1,USD"})
	b := bind(t, m, testSettings(t), record.Schema())
	_, err := NewIntake(b, 0).Admit(project(record, b), Origin{Name: "x.csv", FirstRow: 11})
	var e *CurrencyError
	if !errors.As(err, &e) || e.Row != 13 || e.Origin != "x.csv" {
		t.Errorf("got %v, want x.csv row 13; rows after the as-of day do not matter", err)
	}
}

// A row that the source could not read keeps its number and its raw text.
func TestFaultsOfTheSource(t *testing.T) {
	record := textRecord(testColumns, []string{"a,2024-01-01,,1", "", "a,2024-01-02,,2"})
	b := bind(t, testMapping(), testSettings(t), record.Schema())
	in := NewIntake(b, 0)
	if _, err := in.Admit(project(record, b), Origin{Name: "x.csv", FirstRow: 5, Faults: []Rejected{{Origin: "x.csv", Row: 6, Reason: "3 fields, want 6", Raw: "?"}}}); err != nil {
		t.Fatal(err)
	}
	if q := in.Tally.Quarantine; len(q) != 1 || q[0].Row != 6 || q[0].Raw != "?" || in.Tally.Rows != 3 || in.Tally.Unreadable != 1 {
		t.Errorf("tally %+v", in.Tally)
	}
}

// The fingerprint does not depend on the order or division of rows, and
// changes with any cell.
func TestFingerprint(t *testing.T) {
	rows := []string{"a,2024-01-01,,1", "b,2024-01-02,o,2,DE", ",2024-01-03,,3"}
	of := func(rows ...string) Fingerprint {
		_, tally := build(t, testMapping(), testSettings(t), textRecord(testColumns, rows))
		return tally.Fingerprint
	}
	whole := of(rows...)
	var parts Tally
	for _, i := range []int{2, 0, 1} {
		_, tally := build(t, testMapping(), testSettings(t), textRecord(testColumns, rows[i:i+1]))
		parts.Add(tally)
	}
	if parts.Fingerprint != whole {
		t.Errorf("parts %x, whole %x", parts.Fingerprint, whole)
	}
	for _, other := range []string{"b,2024-01-02,o,2,", "b,2024-01-02,,2,DE", "b,2024-01-02,o,2,D"} {
		if of(rows[0], other, rows[2]) == whole {
			t.Errorf("%q has the fingerprint of %q", other, rows[1])
		}
	}
}

func TestTallyOverflows(t *testing.T) {
	a, b := Tally{amounts: money.Max}, Tally{amounts: 1, shares: money.Max}
	if a.Overflows() || b.Overflows() {
		t.Error("the greatest sum that fits counts as too large")
	}
	a.Add(&b)
	if !a.Overflows() {
		t.Error("a sum that does not fit goes unnoticed")
	}
	for range 10 {
		a.Add(&a)
	}
	if !a.Overflows() {
		t.Error("the bound wraps around")
	}
}
