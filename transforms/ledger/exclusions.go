package ledger

import (
	"cmp"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Exclusion is a row of run_exclusions.
type Exclusion struct {
	Reason      string
	PeriodStart numeric.Null[int32] // null for unreadable rows
	Rows        int64
	Customers   int64
	Amount      numeric.Null[int64] // null for unreadable rows
}

// exclusionKey is a fate and a month; unreadable rows have no month.
type exclusionKey struct {
	fate  Fate
	month int32
}

// exclusionSum is what the rows of one key add up to.
type exclusionSum struct{ rows, customers, amount int64 }

// exclusionSums add up over shards: a customer is in one shard only.
type exclusionSums map[exclusionKey]exclusionSum

// add counts one row. isFirst says that it is its customer's first row of this key.
func (e exclusionSums) add(k exclusionKey, amount int64, isFirst bool) {
	s := e[k]
	s.rows++
	s.amount += amount
	if isFirst {
		s.customers++
	}
	e[k] = s
}

func keyOf(p *posting) exclusionKey {
	if p.fate == Unreadable {
		return exclusionKey{fate: Unreadable}
	}
	return exclusionKey{p.fate, month(p.day)}
}

// MergeExclusions returns the rows of run_exclusions for all shards, ordered
// by precedence of the reason and by month.
func MergeExclusions(shards []*Shard, rules []Rule) []Exclusion {
	total := exclusionSums{}
	for _, shard := range shards {
		for k, s := range shard.exclusions {
			t := total[k]
			total[k] = exclusionSum{t.rows + s.rows, t.customers + s.customers, t.amount + s.amount}
		}
	}
	keys := make([]exclusionKey, 0, len(total))
	for k := range total {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b exclusionKey) int {
		return cmp.Or(cmp.Compare(a.fate.precedence(), b.fate.precedence()), cmp.Compare(a.month, b.month))
	})
	rows := make([]Exclusion, len(keys))
	for i, k := range keys {
		rows[i] = k.exclusion(total[k], rules)
	}
	return rows
}

func (k exclusionKey) exclusion(s exclusionSum, rules []Rule) Exclusion {
	e := Exclusion{Reason: k.fate.reason(rules), Rows: s.rows, Customers: s.customers}
	if k.fate != Unreadable {
		e.PeriodStart = numeric.Known(int32(calendar.Calendar{}.Start(calendar.ByMonth, k.month)))
		e.Amount = numeric.Known(s.amount)
	}
	return e
}

// precedence orders fates as they apply: rules come after AfterAsOf.
func (f Fate) precedence() int {
	const rules = 1 << 16 // above any number of rules
	switch {
	case f <= AfterAsOf:
		return int(f)
	case f >= firstRule:
		return int(f)
	default:
		return rules + int(f)
	}
}
