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

// Exclusions add up the rows that do not count; over shards too, for a
// customer is in one shard only.
type Exclusions struct{ sums map[exclusionKey]exclusionSum }

// Add adds another part's exclusions.
func (e *Exclusions) Add(o *Exclusions) {
	for k, s := range o.sums {
		e.add(k, s)
	}
}

func (e *Exclusions) add(k exclusionKey, s exclusionSum) {
	if e.sums == nil {
		e.sums = map[exclusionKey]exclusionSum{}
	}
	t := e.sums[k]
	e.sums[k] = exclusionSum{t.rows + s.rows, t.customers + s.customers, t.priced + s.priced, t.amount + s.amount}
}

// enter enters one row.
func (s *exclusionSum) enter(e *entry) {
	s.rows++
	if e.head.fate() != Unreadable && !e.head.has(flagForeign) {
		s.priced++
		s.amount += e.amount
	}
}

func keyOf(h head) exclusionKey {
	if h.fate() == Unreadable {
		return exclusionKey{fate: Unreadable}
	}
	return exclusionKey{h.fate(), month(h.day())}
}

// Rows returns the rows of run_exclusions, ordered by reason and month.
func (e *Exclusions) Rows(rules []Rule) []Exclusion {
	rows := make([]Exclusion, 0, len(e.sums))
	for k, sum := range e.sums {
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
