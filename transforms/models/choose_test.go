package models

import (
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// candidate is one with a BIC, what it reproduces and the deviances of its hold-out.
func candidate(family Family, status FitStatus, bic, reproduced float64, deviances ...float64) Candidate {
	c := Candidate{Fit: Fit{Family: family, Status: status}}
	if bic > 0 {
		c.BIC = numeric.Known(bic)
		c.Reproduced = numeric.Known(reproduced)
	}
	if deviances != nil {
		c.Holdout = &Holdout{Deviances: deviances, Predictions: int64(len(deviances))}
	}
	return c
}

// Without backtests the lowest BIC of those that may predict is chosen.
func TestChooseTakesTheLowestBICOfEligibleCandidates(t *testing.T) {
	nbd := candidate(NBD, FitOK, 300, 1).Fit
	other := candidate(BGBB, FitOK, 50, 1)
	for what, c := range map[string]struct {
		candidates []Candidate
		nbd        Fit
		want       Family
	}{
		"lowest BIC":                      {[]Candidate{candidate(MBGNBD, FitOK, 200, 1), candidate("pareto_nbd", FitOK, 100, 1)}, nbd, "pareto_nbd"},
		"ties go to the first":            {[]Candidate{candidate(MBGNBD, FitOK, 200, 1), candidate("pareto_nbd", FitOK, 200, 1)}, nbd, MBGNBD},
		"bg_nbd is not in competition":    {[]Candidate{candidate(BGNBD, FitOK, 100, 1), candidate(MBGNBD, FitOK, 200, 1)}, nbd, MBGNBD},
		"nor is bg_cnbd_2":                {[]Candidate{candidate("bg_cnbd_2", FitOK, 100, 1), candidate(MBGNBD, FitOK, 200, 1)}, nbd, MBGNBD},
		"bg_nbd alone":                    {[]Candidate{candidate(BGNBD, FitOK, 100, 1)}, nbd, BGNBD},
		"not identified":                  {[]Candidate{candidate(MBGNBD, FitNotIdentified, 100, 1)}, nbd, NBD},
		"on the bound but better":         {[]Candidate{candidate(MBGNBD, FitBoundary, 100, 1)}, nbd, MBGNBD},
		"no dropout":                      {[]Candidate{candidate(MBGNBD, FitOK, 302, 1)}, nbd, NBD},
		"a tenth off":                     {[]Candidate{candidate(MBGNBD, FitOK, 200, 0.9), candidate("pareto_nbd", FitOK, 100, 1.11)}, nbd, MBGNBD},
		"other data":                      {[]Candidate{candidate(MBGNBD, FitOK, 200, 1), other}, nbd, MBGNBD},
		"nbd as a candidate":              {[]Candidate{candidate(NBD, FitOK, 300, 1), candidate(MBGNBD, FitOK, 400, 1)}, nbd, NBD},
		"nothing":                         {[]Candidate{candidate(MBGNBD, FitInsufficientData, 0, 0)}, candidate(NBD, FitInsufficientData, 0, 0).Fit, ""},
		"nbd stands in without candidate": {nil, nbd, NBD},
	} {
		got := Choose(c.candidates, c.nbd, false)
		if got.Family != c.want || got.Why == "" {
			t.Errorf("%s: chose %q (%s), want %q", what, got.Family, got.Why, c.want)
		}
		for _, other := range c.candidates {
			if other.Family != got.Family && got.WhyNot[other.Family] == "" {
				t.Errorf("%s: it is not said why %s is not chosen", what, other.Family)
			}
		}
	}
}

// Deviances of 4 customers. a is 0.1 a customer better than b for each, which is
// two standard errors (Σ 0.4, √Σ² 0.2); than c in one customer only, which is one.
func TestChooseGoesByTheHoldoutUnlessTheDifferenceIsChance(t *testing.T) {
	nbd := candidate(NBD, FitOK, 300, 1).Fit
	a := candidate(MBGNBD, FitOK, 200, 1, 1, 1, 1, 1)
	b := candidate("pareto_nbd", FitOK, 100, 1, 1.1, 1.1, 1.1, 1.1)
	c := candidate("mbg_cnbd_2", FitOK, 150, 1, 1, 1, 1, 1.3)
	lacking := candidate("mbg_cnbd_3", FitOK, 10, 1)
	d := candidate(MBGNBD, FitOK, 200, 1)
	poor := candidate("pareto_nbd", FitOK, 100, 0.5, 1, 1, 1, 1)
	other := candidate(BGBB, FitOK, 1, 1, 1, 1, 1, 1.01)
	for what, x := range map[string]struct {
		candidates []Candidate
		want       Family
		reason     string
	}{
		"the best by far":                   {[]Candidate{b, a}, MBGNBD, "predicted best"},
		"the lower BIC within an error":     {[]Candidate{a, c}, "mbg_cnbd_2", "as well as mbg_nbd"},
		"not of those beyond it":            {[]Candidate{a, b, c}, "mbg_cnbd_2", "as well as mbg_nbd"},
		"not what lacks an origin":          {[]Candidate{lacking, a}, MBGNBD, "only eligible candidate that could be fitted at every origin"},
		"a BIC of other data says nothing":  {[]Candidate{a, other}, MBGNBD, "predicted best"},
		"a hold-out of other data does":     {[]Candidate{other, b}, BGBB, "predicted best"},
		"the sole candidate with a holdout": {[]Candidate{b}, "pareto_nbd", "hold-out deviance 1.1000"},
		"the sole candidate without":        {[]Candidate{lacking}, "mbg_cnbd_3", "could not be fitted at every origin"},
		"the sole eligible without":         {[]Candidate{lacking, poor}, "mbg_cnbd_3", "could not be fitted at every origin"},
		"BIC where none has a holdout":      {[]Candidate{d, lacking}, "mbg_cnbd_3", "lowest BIC, 10.0; it could not be fitted"},
	} {
		if got := Choose(x.candidates, nbd, true); got.Family != x.want || !strings.Contains(got.Why, x.reason) {
			t.Errorf("%s: chose %q: %s; want %q: %s", what, got.Family, got.Why, x.want, x.reason)
		}
	}
}

// A reason never compares a BIC with that of other data, nor calls a BIC lower that
// is not.
func TestChooseSaysTrulyWhyNot(t *testing.T) {
	nbd := candidate(NBD, FitOK, 300, 1).Fit
	a := candidate(MBGNBD, FitOK, 200, 1, 1, 1, 1, 1)
	noisy := candidate("mbg_cnbd_2", FitOK, 150, 1, 1, 1, 1, 1.3)
	worse := candidate("pareto_nbd", FitOK, 100, 1, 1.05, 1.05, 1.05, 1.05)
	other := candidate(BGBB, FitOK, 20, 1, 1.05, 1.05, 1.05, 1.05)
	ungraded := candidate(BGBB, FitOK, 20, 1)
	for what, x := range map[string]struct {
		candidates []Candidate
		of         Family
		want       string
	}{
		"of other data, no backtests": {[]Candidate{candidate(MBGNBD, FitOK, 200, 1), ungraded}, BGBB, "its BIC is of other data than that of mbg_nbd, which the job names before it"},
		"of other data, graded":       {[]Candidate{a, noisy, other}, BGBB, "mbg_nbd would have predicted better: its hold-out deviance is 1.0000 per customer, here 1.0500"},
		"a lower BIC, but worse":      {[]Candidate{a, noisy, worse}, "pareto_nbd", "mbg_nbd would have predicted better: its hold-out deviance is 1.0000 per customer, here 1.0500"},
		"not graded":                  {[]Candidate{a, ungraded}, BGBB, "it could not be fitted at every origin of the backtests"},
		"a tie":                       {[]Candidate{candidate(MBGNBD, FitOK, 200, 1), candidate("pareto_nbd", FitOK, 200, 1)}, "pareto_nbd", "mbg_nbd, which the job names before it, is as good"},
	} {
		if got := Choose(x.candidates, nbd, x.candidates[0].Holdout != nil); got.WhyNot[x.of] != x.want {
			t.Errorf("%s: %s was not chosen because %s; want %s", what, x.of, got.WhyNot[x.of], x.want)
		}
	}
}

// Of an NBD with r/alpha = ½ a week: E[X(T)] = T/2. Two customers of 28 days (4
// weeks) and one of 14 are expected to buy 2 + 2 + 1 times; they did 4 times.
func TestReproducedIsExpectedByMade(t *testing.T) {
	m := Geometric{Family: NBD, R: 1, Alpha: 2}
	cells := []Cell{{X: 0, T: 14, Count: 1}, {X: 2, Tx: 9, T: 28, Count: 2}}
	if got, _ := Reproduced(m, cells, 7).Get(); got != 1.25 {
		t.Errorf("reproduced %v, want 1.25", got)
	}
	if _, ok := Reproduced(m, cells[:1], 7).Get(); ok {
		t.Error("nobody bought again, and still there is a ratio")
	}
}
