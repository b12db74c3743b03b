package clv

import (
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Status says how far a customer's prediction can be trusted.
type Status uint8

// The statuses, in table customers as prediction_status.
const (
	Predicted        Status = iota
	PopulationMean          // the value of a purchase is the population's: no repeat purchase, or none of positive value
	InsufficientData        // no usable fit: predictions are null
	NotModelled             // the job asks for no model: predictions are null
	NoPurchase
)

// Statuses are the statuses with their meaning.
var Statuses = []ledger.Term{
	Predicted:        {Name: "predicted", Doc: "Both models predict for this customer."},
	PopulationMean:   {Name: "population_mean", Doc: "The value of a purchase is the population's (where models by frequency predict, that of the lowest), for the customer has no repeat purchase, or none of positive value; the number of purchases is predicted as usual."},
	InsufficientData: {Name: "insufficient_data", Doc: "No model of purchases could be used, so there are no predictions; models says why."},
	NotModelled:      {Name: "not_modelled", Doc: "The job asks for no models (models.candidates: none), so there are no predictions."},
	NoPurchase:       {Name: "no_purchase", Doc: "The customer has no purchase, so there is nothing to predict from."},
}

// String returns the status's name.
func (s Status) String() string { return Statuses[s].Name }

// Basis is what a value is counted in.
type Basis string

// The bases, in the order of the tables.
const (
	Contribution Basis = "contribution"
	NetRevenue   Basis = "net_revenue"
)

// Valuation values customers: the chosen models, the factors and the discount
// rate. It is read-only after NewValuation.
type Valuation struct {
	Settings        Settings
	HasContribution bool // contribution is known for every kept row

	predictor                          // of the whole base
	segments     *Segmentation         // nil where the customers are not divided
	bySegment    []*predictor          // nil where the whole base's predicts
	unscored     Status                // of customers with a purchase where no model of purchases is usable
	meanPurchase float64               // in currency, where no model of spend is usable
	net          float64               // net revenue ÷ purchase value
	contribution numeric.Null[float64] // contribution ÷ net revenue
	widening     models.Widening       // of intervals
	year         int                   // index of Year among the horizons
}

// NewValuation puts what was fitted and the job's choices about value together.
// cells are those of the customers to value.
func NewValuation(s Settings, f *Fitted, cells *Cells, hasContribution bool, each models.Each) *Valuation {
	v := &Valuation{Settings: s, HasContribution: hasContribution, unscored: InsufficientData}
	if len(s.Candidates) == 0 {
		v.unscored = NotModelled
	}
	v.widening = f.Widening
	v.predictor.take(f, cohort.All)
	if v.fit.Family.IsDiscrete() { // a fit may be of an earlier day
		v.fit.Opportunity.Elapsed = s.Opportunities.Elapsed()
		v.purchases, v.hasPurchases = v.fit.Purchases()
	}
	if v.hasPurchases {
		v.addScorers(f, cells, each)
	}
	v.meanPurchase, _ = f.Factors.MeanPurchase.Get()
	v.net, _ = f.Factors.NetRevenue.Get()
	v.contribution = f.Factors.Contribution
	v.year = slices.Index(s.Horizons, Year)
	return v
}

// Value is what is expected of a customer, before money is rounded.
type Value struct {
	Status  Status
	stratum uint8        // place of the model of spend that predicts
	by      *predictor   // nil where there is no model
	score   models.Score // likewise without prospects
	x, T    int32        // as scored
	spend   float64      // expected net revenue of a purchase, in currency

	// Where there is a model, what most tables want of the prospects, which
	// are far apart in memory: in net revenue, null where it is infinite.
	residual  numeric.Null[int64] // without end, discounted to the as-of day
	purchases float64             // expected within a year
	year      numeric.Null[int64] // their value
}

// isScored reports whether there is a model to predict with.
func (v *Value) isScored() bool { return v.score.IsScored() }

// Alive returns the probability of being alive.
func (v *Value) Alive() (float64, bool) { return v.score.Alive, v.isScored() }

// Values values customers, in their order, in the memory of values as far as
// it suffices. Each value is a function of the models and of that customer's
// entry alone.
func (v *Valuation) Values(values []Value, s *ledger.Customers, asOf calendar.Day) []Value {
	values = slices.Grow(values[:0], s.Len())[:s.Len()]
	clear(values)
	for customer := range values {
		switch {
		case !s.HasPurchase(customer):
			values[customer].Status = NoPurchase
		case v.scorer == nil:
			values[customer].Status = v.unscored
		default:
			v.enter(&values[customer], s, customer, asOf)
		}
	}
	return values
}

func (v *Valuation) newScorer(p *predictor, cells []models.Cell, each models.Each) *models.Scorer {
	return models.NewScorer(p.purchases, v.unit().Days, v.Settings.deltaPerDay(), v.horizonDays(), cells, each)
}

// horizonDays are the lengths of the horizons.
func (v *Valuation) horizonDays() []float64 {
	days := make([]float64, len(v.Settings.Horizons))
	for i, h := range v.Settings.Horizons {
		days[i] = h.Days
	}
	return days
}

// unit returns the unit of time of the model of purchases.
func (v *Valuation) unit() TimeUnit { return v.Settings.Unit(v.fit.Family) }

// state returns what the model of purchases knows of a customer with a purchase:
// x, t_x and T in days, or by opportunities where the model counts these.
func (v *Valuation) state(s *ledger.Customers, i int, asOf calendar.Day) (x, tx, T int32) {
	if v.fit.Family.IsDiscrete() {
		t := v.Settings.Opportunities.OfCustomer(s, i)
		return t.X, t.Tx, t.T
	}
	first := s.First[i]
	return s.X(i), int32(s.Last[i] - first), v.age(first, asOf)
}

// age returns T of who bought first on a day, as the model of purchases counts it.
func (v *Valuation) age(first, asOf calendar.Day) int32 {
	if v.fit.Family.IsDiscrete() {
		return v.Settings.Opportunities.Since(first)
	}
	return int32(asOf - first)
}

// enter enters the value of a customer with a purchase.
func (v *Valuation) enter(value *Value, s *ledger.Customers, i int, asOf calendar.Day) {
	repeats, p := s.X(i), v.of(s, i)
	x, tx, T := v.state(s, i, asOf)
	value.by, value.x, value.T = p, x, T
	value.score = p.scorer.Score(x, tx, T)
	value.Status = PopulationMean
	averaged, mean := 0, 0.0
	if repeats > 0 && s.RepeatValue[i] > 0 && len(p.spend) > 0 {
		value.Status = Predicted
		averaged, mean = int(repeats), float64(s.RepeatValue[i])/money.Scale/float64(repeats)
	}
	value.stratum = uint8(p.spend.Place(averaged))
	value.spend = v.purchaseValue(p, averaged, mean) * v.net
	value.residual = v.residual(value)
	value.purchases, value.year = v.withinYear(value)
}

// purchaseValue returns the expected value of a purchase, in currency, of a
// customer whose x repeat purchases had the given mean; x = 0 is the
// population's, by frequency that of the lowest stratum.
func (v *Valuation) purchaseValue(p *predictor, x int, mean float64) float64 {
	m, ok := p.spendOf(x)
	if !ok {
		return v.meanPurchase
	}
	purchase, _ := m.Model.Expected(x, mean).Get()
	return purchase
}

// HasManyModels reports whether customers are predicted by different models: there
// are segments, or models of spend by frequency.
func (v *Valuation) HasManyModels() bool { return v.segments != nil || len(v.spend) > 1 }

// bases are the bases that values are computed in, in the order of the tables.
func (v *Valuation) bases() []Basis {
	if v.HasContribution {
		return []Basis{Contribution, NetRevenue}
	}
	return []Basis{NetRevenue}
}

// inBasis returns net revenue in a basis; not ok for contribution where the
// base has no net revenue.
func (v *Valuation) inBasis(net float64, basis Basis) (float64, bool) {
	if basis == NetRevenue {
		return net, true
	}
	share, ok := v.contribution.Get()
	return net * share, ok
}

// Prediction is what is expected of a customer within a horizon.
type Prediction struct {
	Purchases     numeric.Null[float64] // null where infinite
	PurchaseValue numeric.Null[int64]
	Value         numeric.Null[int64] // undiscounted; null where infinite
	Residual      numeric.Null[int64] // discounted to the as-of day; null where infinite
	Interval                          // of Residual
	Probability   numeric.Null[float64]

	// Quantiles of the number of purchases; null for the lifetime.
	PurchasesLow, PurchasesMedian, PurchasesHigh numeric.Null[int64]
}

// predict reads a value in one basis at one horizon. Money is rounded
// half-even here, per customer, so that sums over customers are exact.
func (v *Valuation) predict(value *Value, horizon int, basis Basis) Prediction {
	if !value.isScored() {
		return Prediction{}
	}
	outlook := value.score.Outlook(horizon)
	spend, ok := v.inBasis(value.spend, basis)
	if !ok {
		return Prediction{}
	}
	p := Prediction{
		PurchaseValue: rounded(spend),
		Value:         rounded(outlook.Expected * spend),
		Residual:      rounded(outlook.Discounted * spend),
		Interval:      v.interval(value, horizon, outlook.Discounted*spend),
		Probability:   numeric.Known(outlook.ProbabilityOfPurchase),
	}
	p.counts(v, value, horizon)
	if !math.IsInf(outlook.Expected, 0) {
		p.Purchases = numeric.Known(outlook.Expected)
	}
	return p
}

// residual returns the residual value without end, in net revenue, of a value
// that is scored: that of predict.
func (v *Valuation) residual(value *Value) numeric.Null[int64] {
	lifetime := value.score.Outlook(v.lifetime())
	return rounded(lifetime.Discounted * value.spend)
}

// withinYear returns the expected purchases of the next year and their value in
// net revenue, of a value that is scored: those of predict.
func (v *Valuation) withinYear(value *Value) (purchases float64, amount numeric.Null[int64]) {
	purchases = value.score.Outlook(v.year).Expected
	return purchases, rounded(purchases * value.spend)
}

// rounded returns currency in units of 10^-4, and null where it is not finite
// or too large.
func rounded(currency float64) numeric.Null[int64] {
	amount, fault := money.FromNumber(currency)
	if fault != money.NoFault {
		return numeric.Null[int64]{}
	}
	return numeric.Known(amount)
}
