package ledger

import (
	"math/big"
	"math/rand"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

func TestRules(t *testing.T) {
	yes, no := true, false
	text := func(s string) *Operand { o := TextOperand(s); return &o }
	cases := []struct {
		rule    Rule
		matches []string
		others  []string
		null    bool
	}{
		{Rule{Equals: text("A")}, []string{"A"}, []string{"a", "AB", ""}, false},
		{Rule{Equals: number("5")}, []string{"5", "5.0", "+5"}, []string{"50", "x"}, false},
		{Rule{In: []Operand{*text("A"), *number("7")}}, []string{"A", "7.00"}, []string{"B"}, false},
		{Rule{StartsWith: "C5"}, []string{"C5", "C536"}, []string{"536C5", "c5"}, false},
		{Rule{IsNull: &yes}, nil, []string{"", "x"}, true},
		{Rule{IsNull: &no}, []string{"", "x"}, nil, false},
		{Rule{LessThan: number("-0.5")}, []string{"-1", "-0.51"}, []string{"-0.50", "0", "x", "-1e9"}, false},
		{Rule{GreaterThan: number("100")}, []string{"100.01", "999999999999"}, []string{"100", "99", "1000x"}, false},
		{Rule{GreaterThan: text("2024-01-01")}, []string{"2024-01-02"}, []string{"2023-12-31"}, false},
	}
	for _, c := range cases {
		for _, v := range c.matches {
			if !c.rule.match(v, v, false) {
				t.Errorf("%+v does not match %q", c.rule, v)
			}
		}
		for _, v := range c.others {
			if c.rule.match(v, v, false) {
				t.Errorf("%+v matches %q", c.rule, v)
			}
		}
		if c.rule.match("", "", true) != c.null {
			t.Errorf("%+v: null matches: %v", c.rule, !c.null)
		}
	}
}

// Rules read numbers of any column as numbers: 2000000 in floating point is
// no 2e+06. Text beside them is a mistake that Bind finds.
func TestRulesOnTypedColumns(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "customer", Type: arrow.PrimitiveTypes.Int64}, {Name: "day", Type: arrow.FixedWidthTypes.Date32}, {Name: "amount", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i, v := range []float64{2_000_000, 1_234_567.5, 999_999} {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		b.Field(1).(*array.Date32Builder).Append(arrow.Date32(calendar.Date(2024, 1, 2)))
		b.Field(2).(*array.Float64Builder).Append(v)
	}
	m := Mapping{CustomerID: "customer", OccurredAt: TimeColumn{Column: "day"}, Amount: AmountColumns{Column: "amount", Decimals: 2, IsStated: true}}
	s := testSettings(t)
	s.Rules = []Rule{{Name: "large", Column: "amount", GreaterThan: number("1000000")}}
	shard, _ := build(t, m, s, b.NewRecord())
	want(t, "exclusions", excluded(shard, s.Rules), []string{"rule:large 2024-01 2 2 3234567.5"})
	text := TextOperand("1000000")
	s.Rules[0].GreaterThan = &text
	if _, problems := Bind(m, s, SourceColumns(schema)); len(problems) != 1 || !strings.Contains(problems[0].Message, "compares it with text") {
		t.Errorf("problems %+v", problems)
	}
}

func TestCompareDecimalsAgreesWithRationals(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	draw := func() money.Decimal {
		d := money.Decimal{Coefficient: rng.Int63n(1e18), Scale: int32(rng.Intn(19))}
		if rng.Intn(3) == 0 {
			d.Coefficient = rng.Int63n(20)
		}
		if rng.Intn(2) == 0 {
			d.Coefficient = -d.Coefficient
		}
		return d
	}
	rational := func(d money.Decimal) *big.Rat {
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Scale)), nil)
		return new(big.Rat).SetFrac(big.NewInt(d.Coefficient), scale)
	}
	for range 100_000 {
		a, b := draw(), draw()
		if got, want := compareDecimals(a, b), rational(a).Cmp(rational(b)); got != want {
			t.Fatalf("compare %+v and %+v: %d, want %d", a, b, got, want)
		}
	}
}
