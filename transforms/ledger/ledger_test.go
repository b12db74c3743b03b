package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// columns of the test logs, all text; an empty cell is null.
var testColumns = []string{"customer", "at", "order", "amount", "country", "cost"}

// testMapping maps them all.
func testMapping() Mapping {
	return Mapping{
		CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, OrderID: "order",
		Amount: AmountColumns{Column: "amount", Decimals: 4}, Cost: AmountColumns{Column: "cost", Decimals: 4},
		Attributes: []Attribute{{Name: "country", Column: "country"}},
	}
}

// testSettings are UTC, as of 2024-03-31.
func testSettings(t *testing.T) Settings {
	t.Helper()
	return Settings{Zone: zone(t, "UTC"), AsOf: calendar.Date(2024, 3, 31), Currency: "EUR"}
}

func zone(t *testing.T, name string) *calendar.Zone {
	t.Helper()
	z, err := calendar.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// textRecord makes a record of text columns of comma-separated rows.
func textRecord(names []string, rows []string) arrow.Record {
	var fields []arrow.Field
	columns := make([]arrow.Array, len(names))
	for i, name := range names {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, row := range rows {
			cells := strings.Split(row, ",")
			if i < len(cells) && strings.TrimSpace(cells[i]) != "" {
				b.Append(strings.TrimSpace(cells[i]))
			} else {
				b.AppendNull()
			}
		}
		columns[i] = b.NewArray()
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, int64(len(rows)))
}

// project returns the columns that a binding reads, in its order.
func project(record arrow.Record, b *Binding) arrow.Record {
	var fields []arrow.Field
	var columns []arrow.Array
	for _, name := range b.Columns {
		i := record.Schema().FieldIndices(name)[0]
		fields = append(fields, record.Schema().Field(i))
		columns = append(columns, record.Column(i))
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, record.NumRows())
}

func bind(t *testing.T, m Mapping, s Settings, schema *arrow.Schema) *Binding {
	t.Helper()
	b, problems := Bind(m, s, SourceColumns(schema))
	if len(problems) > 0 {
		t.Fatalf("the mapping does not fit: %+v", problems)
	}
	return b
}

// build admits a record and builds one shard of it.
func build(t *testing.T, m Mapping, s Settings, record arrow.Record) (*Shard, *Tally) {
	t.Helper()
	b := bind(t, m, s, record.Schema())
	in := NewIntake(b, 0)
	rows, err := in.Admit(project(record, b), Origin{Name: "test.csv", FirstRow: 1})
	if err != nil {
		t.Fatal(err)
	}
	shard, _ := builder(t, b, in).Build(rows.Bytes)
	return shard, &in.Tally
}

func builder(t *testing.T, b *Binding, intakes ...*Intake) *Builder {
	t.Helper()
	v, err := NewVocabulary(b, intakes...)
	if err != nil {
		t.Fatal(err)
	}
	return NewBuilder(b, v, 0)
}

// days renders a shard as lines "customer: day orders gross refunds purchase".
func days(s *Shard) []string {
	var lines []string
	for c := range s.Len() {
		from, to := s.Range(c)
		if from == to {
			lines = append(lines, string(s.Keys.At(c))+": no purchase")
		}
		for i := from; i < to; i++ {
			d := &s.Days
			lines = append(lines, fmt.Sprintf("%s: %s %d %s %s %v", s.Keys.At(c), d.Day[i], d.Orders[i], money.Format(d.GrossSales[i]), money.Format(d.Refunds[i]), d.IsPurchase[i]))
		}
	}
	slices.Sort(lines)
	return lines
}

// excluded renders exclusions as lines "reason month rows customers amount".
func excluded(shard *Shard, rules []Rule) []string {
	var lines []string
	for _, e := range shard.Exclusions.Rows(rules) {
		month, amount := "-", "-"
		if start, ok := e.PeriodStart.Get(); ok {
			month = calendar.Day(start).String()[:7]
		}
		if a, ok := e.Amount.Get(); ok {
			amount = money.Format(a)
		}
		lines = append(lines, fmt.Sprintf("%s %s %d %d %s", e.Reason, month, e.Rows, e.Customers, amount))
	}
	return lines
}

func want(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// The worked example of docs/concepts.md, computed there by hand.
func TestWorkedExample(t *testing.T) {
	shard, tally := build(t, testMapping(), testSettings(t), textRecord(testColumns, []string{
		"a, 2024-01-31, o1, 100", "a, 2024-01-31, o2, 20", "a, 2024-02-29, o3, 50", "a, 2024-03-10, , -50",
		"b, 2024-01-05, , -10", "b, 2024-02-02, o4, 40",
		"c, 2024-02-10, , -5",
	}))
	want(t, "days", days(shard), []string{
		"a: 2024-01-31 2 120 0 true", "a: 2024-02-29 1 50 0 true", "a: 2024-03-10 0 0 -50 false",
		"b: 2024-02-02 1 40 0 true", "c: no purchase",
	})
	want(t, "exclusions", excluded(shard, nil), []string{
		"before_first_purchase 2024-01 1 1 -10", "before_first_purchase 2024-02 1 1 -5",
	})
	// Purchases: a 120 and 50, b 40; the refund of a is on another day.
	if got := shard.Totals; got.NetRevenue() != 160_0000 || got.PurchaseValue != 210_0000 || got.PurchaseDays != 3 || got.Customers != 2 || got.Orders != 4 {
		t.Errorf("totals %+v", got)
	}
	if got := money.Format(tally.Amount()); got != "145" || shard.Totals.KeptAmount != 160_0000 {
		t.Errorf("source %s, kept %d; want 145 and 160", got, shard.Totals.KeptAmount)
	}
}

// Each case is a rule of the package comment, small enough to check by hand.
func TestDaysAndFates(t *testing.T) {
	cases := []struct {
		rule       string
		change     func(*Settings)
		rows, days []string
		excluded   []string
	}{
		{
			rule: "rows of one order of one day are summed first: a discount row is no refund",
			rows: []string{"a, 2024-01-01, o1, 30", "a, 2024-01-01, o1, -10"},
			days: []string{"a: 2024-01-01 1 20 0 true"},
		}, {
			rule: "without an order id each row stands alone",
			rows: []string{"a, 2024-01-01, , 30", "a, 2024-01-01, , -10"},
			days: []string{"a: 2024-01-01 1 30 -10 true"},
		}, {
			rule: "an order is counted once, on the day of its first sale; a later capture is money",
			rows: []string{"a, 2024-01-01, o1, 30", "a, 2024-01-02, o1, 5"},
			days: []string{"a: 2024-01-01 1 30 0 true", "a: 2024-01-02 0 5 0 false"},
		}, {
			rule: "one order id of two customers is two orders",
			rows: []string{"a, 2024-01-01, o1, 30", "b, 2024-01-01, o1, 40"},
			days: []string{"a: 2024-01-01 1 30 0 true", "b: 2024-01-01 1 40 0 true"},
		}, {
			rule:     "bought and cancelled the same day is no purchase; before the first one it does not count at all",
			rows:     []string{"a, 2024-01-01, o1, 30", "a, 2024-01-01, c1, -30", "a, 2024-01-02, o2, 7"},
			days:     []string{"a: 2024-01-02 1 7 0 true"},
			excluded: []string{"before_first_purchase 2024-01 2 1 0"},
		}, {
			rule: "bought and cancelled after the first purchase counts as an order, not as a purchase",
			rows: []string{"a, 2024-01-01, o1, 30", "a, 2024-01-02, o2, 7", "a, 2024-01-02, c2, -7"},
			days: []string{"a: 2024-01-01 1 30 0 true", "a: 2024-01-02 1 7 -7 false"},
		}, {
			rule: "zero amounts are money of nothing",
			rows: []string{"a, 2024-01-01, o1, 30", "a, 2024-01-02, o2, 0"},
			days: []string{"a: 2024-01-01 1 30 0 true", "a: 2024-01-02 0 0 0 false"},
		}, {
			rule:   "zero amounts as purchases: a day of only zero rows is one; beside a sale a zero row is nothing",
			change: func(s *Settings) { s.ZeroIsPurchase = true },
			rows:   []string{"a, 2024-01-01, o1, 0", "a, 2024-01-02, o2, 5", "a, 2024-01-02, o3, 0"},
			days:   []string{"a: 2024-01-01 1 0 0 true", "a: 2024-01-02 1 5 0 true"},
		}, {
			rule:     "zero amounts as purchases: a sale and its cancellation are not only zero rows",
			change:   func(s *Settings) { s.ZeroIsPurchase = true },
			rows:     []string{"a, 2024-01-01, o1, 5", "a, 2024-01-01, o1, -5"},
			days:     []string{"a: no purchase"},
			excluded: []string{"before_first_purchase 2024-01 2 1 0"},
		}, {
			rule:     "refunds ignored: groups with a negative sum are left out before days are judged",
			change:   func(s *Settings) { s.IgnoreRefunds = true },
			rows:     []string{"a, 2024-01-01, o1, 30", "a, 2024-01-01, c1, -30", "a, 2024-01-02, o1, -1"},
			days:     []string{"a: 2024-01-01 1 30 0 true"},
			excluded: []string{"refund_ignored 2024-01 2 1 -31"},
		}, {
			rule:     "exact duplicates dropped: equal in every column, also of nobody",
			change:   func(s *Settings) { s.DropDuplicates = true },
			rows:     []string{"a, 2024-01-01, o1, 30, DE", "a, 2024-01-01, o1, 30, DE", "a, 2024-01-01, o1, 30, FR", ", 2024-01-03, o9, 4", ", 2024-01-03, o9, 4"},
			days:     []string{"a: 2024-01-01 1 60 0 true"},
			excluded: []string{"exact_duplicate 2024-01 2 1 34", "unattributed 2024-01 1 0 4"},
		}, {
			rule: "the first fate that applies: unreadable, after_as_of, rule, duplicate, unattributed",
			change: func(s *Settings) {
				s.DropDuplicates = true
				s.Rules = []Rule{{Name: "test", Column: "order", StartsWith: "T"}, {Name: "big", Column: "amount", GreaterThan: number("100")}}
			},
			rows: []string{
				"a, 2024-04-01, T1, x", "a, 2024-04-01, T1, 500", "a, 2024-03-31, T1, 500", ", 2024-03-31, o1, 500",
				", 2024-03-31, o2, 1", "b, 2024-03-31, o3, 2",
			},
			days:     []string{"b: 2024-03-31 1 2 0 true"},
			excluded: []string{"after_as_of 2024-04 1 1 500", "rule:big 2024-03 1 0 500", "rule:test 2024-03 1 1 500", "unattributed 2024-03 1 0 1", "unreadable - 1 1 -"},
		}, {
			rule:     "customers of a reason are counted once a month",
			rows:     []string{"a, 2024-01-01, , -1", "a, 2024-01-02, , -1", "b, 2024-01-03, , -1", "a, 2024-02-01, , -1"},
			days:     []string{"a: no purchase", "b: no purchase"},
			excluded: []string{"before_first_purchase 2024-01 3 2 -3", "before_first_purchase 2024-02 1 1 -1"},
		},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			s := testSettings(t)
			if c.change != nil {
				c.change(&s)
			}
			shard, _ := build(t, testMapping(), s, textRecord(testColumns, c.rows))
			want(t, "days", days(shard), c.days)
			want(t, "exclusions", excluded(shard, s.Rules), c.excluded)
		})
	}
}

