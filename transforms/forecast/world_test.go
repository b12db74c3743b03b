package forecast

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// person is a customer of a test's base. money is in units of 10^-4.
type person struct {
	first, last calendar.Day
	x           int32
	firstValue  int64
	repeatValue int64
	attributes  [2]int32 // values of the splits
}

// values are those of both splits of a test's base.
var values = []string{"a", "b", "c"}

// customersOf puts people into columns; who has no purchase has a negative x.
func customersOf(people []person) *ledger.Customers {
	c := &ledger.Customers{Attributes: []ledger.Coded{{Values: values}, {Values: values}}}
	for _, p := range people {
		c.First, c.Last = append(c.First, p.first), append(c.Last, p.last)
		c.PurchaseDays = append(c.PurchaseDays, p.x+1)
		c.Orders = append(c.Orders, p.x+1)
		c.GrossSales = append(c.GrossSales, p.firstValue+p.repeatValue)
		c.Refunds, c.Contribution = append(c.Refunds, 0), append(c.Contribution, (p.firstValue+p.repeatValue)/2)
		c.FirstValue, c.RepeatValue = append(c.FirstValue, p.firstValue), append(c.RepeatValue, p.repeatValue)
		for i := range c.Attributes {
			c.Attributes[i].Codes = append(c.Attributes[i].Codes, p.attributes[i])
		}
	}
	return c
}

// world is a base with its models.
type world struct {
	frame     *cohort.Frame
	valuation *clv.Valuation
	people    []person
	cells     clv.Cells
	totals    ledger.Totals
	plan      []Planned
}

// choices are what a test chooses of a world.
type choices struct {
	asOf            calendar.Day
	purchases       models.Fit // without parameters: there is no model
	spend           models.Fit
	factors         clv.Factors
	discountRate    float64
	hasContribution bool
	plan            []Planned
}

func newWorld(c choices, people []person) *world {
	w := &world{frame: cohort.NewFrame(calendar.Calendar{}, c.asOf, []calendar.Grain{calendar.ByMonth}), people: people, plan: c.plan}
	w.frame.SplitBy = []cohort.Attribute{{Name: "first_one", Index: 0}, {Name: "first_two", Index: 1}}
	customers := customersOf(people)
	w.cells.Enter(customers, c.asOf)
	w.cells.Compact()
	for i := range customers.Len() {
		w.totals.Orders += 3 * int64(customers.Orders[i]) // three orders on two days
		w.totals.PurchaseDays += 2 * int64(customers.PurchaseDays[i])
	}
	_, hasSpend := c.spend.Spend()
	fitted := clv.Fitted{Factors: c.factors, Widening: models.NoWidening(), Models: []clv.Model{
		{Fit: c.purchases, Part: cohort.All, Role: clv.ForPurchases, IsChosen: len(c.purchases.Parameters) > 0},
		{Fit: c.spend, Part: cohort.All, Role: clv.ForSpend, IsChosen: hasSpend},
	}}
	settings := clv.Settings{
		Horizons: []clv.Horizon{clv.Year, clv.Lifetime}, DiscountRate: c.discountRate,
		Candidates: []models.Family{models.MBGNBD}, TimeUnit: clv.TimeUnit{Name: "day", Days: 1},
	}
	w.valuation = clv.NewValuation(settings, &fitted, &w.cells, c.hasContribution, nil)
	return w
}

// past is the history of the people: what was acquired, and no repeat purchases.
func (w *world) past() (past []Past) {
	civil := calendar.Calendar{}
	byMonth := map[int32]*Past{}
	first := int32(math.MaxInt32)
	for _, p := range w.people {
		if p.x < 0 {
			continue
		}
		m := civil.Index(calendar.ByMonth, p.first)
		if byMonth[m] == nil {
			byMonth[m] = new(Past)
		}
		byMonth[m].Customers++
		byMonth[m].FirstValue += p.firstValue
		first = min(first, m)
	}
	for m := first; first < math.MaxInt32 && m <= civil.Index(calendar.ByMonth, w.frame.AsOf); m++ {
		row := Past{Start: civil.Start(calendar.ByMonth, m), IsComplete: civil.End(calendar.ByMonth, m) <= w.frame.AsOf, IsWhole: true}
		if own := byMonth[m]; own != nil {
			row.Customers, row.FirstValue = own.Customers, own.FirstValue
		}
		past = append(past, row)
	}
	return past
}

