package backtest

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
)

// MaxSample is the largest number of customers whose histories are kept, and by
// whom models are graded. With as many, a share of customers is known to 0.3 %.
const MaxSample = 100_000

// Histories are what a sample of the customers with a purchase did, day by day,
// from the first purchase on. Read-only once all blocks are entered, and safe for
// any number of goroutines.
//
// The sample is the first customers in the order of the hash of their keys: all
// of them up to its limit. It depends neither on the division into shards nor on
// who works on them, and is as good as random.
type Histories struct {
	Dimensions []cohort.Dimension // the whole base first, the others in no order that means anything

	limit  int
	splits int
	parts  []int32  // places in Dimensions, by customer and split
	starts []uint64 // where each customer's days begin in days
	days   []byte
}

// NewHistories returns histories of at most so many customers.
func NewHistories(limit int) *Histories {
	return &Histories{limit: limit, Dimensions: []cohort.Dimension{cohort.All}}
}

// Append appends the histories of a shard's members as a block for Enter: some 5
// bytes for each day on which a customer bought or money moved.
func Append(b []byte, v *cohort.View) []byte {
	splits := 0
	if len(v.Members) > 0 {
		splits = len(v.Parts(0)) - 1
	}
	b = binary.AppendUvarint(b, uint64(len(v.Dimensions)))
	for _, d := range v.Dimensions {
		b = appendText(appendText(b, d.Name), d.Value)
	}
	b = binary.AppendUvarint(b, uint64(splits))
	b = binary.AppendUvarint(b, uint64(len(v.Members)))
	for i := range v.Members {
		for _, part := range v.Parts(i)[1:] {
			b = binary.AppendUvarint(b, uint64(part))
		}
		b = appendDays(b, v, &v.Members[i])
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendDays appends a member's days: the first, then for each the days since the
// one before with whether it is a purchase, and its net revenue; last a 0, which
// no day but the first could be.
func appendDays(b []byte, v *cohort.View, m *cohort.MemberDays) []byte {
	days := &v.Days
	b = binary.AppendVarint(b, int64(m.First))
	b = binary.AppendVarint(b, days.Net(m.From))
	last := m.First
	for i := m.From + 1; i < m.To; i++ {
		net := days.Net(i)
		if net == 0 && !days.IsPurchase[i] {
			continue
		}
		gap := uint64(days.Day[i]-last) << 1
		if days.IsPurchase[i] {
			gap |= 1
		}
		b = binary.AppendUvarint(b, gap)
		b = binary.AppendVarint(b, net)
		last = days.Day[i]
	}
	return binary.AppendUvarint(b, 0)
}

// Enter enters the block of a shard; blocks come in the order of the shards. It
// reports whether there is room for more customers.
func (h *Histories) Enter(block []byte) bool {
	r := reader{block}
	places := make([]int32, r.uvarint())
	for i := range places {
		places[i] = h.place(cohort.Dimension{Name: r.text(), Value: r.text()})
	}
	h.splits = max(h.splits, int(r.uvarint()))
	for members := r.uvarint(); members > 0 && len(h.starts) < h.limit; members-- {
		for range h.splits {
			h.parts = append(h.parts, places[r.uvarint()])
		}
		h.starts = append(h.starts, uint64(len(h.days)))
		from := r.rest
		for range r.days() { // to where they end
		}
		h.days = append(h.days, from[:len(from)-len(r.rest)]...)
	}
	return len(h.starts) < h.limit
}

// place returns where a dimension value stands among the dimensions.
func (h *Histories) place(d cohort.Dimension) int32 {
	i := slices.Index(h.Dimensions, d)
	if i < 0 {
		i = len(h.Dimensions)
		h.Dimensions = append(h.Dimensions, d)
	}
	return int32(i)
}

// Len returns the number of customers.
func (h *Histories) Len() int { return len(h.starts) }

// IsWhole reports whether there was room for all customers.
func (h *Histories) IsWhole() bool { return len(h.starts) < h.limit }

// Parts returns where in Dimensions the customer's value of each split stands.
func (h *Histories) Parts(customer int) []int32 {
	return h.parts[h.splits*customer : h.splits*(customer+1)]
}

// Day is a civil day on which a customer bought or on which money moved.
type Day struct {
	Day        calendar.Day
	IsPurchase bool
	Net        int64 // net revenue; on a purchase day, the purchase's value
}

// Days yields a customer's days in their order; the first is the first purchase.
func (h *Histories) Days(customer int) iter.Seq[Day] {
	r := reader{h.days[h.starts[customer]:]}
	return r.days()
}

// reader reads what Append wrote.
type reader struct{ rest []byte }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text() string {
	n := r.uvarint()
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

// days yields a customer's days. Having yielded all it stands behind them.
func (r *reader) days() iter.Seq[Day] {
	return func(yield func(Day) bool) {
		d := Day{calendar.Day(r.varint()), true, r.varint()}
		for yield(d) {
			gap := r.uvarint()
			if gap == 0 {
				return
			}
			d = Day{d.Day + calendar.Day(gap>>1), gap&1 == 1, r.varint()}
		}
	}
}
