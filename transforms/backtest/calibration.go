package backtest

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// calibration is all that is known at an origin: customers and what was fitted
// to them. It is made of a Past alone.
type calibration struct {
	past     Past
	states   []State
	fits     clv.Fits
	spending spending
	settings clv.Settings // with opportunities as of the origin
	days     *crowd       // the states as models count them: days
	taken    *crowd       // or opportunities; nil where no candidate does
}

// calibrate fits the models that a job asks for to what was known.
func calibrate(s *clv.Settings, p Past, stop func() bool, each models.Each) *calibration {
	c := &calibration{past: p, states: slices.Collect(p.States()), settings: *s}
	c.settings.Opportunities = s.Opportunities.AsOf(p.origin)
	c.settings.StartFrom = nil // an earlier run's fits may know what came later
	c.days = newCrowd(c.states, s.TimeUnit.Days)
	cells, gaps := p.entered()
	if s.HasDiscrete() {
		taken := p.takenStates(c.states, c.settings.Opportunities, cells)
		c.taken = newCrowd(taken, 1)
	}
	cells.Compact()
	c.fits = clv.FitAll(&c.settings, cells, gaps, stop, each)
	c.spending = newSpending(c.states, &c.fits)
	return c
}

// crowdOf returns the states as the models of a family count them.
func (c *calibration) crowdOf(family models.Family) *crowd {
	if family.IsDiscrete() {
		return c.taken
	}
	return c.days
}

// spending is what a purchase is expected to bring.
type spending struct {
	strata models.Strata // models of spend, by frequency; empty where none is usable
	mean   float64       // value of a purchase in currency, where there is no model
	net    float64       // net revenue ÷ value of purchases
}

// newSpending returns what table models calls net_revenue_factor, and the models
// of spend, of customers.
func newSpending(states []State, fits *clv.Fits) (s spending) {
	var net, value, purchases int64
	for i := range states {
		net += states[i].NetRevenue
		value += states[i].FirstValue + states[i].RepeatValue
		purchases += int64(states[i].X) + 1
	}
	s.strata = fits.SpendStrata()
	mean, _ := numeric.Ratio(value, purchases).Get()
	s.mean = mean / money.Scale
	s.net, _ = numeric.Ratio(net, value).Get()
	return s
}

// of returns the net revenue expected of a purchase of a customer, in currency,
// and the squares of two coefficients of variation: of what the customer's
// purchases are on average, which is not known either, and of a purchase around
// that: Spend.OwnSpread and 1/p. Both are 0 without a model.
func (s *spending) of(c *State) (value, ofMean, ofPurchase float64) {
	if len(s.strata) == 0 {
		return s.mean * s.net, 0, 0
	}
	x, mean := 0, 0.0
	if c.X > 0 && c.RepeatValue > 0 {
		x, mean = int(c.X), float64(c.RepeatValue)/money.Scale/float64(c.X)
	}
	model := s.strata[s.strata.Place(x)].Model
	expected, _ := model.Expected(x, mean).Get()
	return expected * s.net, model.OwnSpread(x), 1 / model.P
}

// repurchase is what the formulas of clv_formulas with a retention rate say at an
// origin: what an active customer does in a day, and for how many days.
type repurchase struct {
	window              int     // days; 0 where the history is too short
	purchases, netMoney float64 // of an active customer in a day
	days                float64 // until such a customer is taken to have left; may be +Inf
}

// repurchaseWindows are the windows of the formulas, in days, the longest that
// fits twice into the history first.
var repurchaseWindows = [...]int{365, 91, 30}

// newRepurchase computes them from the last window before the origin and the one
// before it. first is the first purchase of all.
func (c *calibration) newRepurchase(first calendar.Day) (r repurchase) {
	origin := c.past.origin
	for _, w := range repurchaseWindows {
		if int(origin-first)+1 >= 2*w {
			r.window = w
			break
		}
	}
	if r.window == 0 {
		return r
	}
	start := origin - calendar.Day(r.window)
	var active, before, retained, purchases, net int64
	for i := range c.states {
		customer := c.states[i].Customer
		now, then := c.past.Trade(customer, start, origin), c.past.Trade(customer, start-calendar.Day(r.window), start)
		net += now.NetRevenue
		purchases += now.Purchases
		active += min(1, now.Purchases)
		before += min(1, then.Purchases)
		retained += min(1, now.Purchases) * min(1, then.Purchases)
	}
	if active == 0 || before == 0 {
		return repurchase{}
	}
	days := float64(active) * float64(r.window)
	r.purchases, r.netMoney = float64(purchases)/days, float64(net)/money.Scale/days
	r.days = float64(r.window) * float64(before) / float64(before-retained) // +Inf where all came back
	return r
}

// hasModel reports whether enough is known for any model: nbd, the simplest, can
// be used, or under contracts some other.
func (c *calibration) hasModel() bool {
	return slices.ContainsFunc(c.fits.Purchases, func(f models.Fit) bool {
		_, ok := f.Purchases()
		return ok && (f.Family == models.NBD || f.Family.IsContractual())
	})
}
