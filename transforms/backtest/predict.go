package backtest

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// The baselines, which any model has to beat.
const (
	FourStep      = "four_step"
	NaiveLastYear = "naive_last_year"
	DoNothing     = "do_nothing"
)

// Baselines are the baselines with how they predict.
var Baselines = []ledger.Term{
	{Name: DoNothing, Doc: "Nobody ever buys again."},
	{Name: FourStep, Doc: "As in clv_formulas, spread over the horizon: every customer active in the last window goes on as those customers did on average in it, a day's purchases and net revenue each day, for window ÷ (1 − retention_rate) days or to the end of the horizon; the others bring nothing. The window is the last 365 days, 91 or 30, the longest that fits twice into the history; without one, or without anybody active in both windows, there are no rows."},
	{Name: NaiveLastYear, Doc: "Each customer does again what they did in the same length of time before the origin, first purchases included."},
}

// prediction is what a model or a baseline expected of the customers of a
// calibration within the horizon, in their order.
type prediction struct {
	name      string
	purchases []float64
	money     []float64 // net revenue, in currency

	// Of models only.
	fit       *models.Fit
	moved     [][]float64 // purchases expected by each model of Fit.Moved
	variances []float64   // of the purchases, left to chance
	worth     []worth     // of the net revenue
	hasWorth  bool        // the latter are known: there is a model of spend
}

// worth is what a purchase of a customer brings.
type worth struct {
	value    float64 // expected, in currency
	variance float64 // of the customer's net revenue, left to chance
}

// predict predicts with every usable model that competes or stands in, and with
// the baselines. bg_nbd is fitted for comparison only, unless it is asked for.
func (c *calibration) predict(candidates []models.Family, first calendar.Day, horizon int, each models.Each) []*prediction {
	var list []*prediction
	for _, family := range competitors(candidates) {
		fit := c.fits.Of(family)
		if fit == nil { // nbd, under contracts
			continue
		}
		if m, ok := fit.Purchases(); ok {
			list = append(list, c.byModel(fit, m, horizon, each))
		}
	}
	list = append(list, c.constant(DoNothing), c.lastYear(horizon))
	if r := c.newRepurchase(first); r.window > 0 {
		list = append(list, c.fourStep(&r, horizon))
	}
	return list
}

// competitors are the candidates with nbd, which stands in where none is eligible.
func competitors(candidates []models.Family) []models.Family {
	list := []models.Family{models.NBD}
	for _, family := range candidates {
		if family != models.NBD {
			list = append(list, family)
		}
	}
	return list
}

// constant expects nothing of anybody; it is what others begin with.
func (c *calibration) constant(name string) *prediction {
	return &prediction{name: name, purchases: make([]float64, len(c.states)), money: make([]float64, len(c.states))}
}

func (c *calibration) lastYear(horizon int) *prediction {
	p := c.constant(NaiveLastYear)
	for i := range c.states {
		did := c.past.Trade(c.states[i].Customer, c.past.origin-calendar.Day(horizon), c.past.origin)
		p.purchases[i], p.money[i] = float64(did.Purchases), float64(did.NetRevenue)/money.Scale
	}
	return p
}

func (c *calibration) fourStep(r *repurchase, horizon int) *prediction {
	p := c.constant(FourStep)
	days := math.Min(float64(horizon), r.days)
	for i := range c.states {
		if c.past.Trade(c.states[i].Customer, c.past.origin-calendar.Day(r.window), c.past.origin).Purchases > 0 {
			p.purchases[i], p.money[i] = r.purchases*days, r.netMoney*days
		}
	}
	return p
}

// byModel predicts with a model.
func (c *calibration) byModel(fit *models.Fit, m models.Purchases, horizon int, each models.Each) *prediction {
	p := c.constant(string(fit.Family))
	p.fit, p.variances, p.worth, p.hasWorth = fit, make([]float64, len(c.states)), make([]worth, len(c.states)), len(c.spending.strata) > 0
	h, crowd := float64(horizon)/c.settings.Unit(fit.Family).Days, c.crowdOf(fit.Family)
	crowd.visit(m, each, func(futures []models.Future, customers []int32) {
		weights, expected, squares := make([]float64, len(futures)), make([]float64, len(futures)), make([]float64, len(futures))
		for stage, f := range futures {
			expected[stage], squares[stage] = f.Expected(h), models.MeanSquare(f, h)
		}
		for _, i := range customers {
			crowd.alive(m, i, weights)
			mean, square := 0.0, 0.0
			for stage, w := range weights {
				mean += w * expected[stage]
				square += w * squares[stage]
			}
			p.enter(int(i), mean, square, &c.states[i], &c.spending)
		}
	})
	for _, moved := range fit.Moved() {
		p.moved = append(p.moved, c.expected(moved, crowd, h, each))
	}
	return p
}

// enter enters what is expected of a customer: E[N] and E[N²] of purchases N, and
// the net revenue of N purchases of values V around the customer's mean Z,
//
//	E[N]·E[Z],   variance  E[N]·E[V²] + (E[N²] − E[N])·E[Z²] − (E[N]·E[Z])²
func (p *prediction) enter(i int, mean, square float64, s *State, spending *spending) {
	value, ofMean, ofPurchase := spending.of(s)
	p.purchases[i], p.money[i] = mean, mean*value
	p.variances[i] = max(0, square-mean*mean)
	ofZ := value * value * (1 + ofMean)
	ofV := ofZ * (1 + ofPurchase)
	p.worth[i] = worth{value, max(0, mean*ofV+max(0, square-mean)*ofZ-mean*mean*value*value)}
}

// expected returns the purchases that a model expects.
func (c *calibration) expected(m models.Purchases, crowd *crowd, h float64, each models.Each) []float64 {
	list := make([]float64, len(c.states))
	crowd.visit(m, each, func(futures []models.Future, customers []int32) {
		weights, expected := make([]float64, len(futures)), make([]float64, len(futures))
		for stage, f := range futures {
			expected[stage] = f.Expected(h)
		}
		for _, i := range customers {
			crowd.alive(m, i, weights)
			for stage, w := range weights {
				list[i] += w * expected[stage]
			}
		}
	})
	return list
}

// parameterVariance returns the variance of the logarithm of what is expected of
// some customers together that is due to the fit's uncertainty. weight is what a
// purchase of each counts.
func (p *prediction) parameterVariance(customers []int32, weight func(i int32) float64) float64 {
	if p.fit == nil || len(p.moved) == 0 {
		return 0
	}
	values := make([]float64, len(p.moved))
	for k, moved := range p.moved {
		var sum numeric.Sum
		for _, i := range customers {
			sum.Add(moved[i] * weight(i))
		}
		values[k] = sum.Value()
	}
	return p.fit.VarianceOf(values)
}