// forecast computes the forecast of the people, taken in parts, each of which is
// added up by itself, and by each.
func (w *world) forecast(parts int, each models.Each) *Forecast {
	var sums Sums
	for part := parts - 1; part >= 0; part-- {
		var own Sums
		var people []person
		for i := part; i < len(w.people); i += parts {
			people = append(people, w.people[i])
		}
		c := customersOf(people)
		own.Enter(w.frame, w.valuation, c, w.valuation.Values(nil, c, w.frame.AsOf))
		sums.Add(&own)
	}
	return New(w.valuation, &Base{
		AsOf: w.frame.AsOf, Sums: &sums, Sample: NewSample(w.valuation, w.cells.Purchases), Past: w.past(), Totals: &w.totals, Plan: w.plan,
	}, each)
}

// rows returns all rows of a forecast.
func (f *Forecast) rows() (rows []Row) {
	for part := range f.Parts() {
		rows = append(rows, f.Rows(part)...)
	}
	return rows
}

// fitOf returns a fit with parameters, whose logarithms have a standard error
// each; without one there is no covariance.
func fitOf(family models.Family, stdError float64, parameters ...float64) models.Fit {
	f := models.Fit{Family: family, Status: models.FitOK}
	for i, p := range parameters {
		f.Parameters = append(f.Parameters, models.Parameter{Estimate: p})
		if stdError > 0 {
			f.Covariance = append(f.Covariance, make([]float64, len(parameters)))
			f.Covariance[i][i] = stdError * stdError
		}
	}
	return f
}

// factorsOf returns factors with a net revenue factor and the mean purchase.
func factorsOf(net, meanPurchase float64) clv.Factors {
	return clv.Factors{NetRevenue: numeric.Known(net), Contribution: numeric.Known(0.4), MeanPurchase: numeric.Known(meanPurchase)}
}

// truthMBG is a shop in days: a purchase in 60 days on average while alive.
var truthMBG = models.Geometric{Family: models.MBGNBD, R: 0.8, Alpha: 48, A: 0.9, B: 2.2}

// truthSpend is what its purchases are worth.
var truthSpend = models.Spend{P: 4, Q: 4.5, Gamma: 30}

// event is a purchase.
type event struct {
	day   calendar.Day
	value float64
}

// simulate draws the purchases up to an end of customers who come evenly from
// start to stop.
func simulate(customers int, start, stop, end calendar.Day, seed uint64) [][]event {
	source := rand.NewPCG(seed, 0)
	random := rand.New(source)
	rates := distuv.Gamma{Alpha: truthMBG.R, Beta: truthMBG.Alpha, Src: source}
	dropout := distuv.Beta{Alpha: truthMBG.A, Beta: truthMBG.B, Src: source}
	scales := distuv.Gamma{Alpha: truthSpend.Q, Beta: truthSpend.Gamma, Src: source}
	all := make([][]event, customers)
	for i := range all {
		now := float64(start) + random.Float64()*float64(stop-start)
		rate, p := rates.Rand(), dropout.Rand()
		worth := distuv.Gamma{Alpha: truthSpend.P, Beta: scales.Rand(), Src: source}
		for alive := true; alive && now < float64(end); now += random.ExpFloat64() / rate {
			day := calendar.Day(now)
			if own := all[i]; len(own) > 0 && own[len(own)-1].day == day {
				own[len(own)-1].value += worth.Rand()
			} else {
				all[i] = append(own, event{day, worth.Rand()})
			}
			alive = random.Float64() >= p
		}
	}
	return all
}

// personOf is what is known of a customer on a day, and whether anything is.
func personOf(events []event, asOf calendar.Day) (p person, ok bool) {
	p.x = -1
	for _, e := range events {
		if e.day > asOf {
			break
		}
		units := int64(math.Round(e.value * 1e4))
		if p.x++; p.x == 0 {
			p.first, p.firstValue = e.day, units
		} else {
			p.repeatValue += units
		}
		p.last = e.day
	}
	return p, p.x >= 0
}
