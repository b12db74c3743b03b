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
	Amount      numeric.Null[int64] // null where no row has one in the job's currency
}

// exclusionKey is a fate and a month; unreadable rows have no month.
type exclusionKey struct {
	fate  Fate
	month int32
}

// exclusionSum is what the rows of one key add up to. Priced are those whose
// amount is known and in the job's currency.
type exclusionSum struct{ rows, customers, priced, amount int64 }

// exclusionSums add up over shards: a customer is in one shard only.
type exclusionSums map[exclusionKey]exclusionSum

// add counts one row. isFirst says that it is its customer's first row of this key.
func (e exclusionSums) add(p *posting, isFirst bool) {
	k := keyOf(p)
	s := e[k]
	s.rows++
	if p.fate != Unreadable && !p.isForeign {
		s.priced++
		s.amount += p.amount
	}
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
// by reason and month.
func MergeExclusions(shards []*Shard, rules []Rule) []Exclusion {
	total := exclusionSums{}
	for _, shard := range shards {
		for k, s := range shard.exclusions {
			t := total[k]
			total[k] = exclusionSum{t.rows + s.rows, t.customers + s.customers, t.priced + s.priced, t.amount + s.amount}
		}
	}
	rows := make([]Exclusion, 0, len(total))
	for k, sum := range total {
		rows = append(rows, k.exclusion(sum, rules))
	}
	slices.SortFunc(rows, func(a, b Exclusion) int {
		month, _ := a.PeriodStart.Get()
		other, _ := b.PeriodStart.Get()
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(month, other))
	})
	return rows
}

func (k exclusionKey) exclusion(s exclusionSum, rules []Rule) Exclusion {
	e := Exclusion{Reason: k.fate.reason(rules), Rows: s.rows, Customers: s.customers}
	if k.fate != Unreadable {
		e.PeriodStart = numeric.Known(int32(calendar.Calendar{}.Start(calendar.ByMonth, k.month)))
	}
	if s.priced > 0 {
		e.Amount = numeric.Known(s.amount)
	}
	return e
}
