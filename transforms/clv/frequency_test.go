package clv

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// byFrequencyOf returns what is fitted to 3,000 customers who spend a share more with
// every purchase, as of day 400, with their cells; four fifths of the value of
// purchases remain as net revenue.
func byFrequencyOf(t *testing.T, more float64) (s Settings, fits Fits, f *Fitted, cells Cells) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		x, T, repeat := random.Int32N(8)*random.Int32N(2), 60+random.Int32N(300), int64(0)
		tx, mean := int32(0), (50_000+random.Int64N(300_000))*int64(1000*(1+more*float64(x-1)))/1000
		for range x {
			repeat += mean/2 + random.Int64N(mean)
		}
		if x > 0 {
			tx = 1 + random.Int32N(T)
		}
		cells.EnterOne(x, tx, T, repeat)
	}
	cells.Compact()
	s = testSettings()
	fits = FitAll(&s, &cells, &Gaps{}, nil, nil)
	choice := Choose(&s, &fits, &cells, Grades{})
	totals := ledger.Totals{GrossSales: 100, Refunds: -20, PurchaseValue: 100, PurchaseDays: 1}
	f = &Fitted{Models: ModelRows(&s, &fits, Grades{}, choice, &cells, &totals, 400), Factors: FactorsOf(&totals), Widening: models.NoWidening()}
	return s, fits, f, cells
}

// Without a repeat purchase a customer is expected to spend what those of the lowest
// frequency do; so is a new customer, in forecasts and formulas.
func TestNewCustomersSpendAsThoseOfTheLowestFrequency(t *testing.T) {
	s, fits, f, cells := byFrequencyOf(t, 0.2)
	if len(fits.Strata) < 2 {
		t.Fatal(fits.WhyStrata)
	}
	v := NewValuation(s, f, &cells, false, nil)
	lowest, _ := fits.Strata[0].Model.PopulationMean().Get()
	a, ok := v.Assumptions()
	if !ok || !v.HasManyModels() || a.Purchase != 0.8*lowest {
		t.Errorf("a new customer's purchase is worth %v, want 0.8 × %v", a.Purchase, lowest)
	}
	for i, own := range fits.Strata {
		if got, want := v.spendID(uint8(i)), "gamma_gamma/frequency/"+own.String(); got != want {
			t.Errorf("model %d is %s, want %s", i, got, want)
		}
		if got := a.Spread(own.From); got != 1/own.Model.P {
			t.Errorf("purchases of x = %d vary by %v, want 1/%v", own.From, got, own.Model.P)
		}
		want, _ := own.Model.Expected(int(own.From), 20).Get()
		if got := v.purchaseValue(&v.predictor, int(own.From), 20); got != want {
			t.Errorf("the purchases of x = %d are worth %v, want %v", own.From, got, want)
		}
	}
	acquired := models.Acquired(v.purchases).Discounted(s.deltaPerDay()*7, math.Inf(1))
	wantMoney(t, "value of a new customer", v.newCustomer(NetRevenue), 0.8*lowest*(1+acquired))
}

func TestRowsOfModelsSayWhatBecameOfFrequency(t *testing.T) {
	_, fits, f, _ := byFrequencyOf(t, 0.2)
	chosen := 0
	for _, m := range f.Models {
		switch {
		case m.Role != ForSpend:
		case m.Part == cohort.All:
			if m.IsChosen || !strings.Contains(m.Reason, "explain more: BIC ") || strings.Contains(m.Reason, "valued at the mean of all") {
				t.Errorf("all: chosen %v, %s", m.IsChosen, m.Reason)
			}
		default:
			chosen++
			if factor, _ := m.NetRevenueFactor.Get(); !m.IsChosen || !strings.Contains(m.Reason, "of frequency "+m.Part.Value) || factor != 0.8 {
				t.Errorf("%s: chosen %v, %s, factor %v", m.ID(), m.IsChosen, m.Reason, factor)
			}
		}
	}
	if chosen != len(fits.Strata) || f.pooledSpend() == nil || f.CheckFrequencies() != nil {
		t.Errorf("%d strata have %d rows; %v", len(fits.Strata), chosen, f.CheckFrequencies())
	}
	f.pooledSpend().IsChosen = true
	if f.CheckFrequencies() == nil {
		t.Error("the model of all may be chosen beside those by frequency")
	}
	_, fits, f, _ = byFrequencyOf(t, 0)
	i := slices.IndexFunc(f.Models, func(m Model) bool { return m.Role == ForSpend })
	if m := f.Models[i]; len(fits.Strata) > 0 || !m.IsChosen || !strings.Contains(m.Reason, "explain no more: BIC ") {
		t.Errorf("where there is no dependence: %d strata, all chosen %v, %s", len(fits.Strata), m.IsChosen, m.Reason)
	}
}
