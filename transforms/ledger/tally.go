package ledger

import (
	"cmp"
	"iter"
	"math"
	"math/bits"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Tally counts what was read. Tallies of parts add up to the tally of the
// whole, in any order.
type Tally struct {
	Rows         int64  // all rows of the source
	Unreadable   int64  // of these, rows that cannot be read
	CivilTimes   int64  // rows whose time has no zone (a date needs none)
	Rounded      int64  // rows whose quantity × price had more than 4 decimals
	Attributed   int64  // readable rows with a customer
	Months       Months // readable rows by posting month
	Instants     Range  // of readable rows, microseconds since 1970 UTC
	Days         Range  // of rows on or before the as-of day, whatever else excludes them
	DaysWithRows DaySet // of the same rows
	Fingerprint  Fingerprint
	Quarantine   []Rejected // the first unreadable rows, by position
	amounts      uint64     // Σ |amount|, saturating
	shares       uint64     // Σ |contribution|, saturating
}

// Month is what the source holds of one posting month.
type Month struct {
	Rows   int64
	Amount int64 // in the job's currency; rows in another have none
}

func (m *Month) add(o Month) {
	m.Rows += o.Rows
	m.Amount += o.Amount
}

// Months are the posting months of some rows.
type Months struct{ months []Month } // from the month of the earliest day that postings may have

// All yields the months that have rows, in order, by their calendar index.
func (m *Months) All() iter.Seq2[int32, Month] {
	return func(yield func(int32, Month) bool) {
		for i, month := range m.months {
			if month.Rows > 0 && !yield(earliestMonth+int32(i), month) {
				return
			}
		}
	}
}

// at returns the month of a calendar index. The pointer is valid until the
// next call.
func (m *Months) at(index int32) *Month {
	i := int(index - earliestMonth)
	if i >= len(m.months) {
		m.months = append(m.months, make([]Month, i+1-len(m.months))...)
	}
	return &m.months[i]
}

var earliestMonth = month(earliestDay)

// Range is the least and the greatest of some values; null if there are none.
type Range struct{ min, max numeric.Null[int64] }

// Min returns the least value, if any.
func (r Range) Min() (int64, bool) { return r.min.Get() }

// Max returns the greatest value, if any.
func (r Range) Max() (int64, bool) { return r.max.Get() }

func (r *Range) include(v int64) {
	if least, ok := r.min.Get(); !ok || v < least {
		r.min = numeric.Known(v)
	}
	if most, ok := r.max.Get(); !ok || v > most {
		r.max = numeric.Known(v)
	}
}

// DaySet is a set of civil days from the earliest that postings may have on.
type DaySet struct{ bits []uint64 }

// Has reports whether a day is in the set.
func (s *DaySet) Has(d calendar.Day) bool {
	word, bit := placeOf(d)
	return word >= 0 && word < len(s.bits) && s.bits[word]&bit != 0
}

func (s *DaySet) add(d calendar.Day) {
	word, bit := placeOf(d)
	for len(s.bits) <= word {
		s.bits = append(s.bits, 0)
	}
	s.bits[word] |= bit
}

func (s *DaySet) merge(o *DaySet) {
	for len(s.bits) < len(o.bits) {
		s.bits = append(s.bits, 0)
	}
	for i, word := range o.bits {
		s.bits[i] |= word
	}
}

// placeOf returns where a day's bit stands; the word is negative before the
// earliest day.
func placeOf(d calendar.Day) (word int, bit uint64) {
	n := int(d - earliestDay)
	return n >> 6, 1 << (n & 63)
}

// Fingerprint identifies an input: the sum mod 2^128 of its rows' hashes, so
// that neither the order of rows nor their division into files matters.
type Fingerprint struct{ Hi, Lo uint64 }

func (f *Fingerprint) add(d digest) {
	var carry uint64
	f.Lo, carry = bits.Add64(f.Lo, d[1], 0)
	f.Hi, _ = bits.Add64(f.Hi, d[0], carry)
}

// Rejected is a row that could not be read.
type Rejected struct {
	Origin string // the file
	Part   int    // its index among the source's files
	Row    int64  // its number in the file, from 1
	Column string // the column at fault; empty if the row as a whole is
	Reason string
	Raw    string // the row as read
}

// quarantineLimit is how many unreadable rows are kept: enough to see every
// kind of fault, little enough to hold in memory whatever the input.
const quarantineLimit = 10_000

// Amount returns the sum of all readable amounts.
func (t *Tally) Amount() int64 {
	var sum int64
	for _, m := range t.Months.All() {
		sum += m.Amount
	}
	return sum
}

// Overflows reports whether some sum of the amounts might be more than a
// money column holds. If not, no later sum of what was observed is, for each
// is a sum over some of these rows, each taken once.
func (t *Tally) Overflows() bool { return max(t.amounts, t.shares) > money.Max }

// Add adds another part's tally.
func (t *Tally) Add(o *Tally) {
	t.Rows += o.Rows
	t.Unreadable += o.Unreadable
	t.CivilTimes += o.CivilTimes
	t.Rounded += o.Rounded
	t.Attributed += o.Attributed
	for index, m := range o.Months.All() {
		t.Months.at(index).add(m)
	}
	t.Instants.merge(o.Instants)
	t.Days.merge(o.Days)
	t.DaysWithRows.merge(&o.DaysWithRows)
	t.Fingerprint.add(digest{o.Fingerprint.Hi, o.Fingerprint.Lo})
	t.amounts, t.shares = saturated(t.amounts, o.amounts), saturated(t.shares, o.shares)
	t.Quarantine = append(t.Quarantine, o.Quarantine...)
	slices.SortFunc(t.Quarantine, func(a, b Rejected) int {
		return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.Row, b.Row))
	})
	t.Quarantine = t.Quarantine[:min(len(t.Quarantine), quarantineLimit)]
}

