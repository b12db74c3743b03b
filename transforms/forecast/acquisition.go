package forecast

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
)

// Past is a month of the history of the whole base.
type Past struct {
	Start      calendar.Day
	IsComplete bool
	IsWhole    bool  // customers who bought first in it were really acquired then: it is not left-truncated
	Customers  int64 // acquired
	FirstValue int64 // of their first purchases
	Repeats    int64 // purchases of all customers after their first
}

// History returns the months of the history from the rows of cohorts and of
// business_periods, in their order: every month since the first purchase.
func History(cohorts []clv.Cohort, periods []cohort.BusinessPeriod) (past []Past) {
	repeats := map[calendar.Day]int64{}
	for i := range periods {
		if p := &periods[i]; p.Dimension == cohort.All && p.Grain == calendar.ByMonth {
			repeats[p.Start] = p.PurchaseDays - p.NewCustomers
		}
	}
	for i := range cohorts {
		if c := &cohorts[i]; c.Dimension == cohort.All && c.Grain == calendar.ByMonth {
			past = append(past, Past{
				Start: c.Start, IsComplete: c.IsClosed, IsWhole: !c.IsLeftTruncated,
				Customers: c.Size, FirstValue: c.FirstPurchaseRevenue, Repeats: repeats[c.Start],
			})
		}
	}
	return past
}

// Planned is how many customers a plan acquires in a month.
type Planned struct {
	Month     calendar.Day // its first day
	Customers int64
}

// acquisition is how many customers will be acquired.
type acquisition struct {
	expected  []float64 // by month
	isPlanned []bool    // by month: as the plan says, not forecast
	// relative is the mean square of the errors of forecasts of the next month in
	// the history, relative to the forecasts. Below leastErrors of them it says
	// nothing.
	relative float64
	errors   int
}

const (
	// levelMonths are what the level of acquisition is the mean of: a year, so
	// that no season is in it.
	levelMonths = monthsPerYear
	// trendDamping is φ: what is left of a trend from one month to the next. 0.9
	// lets it go on for ten months in all; Gardner & McKenzie (1985) find 0.8 to
	// 0.98 for series of businesses.
	trendDamping = 0.9
	// leastHistory is the number of months after which the next one is forecast
	// to see how wrong that is, leastErrors how often it takes for an interval.
	leastHistory, leastErrors = 3, 6
)

// acquisitionOf forecasts the customers of the months ahead from the complete
// months of a history that is whole, and puts a plan in their place where it
// names a month.
//
// Of the month of the as-of day only what is left is expected: the same share of
// the forecast as of its days, of a plan what is not yet acquired. Without a
// complete month nothing is expected beside the plan.
func acquisitionOf(past []Past, months []Month, plan []Planned) acquisition {
	counts, first := completeCounts(past)
	a := acquisition{expected: make([]float64, len(months)), isPlanned: make([]bool, len(months))}
	for k, n := range nextCounts(counts, first, len(months)) {
		a.expected[k] = n * months[k].share()
	}
	for k := range months {
		for _, p := range plan {
			if p.Month == months[k].Start {
				a.isPlanned[k] = true
				a.expected[k] = max(0, float64(p.Customers-acquiredIn(past, p.Month)))
			}
		}
	}
	a.relative, a.errors = relativeError(counts, first)
	return a
}

// completeCounts returns the customers acquired month by month, as far as that
// is known, and the calendar month of the first.
func completeCounts(past []Past) (counts []float64, first int) {
	for i := range past {
		if p := &past[i]; p.IsComplete && p.IsWhole {
			if len(counts) == 0 {
				first = calendarMonth(p.Start)
			}
			counts = append(counts, float64(p.Customers))
		}
	}
	return counts, first
}

func acquiredIn(past []Past, month calendar.Day) int64 {
	for i := range past {
		if past[i].Start == month {
			return past[i].Customers
		}
	}
	return 0
}

