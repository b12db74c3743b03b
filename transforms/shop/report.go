package shop

// kind says why a row is in the log. Each row has one.
type kind uint8

const (
	sale         kind = iota
	refund            // of a sale in the log
	zeroAmount        // of an order with other rows
	duplicate         // equal in every column to the row before
	guest             // a sale to nobody
	orphanRefund      // of a sale that the log lacks, before the customer's first purchase
	brokenAmount
	brokenTime
)

// readable reports whether rows of a kind have an amount and a time.
func (k kind) readable() bool { return k != brokenAmount && k != brokenTime }

// Report counts what stands in a log. Sales to Unreadable are rows, each
// counted once, and add up to Rows; all of them but Unreadable and AfterTo
// are dated up to Settings.To.
type Report struct {
	Rows      int64 `json:"rows"`
	Customers int64 `json:"customers"` // with at least one row
	Amount    int64 `json:"amount"`    // of all readable rows, in units of 10^-4
	SameDay   int64 `json:"same_day"`  // purchases on the day of the one before, which have no row of their own

	Sales         int64 `json:"sales"`
	Refunds       int64 `json:"refunds"`
	ZeroAmounts   int64 `json:"zero_amounts"`
	Duplicates    int64 `json:"duplicates"` // the second copies
	Guests        int64 `json:"guests"`
	OrphanRefunds int64 `json:"orphan_refunds"`
	AfterTo       int64 `json:"after_to"` // readable rows of any kind
	Unreadable    int64 `json:"unreadable"`

	Late int64 `json:"late"` // of the rows above, those at the end of the log
}

// add counts a row.
func (r *Report) add(p *posting, end uint32) {
	r.Rows++
	if p.kind.readable() {
		r.Amount += p.amount
	}
	if p.late {
		r.Late++
	}
	*r.counter(p, end)++
}

// merge adds the counts of other rows of other customers.
func (r *Report) merge(other Report) {
	for _, count := range []struct {
		to *int64
		n  int64
	}{
		{&r.Rows, other.Rows}, {&r.Customers, other.Customers}, {&r.Amount, other.Amount}, {&r.SameDay, other.SameDay},
		{&r.Sales, other.Sales}, {&r.Refunds, other.Refunds}, {&r.ZeroAmounts, other.ZeroAmounts}, {&r.Duplicates, other.Duplicates},
		{&r.Guests, other.Guests}, {&r.OrphanRefunds, other.OrphanRefunds}, {&r.AfterTo, other.AfterTo}, {&r.Unreadable, other.Unreadable},
		{&r.Late, other.Late},
	} {
		*count.to += count.n
	}
}

// counter returns the count that a row belongs to; end is the first second
// after Settings.To.
func (r *Report) counter(p *posting, end uint32) *int64 {
	switch {
	case !p.kind.readable():
		return &r.Unreadable
	case p.second >= end:
		return &r.AfterTo
	}
	switch p.kind {
	case refund:
		return &r.Refunds
	case zeroAmount:
		return &r.ZeroAmounts
	case duplicate:
		return &r.Duplicates
	case guest:
		return &r.Guests
	case orphanRefund:
		return &r.OrphanRefunds
	default:
		return &r.Sales
	}
}
