package ledger

import (
	"errors"
	"testing"
)

// A row without an amount, where that counts as 0, is money of nothing.
func TestBlankRowsAreMoneyOfNothing(t *testing.T) {
	zeros := func(s *Settings) { s.ZeroIsPurchase = true }
	cases := []struct {
		rule       string
		change     func(*Settings)
		rows, days []string
		excluded   []string
	}{
		{
			rule: "an order's further lines add nothing",
			rows: []string{"a, 2024-01-01, o1, 30", "a, 2024-01-01, o1,", "a, 2024-01-01, o1,"},
			days: []string{"a: 2024-01-01 1 30 0 true"},
		}, {
			rule: "a day of nothing else is no purchase; its customer is there as any without one",
			rows: []string{"a, 2024-01-01, o1,"}, days: []string{"a: no purchase"},
			excluded: []string{"before_first_purchase 2024-01 1 1 0"},
		}, {
			rule: "not even where zero amounts are purchases", change: zeros,
			rows: []string{"a, 2024-01-01, o1,", "b, 2024-01-01, o2, 5", "b, 2024-01-02, o3,"},
			days: []string{"a: no purchase", "b: 2024-01-01 1 5 0 true", "b: 2024-01-02 0 0 0 false"}, excluded: []string{"before_first_purchase 2024-01 1 1 0"},
		}, {
			rule: "beside an order of 0 they are no order of their own", change: zeros,
			rows: []string{"a, 2024-01-01, o1, 0", "a, 2024-01-01, o1,", "a, 2024-01-01, o2,", "a, 2024-01-01, ,"},
			days: []string{"a: 2024-01-01 1 0 0 true"},
		}, {
			rule: "a cancelled order stays cancelled", change: zeros,
			rows: []string{"a, 2024-01-01, o1, 5", "a, 2024-01-01, o1,", "a, 2024-01-01, o1, -5", "a, 2024-01-01, o2,"},
			days: []string{"a: no purchase"}, excluded: []string{"before_first_purchase 2024-01 4 1 0"},
		}, {
			rule: "an order whose line with the amount is excluded is no order", change: func(s *Settings) {
				s.ZeroIsPurchase, s.Rules = true, []Rule{{Name: "voided", Column: "country", Equals: &Operand{text: "void"}}}
			},
			rows: []string{"a, 2024-01-01, o1, 30, void", "a, 2024-01-01, o1,", "a, 2024-02-01, o2, 7"},
			days: []string{"a: 2024-02-01 1 7 0 true"}, excluded: []string{"before_first_purchase 2024-01 1 1 0", "rule:voided 2024-01 1 1 30"},
		}, {
			rule: "an order's first sale may follow a line without an amount",
			rows: []string{"a, 2024-01-01, o0, 1", "a, 2024-01-02, o1,", "a, 2024-01-03, o1, 30"},
			days: []string{"a: 2024-01-01 1 1 0 true", "a: 2024-01-02 0 0 0 false", "a: 2024-01-03 1 30 0 true"},
		},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			m, s := testMapping(), testSettings(t)
			m.Amount.BlankIsZero = true
			if c.change != nil {
				c.change(&s)
			}
			shard, _ := build(t, m, s, textRecord(testColumns, c.rows))
			want(t, "days", days(shard), c.days)
			want(t, "exclusions", excluded(shard, s.Rules), c.excluded)
		})
	}
}

// A row without an amount gives no attribute, not even the smallest value or
// the earliest row; and it need not have a cost.
func TestBlankRowsGiveNoAttributes(t *testing.T) {
	m := testMapping()
	m.Amount.BlankIsZero = true
	shard, _ := build(t, m, testSettings(t), textRecord(testColumns, []string{
		"a, 2024-01-02 09:00:00, o1, 5, NL, 1", "a, 2024-01-02 09:00:00, o1, ,", "a, 2024-01-02 09:00:00, o1, , BE", "a, 2024-01-02 08:00:00, o2, , AT, 2",
		"b, 2024-01-02, o3, 5, , 1", "b, 2024-01-02, o3, , DE",
	}))
	for i := range shard.Len() {
		key := shard.Keys.At(i)
		if got, want := shard.Attributes[0].Value(i), map[string]string{"a": "NL", "b": "(none)"}[string(key)]; got != want {
			t.Errorf("first_country of %s is %q, want %q", key, got, want)
		}
	}
	// The costs written are 1 and 2 of a, 1 of b; three rows have neither amount nor cost.
	if got := shard.Totals; got.MissingContribution != 0 || got.WithoutMoney != 3 || got.Contribution != 6_0000 {
		t.Errorf("totals %+v; want a contribution of 10 less 4, and 3 rows without money", got)
	}
}

// A row without an amount may be without a currency, but not in another.
func TestBlankRowsAndCurrencies(t *testing.T) {
	m := testMapping()
	m.Currency, m.Attributes, m.Amount.BlankIsZero = "country", nil, true
	_, tally := build(t, m, testSettings(t), textRecord(testColumns, []string{"a,2024-01-01,o1,5,EUR", "a,2024-01-01,o1,,", "a,2024-01-01,o1,,eur", "a,2024-01-01,o2,7,"}))
	if len(tally.Quarantine) != 1 || tally.Quarantine[0].Row != 4 || tally.Quarantine[0].Reason != "the currency is missing" {
		t.Errorf("quarantine %+v, want row 4", tally.Quarantine)
	}
	record := textRecord(testColumns, []string{"a,2024-01-01,o1,,USD"})
	b := bind(t, m, testSettings(t), record.Schema())
	var e *CurrencyError
	if _, err := NewIntake(b, 0).Admit(project(record, b), Origin{FirstRow: 1}); !errors.As(err, &e) {
		t.Errorf("got %v, want another currency", err)
	}
}