// nextCounts forecasts so many months that follow those of counts, of which the
// first is a calendar month.
//
//	n(h) = max(0, (ℓ + b·(5.5 + φ + φ² + … + φ^h))·s(m))
//
// s is the seasonal index of acquisition (1 below two whole years), ℓ the mean
// of the last twelve months divided by it, of all where there are fewer: the
// level in the middle of them, 5.5 months before the last. b is the difference
// of ℓ to the mean of the twelve before, ÷ 12, and 0 where there are not as many.
// Nothing without counts. A damped trend: Gardner & McKenzie (1985), "Forecasting
// Trends in Time Series", Management Science 31(10), eq. (4).
func nextCounts(counts []float64, first, steps int) []float64 {
	if len(counts) == 0 {
		return nil
	}
	s, _ := seasonOf(counts, ones(len(counts)), first)
	plain := make([]float64, len(counts))
	for i, n := range counts {
		if plain[i] = n; s[(first+i)%monthsPerYear] > 0 {
			plain[i] /= s[(first+i)%monthsPerYear]
		}
	}
	recent := plain[max(0, len(plain)-levelMonths):]
	level, slope := mean(recent), 0.0
	if len(plain) >= 2*levelMonths {
		slope = (level - mean(plain[len(plain)-2*levelMonths:len(plain)-levelMonths])) / levelMonths
	}
	const sinceMiddle = (levelMonths - 1) / 2.0
	next, grown, damping := make([]float64, steps), sinceMiddle, 1.0
	for h := range next {
		damping *= trendDamping
		grown += damping
		next[h] = max(0, (level+slope*grown)*s[(first+len(counts)+h)%monthsPerYear])
	}
	return next
}

// relativeError forecasts each month of the history from those before it, and
// returns Σ error² ÷ Σ forecast² and the number of errors.
func relativeError(counts []float64, first int) (relative float64, errors int) {
	var squares, size float64
	for i := leastHistory; i < len(counts); i++ {
		next := nextCounts(counts[:i], first, 1)[0]
		squares += (counts[i] - next) * (counts[i] - next)
		size += next * next
		errors++
	}
	if size == 0 {
		return 0, 0
	}
	return squares / size, errors
}

// levelMoves is α: how far an error of one month moves the level that all later
// months are forecast from. That of exponential smoothing whose weights are as
// old on average as those of a mean of twelve, (1−α)/α = 5.5.
const levelMoves = 2.0 / (levelMonths + 1)

// variance returns the variance of what customers to come bring in a month,
// from how many there will be. worth is what those of each month are expected to
// bring in it.
//
//	ρ²·Σ_i (w_i + α·Σ_{j>i} w_j)²
//
// over the months that are not planned. The number of month j is n(j)·(1 + u_j +
// α·Σ_{i<j} u_i) with independent errors u of variance ρ², that of forecasts of
// the next month: simple exponential smoothing in its innovations form (Hyndman,
// Koehler, Ord & Snyder 2008, section 6.3). A plan is taken as given. Not ok
// where forecast customers bring something and the history has too few errors.
func (a *acquisition) variance(worth []float64) (variance float64, ok bool) {
	later, sum := 0.0, 0.0
	for k := len(worth) - 1; k >= 0; k-- {
		if a.isPlanned[k] {
			continue
		}
		own := worth[k] + levelMoves*later
		sum += own * own
		later += worth[k]
	}
	return a.relative * sum, sum == 0 || a.errors >= leastErrors
}

// firstValue returns the mean value of first purchases, in currency: of the
// customers of the last twelve complete months, of all where these have none; 0
// without customers.
func firstValue(past []Past) float64 {
	complete := 0
	for i := range past {
		if past[i].IsComplete {
			complete = i + 1
		}
	}
	for _, part := range [][]Past{past[max(0, complete-levelMonths):complete], past} {
		var customers, value float64
		for i := range part {
			customers += float64(part[i].Customers)
			value += float64(part[i].FirstValue)
		}
		if customers > 0 {
			return inCurrency(value / customers)
		}
	}
	return 0
}

func ones(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = 1
	}
	return list
}

// mean returns the mean of a list that is not empty.
func mean(list []float64) float64 { return total(list) / math.Max(1, float64(len(list))) }
