package backtest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Results are what backtests of a base came to.
type Results struct {
	Origins
	Rows     []Row // in the order of the key; Choose sets IsChosen
	Grades   clv.Grades
	Tracking []Tracking // of all models at the latest origin
}

// Run takes the base back to each origin, fits the models that a job asks for,
// predicts with them and with the baselines, and compares with what came. first is
// the first purchase of all. Without origins, and where at none of them enough
// customers had bought again, there are no rows, and Reason says so.
func Run(s *clv.Settings, f *cohort.Frame, h *Histories, first numeric.Null[calendar.Day], most int, stop func() bool, each models.Each) Results {
	r := Results{Origins: PlanOrigins(first, f.AsOf, most).between(s.Opportunities), Grades: clv.Grades{Holdouts: map[models.Family]models.Holdout{}, Widenings: map[models.Family]models.Widening{}}}
	held := holdouts{}
	var days []calendar.Day
	for _, origin := range r.Days {
		if stop != nil && stop() {
			break
		}
		c := calibrate(s, h.AsOf(origin), stop, each)
		if !c.hasModel() {
			r.Reason = fmt.Sprintf("as of %s too few customers had bought again", origin)
			continue
		}
		start, _ := first.Get()
		r.grade(s, f, c, start, held, each)
		days = append(days, origin)
	}
	r.Days, r.Grades.Reason = days, r.Reason
	r.conclude(held)
	return r
}

// grade adds the rows of an origin.
func (r *Results) grade(s *clv.Settings, f *cohort.Frame, c *calibration, first calendar.Day, held holdouts, each models.Each) {
	horizon := int(r.Horizon.Days)
	predictions := c.predict(s.Candidates, first, horizon, each)
	came, parts := c.outcome(horizon), partsOf(f, c.past.histories, c.states)
	ofPurchases, ofMoney := ranksOf(parts, came.purchases, each), ranksOf(parts, came.money, each)
	list := make([]graded, 0, 2*len(predictions))
	isLatest := len(r.Rows) == 0
	for _, p := range predictions {
		g := graded{prediction: p, origin: c.past.origin, horizon: r.Horizon}
		g.measure, g.predicted, g.actual, g.ranks = NetRevenue, p.money, came.money, ofMoney
		list = append(list, g)
		g.measure, g.predicted, g.actual, g.ranks = Purchases, p.purchases, came.purchases, ofPurchases
		if p.fit != nil {
			m, _ := p.fit.Purchases()
			g.levels = c.leastLevels(p.fit.Family, m, c.crowdOf(p.fit.Family), horizon, came.purchases, each)
			held.add(p, c, came)
			if isLatest {
				r.Tracking = append(r.Tracking, c.track(p, came, horizon)...)
			}
		}
		list = append(list, g)
	}
	rows := make([][]Row, len(list))
	each.Run(len(list), func(i int) { rows[i] = list[i].rows(parts) })
	r.Rows = append(r.Rows, slices.Concat(rows...)...)
}

// Choose marks the rows of the model that the run predicts with.
func (r *Results) Choose(family models.Family) {
	for i := range r.Rows {
		r.Rows[i].IsChosen = r.Rows[i].Model == string(family)
	}
}

// conclude sorts the rows, and makes of all origins together what they say of each
// model; only those that could be fitted at every origin compare.
func (r *Results) conclude(held holdouts) {
	slices.SortFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), a.Dimension.Compare(b.Dimension),
			cmp.Compare(a.Grain, b.Grain), cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Model, b.Model))
	})
	for family, own := range held {
		w := r.widening(string(family), own.origins)
		for i := range r.Rows {
			if r.Rows[i].Model == string(family) {
				r.Rows[i].cover(w)
			}
		}
		r.Grades.Widenings[family] = w
		if own.origins == len(r.Days) {
			r.Grades.Holdouts[family] = own.Holdout
		}
	}
}

// widening returns how the intervals of a model have to be widened: by what the
// origins at which it could be fitted, so many, say of the whole base, and of sums by
// the measure that is worse.
func (r *Results) widening(model string, origins int) models.Widening {
	var levels []float64
	sums := map[Grain]map[Measure][]sum{ByCohort: {}, Total: {}}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Model != model || row.Dimension != cohort.All {
			continue
		}
		levels = append(levels, row.levels...)
		if row.sums != nil {
			sums[row.Grain][row.Measure] = append(sums[row.Grain][row.Measure], row.sums...)
		}
	}
	added := func(grain Grain) float64 {
		return max(sumError(sums[grain][Purchases], origins), sumError(sums[grain][NetRevenue], origins))
	}
	return models.Widening{Level: customerLevel(levels), Cohort: added(ByCohort), Total: added(Total)}
}

// holdouts are what models are compared by, of all origins together.
type holdouts map[models.Family]*heldOut

type heldOut struct {
	models.Holdout
	origins int
}

// add adds a model's prediction at an origin.
func (h holdouts) add(p *prediction, c *calibration, came *outcome) {
	own := h[p.fit.Family]
	if own == nil {
		own = &heldOut{}
		own.Deviances = make([]float64, c.past.histories.Len())
		h[p.fit.Family] = own
	}
	own.origins++
	own.Predictions += int64(len(c.states))
	var predicted, actual numeric.Sum
	for i, expected := range p.purchases {
		own.Deviances[c.states[i].Customer] += deviance(expected, came.purchases[i])
		predicted.Add(expected)
		actual.Add(came.purchases[i])
	}
	own.Predicted += predicted.Value()
	own.Actual += actual.Value()
}
