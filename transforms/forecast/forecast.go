package forecast

import (
	"maps"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Grain is what a row adds up over.
type Grain uint8

// The grains, in the order of the table.
const (
	ByCohort Grain = iota
	InTotal
	ByVintage
)

// Grains are the grains with their meaning.
var Grains = []ledger.Term{
	ByCohort:  {Name: "cohort", Doc: "One cohort by month of first purchase."},
	InTotal:   {Name: "total", Doc: "Existing and future customers together; of the whole base only."},
	ByVintage: {Name: "vintage", Doc: "All cohorts of a vintage together."},
}

// Vintage is whether customers are there or to come.
type Vintage uint8

// The vintages, in the order of the table.
const (
	AllVintages Vintage = iota
	Existing
	Future
)

// Vintages are the vintages with their meaning.
var Vintages = []ledger.Term{
	AllVintages: {Name: "all", Doc: "Both, in rows of the grain total."},
	Existing:    {Name: "existing", Doc: "Customers who have bought up to the as-of day."},
	Future:      {Name: "future", Doc: "Customers who will buy first in the months ahead; of the whole base only, for how new customers divide among parts is not forecast."},
}

// line is what is expected in one month, or after the last.
type line struct {
	amounts
	variances
	purchases float64 // number; +Inf where what follows has no end
	active    float64 // customers with a purchase; of months only
	acquired  float64 // customers with their first purchase
	value     float64 // net revenue before rounding, in currency
}

func (l *line) add(o *line) {
	l.amounts.add(&o.amounts)
	l.variances.add(&o.variances)
	l.purchases += o.purchases
	l.active += o.active
	l.acquired += o.acquired
	l.value += o.value
}

// block is the rows of one cohort or sum: a line for each month and one for what
// follows.
type block struct {
	dimension cohort.Dimension
	grain     Grain
	vintage   Vintage
	cohort    numeric.Null[calendar.Day]
	lines     []line
}

// sumOf returns the sum of blocks, of which there may be none.
func sumOf(d cohort.Dimension, g Grain, v Vintage, lines int, blocks ...block) block {
	sum := block{dimension: d, grain: g, vintage: v, lines: make([]line, lines)}
	for k := range sum.lines {
		sum.lines[k].amounts = zeroAmounts()
		for i := range blocks {
			sum.lines[k].add(&blocks[i].lines[k])
		}
	}
	return sum
}

// Forecast is what is expected of the base in the months ahead.
type Forecast struct {
	assumptions clv.Assumptions
	horizon     horizon
	rates       rates
	acquisition acquisition
	hasSeason   bool
	perPurchase float64 // orders ÷ purchases of the base
	parts       [][]block
}

// Base is what a forecast is made of.
type Base struct {
	AsOf   calendar.Day
	Sums   *Sums
	Sample *Sample
	Past   []Past // in order, without gaps
	Totals *ledger.Totals
	Plan   []Planned
}

// New computes the forecast of a base. Without a usable model of purchases it
// has no rows.
func New(v *clv.Valuation, b *Base, each models.Each) *Forecast {
	f := &Forecast{perPurchase: 1}
	a, ok := v.Assumptions()
	if !ok {
		return f
	}
	f.assumptions = a
	f.horizon = horizon{months: Months(b.AsOf, DefaultMonths), daysPerUnit: a.DaysPerUnit}
	f.horizon.season, f.hasSeason = seasonOfRepeats(a.Model, a.DaysPerUnit, b.Past)
	f.rates = rates{a.NetFactor, a.Contribution}
	f.acquisition = acquisitionOf(b.Past, f.horizon.months, b.Plan)
	if ratio, ok := numeric.Ratio(b.Totals.Orders, b.Totals.PurchaseDays).Get(); ok {
		f.perPurchase = ratio
	}
	groups := groupsOf(&a, &f.horizon, b.Sums, each)
	logVariances := b.Sample.variances(&a.Fit, &f.horizon)
	all := f.existing(groups[cohort.All], logVariances)
	future := f.future(b)
	f.enter(cohort.All, all, future)
	f.split(groups, all, logVariances)
	return f
}

// existing returns the blocks of the cohorts of the whole base, in their order.
func (f *Forecast) existing(cohorts cohortGroups, logVariances []float64) []block {
	var blocks []block
	for _, index := range slices.Sorted(maps.Keys(cohorts)) {
		g := cohorts[index]
		b := f.blockOf(cohort.All, index, g, logVariances)
		for k := range b.lines {
			discount := 0.0
			if k < len(f.horizon.months) {
				discount = f.horizon.months[k].discount(f.assumptions.DeltaPerDay)
			}
			b.lines[k].amounts = f.rates.amountsOf(b.lines[k].value, discount)
		}
		f.finish(&b, g)
		blocks = append(blocks, b)
	}
	return blocks
}

// finish sets the discounted amounts of what follows the months of a cohort that
// is there.
func (f *Forecast) finish(b *block, g *group) {
	last := len(b.lines) - 1
	contribution := amount{}
	if _, ok := f.rates.contribution.Get(); ok {
		contribution = g.contribution.known()
	}
	b.lines[last].remains(g.residual.known(), contribution, b.lines[:last])
}

// known returns the amount; null where that of a customer is not known.
func (l *lifetime) known() amount {
	if l.unknown > 0 {
		return amount{}
	}
	return numeric.Known(l.amount)
}

// blockOf returns the block of a cohort that is there, without amounts.
func (f *Forecast) blockOf(d cohort.Dimension, index int32, g *group, logVariances []float64) block {
	b := block{dimension: d, grain: ByCohort, vintage: Existing, lines: make([]line, len(g.flows))}
	b.cohort = numeric.Known(calendar.Calendar{}.Start(calendar.ByMonth, index))
	unit := unitOf(&f.assumptions)
	for k := range g.flows {
		from, to := &g.flows[k], &b.lines[k]
		to.purchases, to.active, to.value = from.purchases.Value(), from.active.Value(), from.value.Value()*unit
		if k < len(f.horizon.months) {
			to.process = from.variance.Value() * unit * unit
			to.parameter = parameterDeviation(to.value, logVariances[k])
		}
	}
	return b
}

// split divides the whole base's cohorts among the values of each split.
func (f *Forecast) split(all groups, whole []block, logVariances []float64) {
	dimensions := slices.SortedFunc(maps.Keys(all), cohort.Dimension.Compare)
	for from := 0; from < len(dimensions); {
		to := from + 1
		for to < len(dimensions) && dimensions[to].Name == dimensions[from].Name {
			to++
		}
		if dimensions[from] != cohort.All {
			f.splitBy(dimensions[from:to], all, whole, logVariances)
		}
		from = to
	}
}

// splitBy divides the cohorts among the values of one split.
func (f *Forecast) splitBy(values []cohort.Dimension, all groups, whole []block, logVariances []float64) {
	parts := make([][]block, len(values))
	for i := range whole {
		first, _ := whole[i].cohort.Get()
		index := calendar.Calendar{}.Index(calendar.ByMonth, first)
		var own []block
		var groups []*group
		var of []int
		for p, d := range values {
			if g, ok := all[d][index]; ok {
				own, groups, of = append(own, f.blockOf(d, index, g, logVariances)), append(groups, g), append(of, p)
			}
		}
		shares := make([]float64, len(own))
		for k := range whole[i].lines {
			for p := range own {
				shares[p] = own[p].lines[k].value
			}
			for p, a := range whole[i].lines[k].divide(shares) {
				own[p].lines[k].amounts = a
			}
		}
		for p := range own {
			f.finish(&own[p], groups[p])
			parts[of[p]] = append(parts[of[p]], own[p])
		}
	}
	for p, d := range values {
		f.enter(d, parts[p], nil)
	}
}

// enter enters the cohorts of a part of the base and their sums.
func (f *Forecast) enter(d cohort.Dimension, existing, future []block) {
	if len(existing)+len(future) == 0 {
		return
	}
	lines := len(f.horizon.months) + 1
	blocks := slices.Concat(existing, future)
	if d == cohort.All {
		blocks = append(blocks, sumOf(d, InTotal, AllVintages, lines, blocks...))
	}
	blocks = append(blocks, sumOf(d, ByVintage, Existing, lines, existing...))
	if len(future) > 0 {
		blocks = append(blocks, sumOf(d, ByVintage, Future, lines, future...))
	}
	f.parts = append(f.parts, blocks)
}

// future returns the blocks of the cohorts to come, in their order.
func (f *Forecast) future(b *Base) (blocks []block) {
	first := firstValue(b.Past) * f.assumptions.NetFactor
	n := newNewcomers(&f.assumptions, &f.horizon, b.AsOf)
	logVariances := variancesOfNew(&f.assumptions.Fit, &f.horizon)
	for month, count := range f.acquisition.expected {
		if count > 0 {
			blocks = append(blocks, f.blockOfNew(n.of(month), first, logVariances[month]))
		}
	}
	return blocks
}

// blockOfNew returns the block of a cohort to come, whose first purchases are
// worth first each.
func (f *Forecast) blockOfNew(n newcomer, first float64, logVariances []float64) block {
	var (
		a, months = &f.assumptions, f.horizon.months
		count     = f.acquisition.expected[n.month]
		begin     = months[n.month].discount(a.DeltaPerDay)
		b         = block{dimension: cohort.All, grain: ByCohort, vintage: Future, cohort: numeric.Known(months[n.month].Start), lines: make([]line, len(months)+1)}
		own       = a.Purchase * a.Purchase * (1 + a.OwnSpread)
		spread    = a.Spread(0)
	)
	for k := range b.lines {
		to, repeats := &b.lines[k], n.demand.purchases[k]
		firsts := 0.0
		if k == n.month {
			firsts, to.acquired = first, count
		}
		each := firsts + times(repeats, a.Purchase)
		to.purchases, to.value = to.acquired+count*repeats, count*each
		if k == len(months) {
			to.amounts = f.rates.amountsOf(to.value, 0)
			break
		}
		to.active = max(to.acquired, count*n.demand.active[k])
		to.parameter = parameterDeviation(count*repeats*a.Purchase, logVariances[k])
		square := firsts*firsts*(1+a.OwnSpread)*(1+spread) + 2*firsts*repeats*a.Purchase + varianceOf(repeats, n.demand.second[k], own, 0, spread)
		to.process = max(0, count*(square-each*each))
		to.worth = make([]float64, len(months))
		to.worth[n.month] = to.value
		to.amounts = f.rates.amountsOf(to.value, months[k].discount(a.DeltaPerDay))
	}
	last := len(b.lines) - 1
	net := count * (first*begin + times(n.lifetime, a.Purchase))
	contribution := amount{}
	if share, ok := f.rates.contribution.Get(); ok {
		contribution = inUnits(net * share)
	}
	b.lines[last].remains(inUnits(net), contribution, b.lines[:last])
	return b
}

// times returns a number of purchases × a value, 0 where that is nothing.
func times(purchases, value float64) float64 {
	if value == 0 {
		return 0
	}
	return purchases * value
}

// Residuals returns what the discounted net revenue of customers who are there
// adds up to, months and what follows, over the values of each dimension;
// without those of which something is not known.
func (f *Forecast) Residuals() map[string]int64 {
	sums, unknown := map[string]int64{}, map[string]bool{}
	for _, blocks := range f.parts {
		for i := range blocks {
			if b := &blocks[i]; b.grain == ByVintage && b.vintage == Existing {
				for k := range b.lines {
					units, ok := b.lines[k].discounted.Get()
					sums[b.dimension.Name] += units
					unknown[b.dimension.Name] = unknown[b.dimension.Name] || !ok
				}
			}
		}
	}
	maps.DeleteFunc(sums, func(name string, _ int64) bool { return unknown[name] })
	return sums
}
