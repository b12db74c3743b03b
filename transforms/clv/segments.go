package clv

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// FitSegments fits the models that predict to each segment, drawn to those of the
// whole base as far as segments do not differ, and returns their rows of models.
// Where a segment has too few data, and in models that count opportunities, the
// model of the whole base predicts for its customers.
func FitSegments(s *Settings, whole *Fitted, cells *Cells, asOf calendar.Day, stop func() bool, each models.Each) []Model {
	fitting := models.DefaultFitSettings()
	fitting.DaysPerUnit, fitting.Stop, fitting.Each = s.TimeUnit.Days, stop, each
	var rows []Model
	enter := func(of *Model, fits []models.Fit) {
		for i, fit := range fits {
			own := &cells.Segments[i]
			row := Model{
				Fit: fit, Part: cells.By.part(own.Segment), Role: of.Role, TimeUnit: of.TimeUnit,
				Start: own.start(asOf), End: asOf, NetRevenueFactor: of.NetRevenueFactor,
			}
			row.choose()
			if row.Role == ForSpend {
				row.compareFrequency(own.Spend)
			}
			rows = append(rows, row)
		}
	}
	if m := whole.Chosen(ForPurchases, cohort.All); m != nil && !isDiscrete(m.Fit) {
		data := make([]models.Data, len(cells.Segments))
		for i := range data {
			data[i].Cells = cells.Segments[i].Purchases
		}
		enter(m, models.FitPurchasesBySegment(m.Fit, data, fitting))
	}
	if m := whole.pooledSpend(); m != nil {
		data := make([][]models.SpendCell, len(cells.Segments))
		for i := range data {
			data[i] = cells.Segments[i].Spend
		}
		enter(m, models.FitSpendBySegment(m.Fit, data, fitting))
	}
	return rows
}

func isDiscrete(f models.Fit) bool {
	m, ok := f.Purchases()
	return ok && m.Shape().IsDiscrete
}

// start returns the day of the first purchase of all.
func (s *SegmentCells) start(asOf calendar.Day) numeric.Null[calendar.Day] {
	oldest := int32(0)
	for _, c := range s.Purchases {
		oldest = max(oldest, c.T)
	}
	return numeric.Known(asOf - calendar.Day(oldest))
}

// choose lets the segment's model predict if it can.
func (m *Model) choose() {
	_, m.IsChosen = m.Purchases()
	if m.Role == ForSpend {
		_, m.IsChosen = m.Spend()
	}
	if m.IsChosen {
		m.Reason += "; predicts for the customers of the segment"
	} else {
		m.Reason += "; the model of the whole base predicts for the customers of the segment"
	}
}

// predictor is the models that predict for a part of the base.
type predictor struct {
	fit          models.Fit // of purchases
	purchases    models.Purchases
	hasPurchases bool              // a model of purchases is usable
	scorer       *models.Scorer    // of that model
	intervals    *models.Intervals // of predictions
	purchasesID  string            // model behind predictions
	spend        models.Strata     // models of spend; empty where none is usable
	spendIDs     []string          // of these
}

// take takes over the models that were chosen for a part of the base, and reports
// whether one of purchases is among them.
func (p *predictor) take(f *Fitted, part cohort.Dimension) (hasPurchases bool) {
	if m := f.Chosen(ForPurchases, part); m != nil {
		p.fit = m.Fit
		p.purchases, p.hasPurchases = m.Purchases()
		p.purchasesID = m.ID()
		hasPurchases = true
	}
	if spend, ids := f.spend(part); len(spend) > 0 {
		p.spend, p.spendIDs = spend, ids
	}
	return hasPurchases
}

// spendOf returns the model of spend that predicts for customers with x repeat
// purchases of known value; not ok where none is usable.
func (p *predictor) spendOf(x int) (m *models.Stratum, ok bool) {
	if len(p.spend) == 0 {
		return nil, false
	}
	return &p.spend[p.spend.Place(x)], true
}

// spendID returns the id of the model of spend in a place, empty where none is
// usable.
func (p *predictor) spendID(place uint8) string {
	if len(p.spendIDs) == 0 {
		return ""
	}
	return p.spendIDs[place]
}

// addScorers adds the scorer of the whole base, and a predictor for each segment of
// the cells. For the customers of others the models of the whole base predict.
func (v *Valuation) addScorers(f *Fitted, cells *Cells, each models.Each) {
	if cells.By == nil {
		v.scorer = v.newScorer(&v.predictor, cells.of(v.fit.Family), each)
		v.intervals = v.newIntervals(&v.predictor, cells.of(v.fit.Family), each)
		return
	}
	v.segments, v.bySegment = cells.By, make([]*predictor, len(cells.By.Values))
	own := map[int]bool{} // segments with a model of purchases of their own
	for i := range cells.Segments {
		s := &cells.Segments[i]
		p := v.predictor
		if own[s.Segment] = p.take(f, cells.By.part(s.Segment)); own[s.Segment] {
			p.scorer = v.newScorer(&p, s.Purchases, each)
		}
		p.intervals = v.newIntervals(&p, s.Purchases, each)
		v.bySegment[s.Segment] = &p
	}
	all := cells.of(v.fit.Family) // segments have no model of opportunities
	rest := all
	if !v.fit.Family.IsDiscrete() {
		rest = cells.purchasesOf(func(s *SegmentCells) bool { return !own[s.Segment] })
		all = cells.purchasesOf(func(*SegmentCells) bool { return true })
	}
	v.scorer = v.newScorer(&v.predictor, rest, each)
	v.intervals = v.newIntervals(&v.predictor, all, each)
	for segment, p := range v.bySegment {
		if p != nil && !own[segment] {
			p.scorer = v.scorer
		}
	}
}

// of returns what predicts for a customer with a purchase.
func (v *Valuation) of(s *ledger.Customers, i int) *predictor {
	if v.segments != nil {
		if segment, ok := s.Attributes[v.segments.Attribute].Place(i); ok && v.bySegment[segment] != nil {
			return v.bySegment[segment]
		}
	}
	return &v.predictor
}

// modelIDs returns the models behind a value, empty where there is none.
func (v *Value) modelIDs() (purchases, spend string) {
	if v.by == nil {
		return "", ""
	}
	return v.by.purchasesID, v.by.spendID(v.stratum)
}