func number(text string) *Operand {
	o, _ := NumberOperand(text)
	return &o
}

// Attributes are those of the earliest row of the first purchase day; of rows
// at one instant the smallest value; a null is (none).
func TestAttributesOfTheFirstPurchase(t *testing.T) {
	shard, _ := build(t, testMapping(), testSettings(t), textRecord(testColumns, []string{
		"a, 2024-01-02 09:00:00, o1, 5, FR", "a, 2024-01-02 08:00:00, o2, 5, DE", "a, 2024-01-01 00:00:00, , -5, XX",
		"b, 2024-01-02 08:00:00, o3, 5, NL", "b, 2024-01-02 08:00:00, o4, 5, BE",
		"c, 2024-01-02, o5, 5,",
		"d, 2024-01-02, , -5, DE",
	}))
	got := map[string]string{}
	for i := range shard.Len() {
		got[string(shard.Keys.At(i))] = shard.Attributes[0].Value(i)
	}
	for customer, want := range map[string]string{"a": "DE", "b": "BE", "c": "(none)", "d": ""} {
		if got[customer] != want {
			t.Errorf("first_country of %s is %q, want %q", customer, got[customer], want)
		}
	}
}

// Contribution is amount − cost, or amount × margin where there is no cost,
// rounded half-even once per row: 0.25 × 0.0002 = 0.00005 is 0.
func TestContribution(t *testing.T) {
	rows := textRecord(testColumns, []string{"a, 2024-01-01, o1, 10, , 4", "a, 2024-01-01, o2, 0.0002, ,"})
	shard, _ := build(t, testMapping(), testSettings(t), rows)
	if shard.Totals.MissingContribution != 1 {
		t.Errorf("%d rows without contribution, want 1", shard.Totals.MissingContribution)
	}
	s := testSettings(t)
	margin, _ := money.ParseDecimal("0.25")
	s.MarginRate = &margin
	shard, _ = build(t, testMapping(), s, rows)
	if got := shard.Days.Contribution[0]; shard.Totals.MissingContribution != 0 || got != 6_0000 {
		t.Errorf("contribution %d, want 60000", got)
	}
}

// Shards add up: any division of the same customers into shards yields the
// same totals, exclusions and days.
func TestBlocksMayComeInAnyDivisionAndOrder(t *testing.T) {
	rows := []string{"a, 2024-01-01, o1, 30", "b, 2024-01-01, o1, 40", "a, 2024-01-01, o1, -10", ", 2024-02-01, , 3", "a, 2024-05-01, , 3"}
	whole, _ := build(t, testMapping(), testSettings(t), textRecord(testColumns, rows))
	b := bind(t, testMapping(), testSettings(t), textRecord(testColumns, rows).Schema())
	var all []byte
	var intakes []*Intake
	for i := len(rows) - 1; i >= 0; i-- {
		in := NewIntake(b, len(intakes))
		intakes = append(intakes, in)
		admitted, err := in.Admit(project(textRecord(testColumns, rows[i:i+1]), b), Origin{FirstRow: 1})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, admitted.Bytes...)
	}
	parts, _ := builder(t, b, intakes...).Build(all)
	want(t, "days", days(parts), days(whole))
	want(t, "exclusions", excluded(parts, nil), excluded(whole, nil))
	if parts.Totals != whole.Totals {
		t.Errorf("totals %+v, want %+v", parts.Totals, whole.Totals)
	}
}