func (r *Range) merge(o Range) {
	if v, ok := o.min.Get(); ok {
		r.include(v)
	}
	if v, ok := o.max.Get(); ok {
		r.include(v)
	}
}

// saturated adds, sticking at the greatest number.
func saturated(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}

// absolute returns |v|, without a branch that cannot be foreseen.
func absolute(v int64) uint64 { return uint64(v^v>>63) - uint64(v>>63) }

// reject keeps an unreadable row, if it is among the first.
func (t *Tally) reject(r Rejected) {
	if t.hasRoom() {
		t.Quarantine = append(t.Quarantine, r)
	}
}

func (t *Tally) hasRoom() bool { return len(t.Quarantine) < quarantineLimit }

// count counts the rows of a batch.
func (t *Tally) count(b *batch, asOf calendar.Day) {
	t.Rows += int64(b.rows)
	t.countDigests(b)
	t.countShares(b)
	t.countDays(b, asOf)
	readable, attributed, least, most := int64(0), int64(0), int64(math.MaxInt64), int64(math.MinInt64)
	for i, fate := range b.fate {
		if fate == Unreadable {
			continue
		}
		readable++
		attributed += int64(b.flags[i] & flagCustomer)
		least, most = min(least, b.instant[i]), max(most, b.instant[i])
	}
	t.Unreadable += int64(b.rows) - readable
	t.Attributed += attributed
	if readable > 0 {
		t.Instants.include(least)
		t.Instants.include(most)
	}
}

// countedDays is how many days countDays counts before it looks for their months.
const countedDays = 1 << 12

// countDays counts rows and amounts. Days are put together first, around that of
// the first row, so that a month is looked for once a day and not once a row.
func (t *Tally) countDays(b *batch, asOf calendar.Day) {
	var byDay [countedDays]Month
	first := calendar.Day(0)
	if at := slices.IndexFunc(b.fate, func(f Fate) bool { return f != Unreadable }); at >= 0 {
		first = b.day[at] - countedDays/2
	}
	n := len(b.fate)
	days, flags, amounts := b.day[:n], b.flags[:n], b.amount[:n]
	sum, carries := uint64(0), uint64(0)
	for i, fate := range b.fate {
		if fate == Unreadable {
			continue
		}
		row := Month{Rows: 1}
		if flags[i]&flagForeign == 0 {
			var carry uint64
			row.Amount = amounts[i]
			sum, carry = bits.Add64(sum, absolute(amounts[i]), 0)
			carries += carry
		}
		if at := uint32(days[i] - first); at < countedDays {
			byDay[at].add(row)
		} else {
			t.enterDay(days[i], asOf).add(row)
		}
	}
	for i := range byDay {
		if byDay[i].Rows > 0 {
			t.enterDay(first+calendar.Day(i), asOf).add(byDay[i])
		}
	}
	if carries > 0 {
		sum = math.MaxUint64
	}
	t.amounts = saturated(t.amounts, sum)
}

// countShares counts the contributions, where there are any.
func (t *Tally) countShares(b *batch) {
	for i, share := range b.contribution {
		if b.fate[i] != Unreadable && b.flags[i]&flagForeign == 0 {
			t.shares = saturated(t.shares, absolute(share))
		}
	}
}

// countDigests adds the rows to the fingerprint, readable or not.
func (t *Tally) countDigests(b *batch) {
	var carry uint64
	hi, lo := t.Fingerprint.Hi, t.Fingerprint.Lo // in registers
	for i := range b.digest {
		lo, carry = bits.Add64(lo, b.digest[i][1], 0)
		hi, _ = bits.Add64(hi, b.digest[i][0], carry)
	}
	t.Fingerprint = Fingerprint{hi, lo}
}

// enterDay notes that there are rows of a day, and returns its month.
func (t *Tally) enterDay(day, asOf calendar.Day) *Month {
	if day <= asOf {
		t.Days.include(int64(day))
		t.DaysWithRows.add(day)
	}
	return t.Months.at(month(day))
}

// month returns the index of the posting month of a day.
func month(d calendar.Day) int32 { return calendar.Calendar{}.Index(calendar.ByMonth, d) }
