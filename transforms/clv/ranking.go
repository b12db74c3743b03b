package clv

import (
	"math"
	"math/bits"

	"github.com/perennial-clv/perennial/transforms/cohort"
)

// ranking gives scores from 1 to a number of classes:
//
//	score(v) = 1 + floor(classes × share of values strictly below v)
//
// Values that are equal share a score, so that no order of rows matters. A score
// is above k where at least ⌈k·n/classes⌉ of the n values are below v, that is
// where the value of that rank is: the values of those ranks, one for each k
// from 1 to classes−1, are all that is kept.
type ranking struct{ limits []int64 }

// score returns the score of v, which is one of the values. It halves without a
// branch, for no branch could be foreseen.
func (r *ranking) score(v int64) int64 {
	below, n := 0, len(r.limits)
	for n > 0 {
		half := (n + 1) / 2
		below += half & -isBelow(r.limits[below+half-1], v)
		n -= half
	}
	return 1 + int64(below)
}

// isBelow returns 1 if a is below b, else 0; the compiler makes no branch of it.
func isBelow[T int64 | uint64](a, b T) int {
	if a < b {
		return 1
	}
	return 0
}

// limitRanks returns the ranks from 0 of the limits among n values, ascending.
func limitRanks(n int, classes int) []int {
	ranks := make([]int, classes-1)
	for k := range ranks {
		high, low := bits.Mul64(uint64(k+1), uint64(n))
		quotient, rest := bits.Div64(high, low, uint64(classes))
		ranks[k] = int(quotient) - 1
		if rest > 0 {
			ranks[k]++
		}
	}
	return ranks
}

// newRanking ranks values, of which there is at least one.
//
// The limits are found digit by digit, from the highest in which values differ:
// a pass counts, of the values that begin as a limit does so far, how often each
// next digit occurs. So nothing is moved, and the counts take the same memory for
// any number of values; the values themselves are held, 8 bytes each.
func newRanking(values *amounts, classes int) ranking {
	const digit = 11
	least, most := values.bounds()
	width := bits.Len64(ordered(least) ^ ordered(most)) // of what is not known yet
	limits := make([]limit, classes-1)
	for k, rank := range limitRanks(values.n, classes) {
		limits[k] = limit{rank, ordered(least) >> width}
	}
	for width > 0 {
		n := min(digit, width)
		width -= n
		nextDigit(values, limits, width, n)
	}
	r := ranking{make([]int64, len(limits))}
	for k := range limits {
		r.limits[k] = int64(limits[k].prefix ^ 1<<63)
	}
	return r
}

// ordered returns v as an unsigned number in the order of the signed ones.
func ordered(v int64) uint64 { return uint64(v) ^ 1<<63 }

// limit is the value of a rank, as far as it is known: it is the one of that
// rank among the values that begin with the prefix.
type limit struct {
	rank   int
	prefix uint64
}

// nextDigit adds the next digit of n bits to each limit's prefix; width bits
// are unknown after it.
func nextDigit(values *amounts, limits []limit, width, n int) {
	var prefixes []uint64 // distinct, ascending as the limits are
	for _, l := range limits {
		if len(prefixes) == 0 || prefixes[len(prefixes)-1] != l.prefix {
			prefixes = append(prefixes, l.prefix)
		}
	}
	counts := make([]int, len(prefixes)<<n)
	mask := uint64(1)<<n - 1
	for _, chunk := range values.chunks {
		for _, v := range chunk {
			begin := ordered(v) >> (width & 63)
			if g := lastNotAbove(prefixes, begin>>(n&63)); prefixes[g] == begin>>(n&63) {
				counts[uint64(g)<<(n&63)|begin&mask]++
			}
		}
	}
	for k := range limits {
		l := &limits[k]
		g := lastNotAbove(prefixes, l.prefix)
		d := 0
		for own := counts[g<<n:]; l.rank >= own[d]; d++ {
			l.rank -= own[d]
		}
		l.prefix = l.prefix<<n | uint64(d)
	}
}

// newRankingOf ranks values that are counted, of which there is at least one.
func newRankingOf(counts *cohort.Series[int64], classes int) ranking {
	first, _ := counts.First()
	n := int64(0)
	for v := first; v < counts.End(); v++ {
		n += counts.Get(v)
	}
	limits := make([]int64, 0, classes-1)
	ranks, passed := limitRanks(int(n), classes), int64(0)
	for v := first; v < counts.End(); v++ {
		passed += counts.Get(v)
		for len(limits) < len(ranks) && int64(ranks[len(limits)]) < passed {
			limits = append(limits, int64(v))
		}
	}
	return ranking{limits}
}

// lastNotAbove returns the place of the last of some ascending numbers that is
// not above v, 0 if all are. It halves without a branch, as score does.
func lastNotAbove(numbers []uint64, v uint64) int {
	at, n := 0, len(numbers)
	for n > 1 {
		half := n / 2
		at += half & (isBelow(v, numbers[at+half]) - 1)
		n -= half
	}
	return at
}

// amounts are values in chunks of one size, so that adding one moves none and
// taking over others copies none.
type amounts struct {
	chunks [][]int64
	n      int
}

const amountsChunk = 1 << 15

func (a *amounts) add(v int64) {
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last]) == cap(a.chunks[last]) {
		a.chunks = append(a.chunks, make([]int64, 0, amountsChunk))
		last++
	}
	a.chunks[last] = append(a.chunks[last], v)
	a.n++
}

// take takes over other values.
func (a *amounts) take(o *amounts) {
	// The chunk to add to next stays the last one.
	a.chunks = append(o.chunks, a.chunks...)
	a.n += o.n
	*o = amounts{}
}

// bounds returns the least and the greatest value.
func (a *amounts) bounds() (least, most int64) {
	least, most = math.MaxInt64, math.MinInt64
	for _, chunk := range a.chunks {
		for _, v := range chunk {
			least, most = min(least, v), max(most, v)
		}
	}
	return least, most
}

// sum returns the sum of the values.
func (a *amounts) sum() (sum int64) {
	for _, chunk := range a.chunks {
		for _, v := range chunk {
			sum += v
		}
	}
	return sum
}
