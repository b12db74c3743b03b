package models

import (
	"fmt"

	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// FitStatus says what became of a fit. Only FitOK and FitBoundary have
// parameters that may be used.
type FitStatus string

// The outcomes of a fit.
const (
	// FitOK: a maximum of the likelihood, well determined by the data.
	FitOK FitStatus = "ok"
	// FitBoundary: the likelihood rises towards a parameter of 0 or infinity; the
	// parameters stand at the bound and have no standard errors.
	FitBoundary FitStatus = "boundary"
	// FitNotIdentified: a maximum that is flat in some direction; the data cannot
	// tell the parameters apart.
	FitNotIdentified FitStatus = "not_identified"
	// FitNotConverged: the search ended without a maximum, or was stopped.
	FitNotConverged FitStatus = "not_converged"
	// FitInsufficientData: too few customers to begin. There are no parameters.
	FitInsufficientData FitStatus = "insufficient_data"
)

// FitStatuses are the outcomes with their meaning.
var FitStatuses = []ledger.Term{
	{Name: string(FitOK), Doc: "A maximum of the likelihood, well determined by the data."},
	{Name: string(FitBoundary), Doc: "The likelihood rises towards a parameter of 0 or infinity: the parameters stand at the bound and have no standard errors. They may be used."},
	{Name: string(FitNotIdentified), Doc: "A maximum that is flat in some direction: the data cannot tell the parameters apart, so the model is not used."},
	{Name: string(FitNotConverged), Doc: "The search ended without a maximum, or was stopped; the model is not used."},
	{Name: string(FitInsufficientData), Doc: "Fewer than 50 customers bought again, too few to begin. There are no parameters."},
}

// Parameter is one estimated parameter of a model.
type Parameter struct {
	Name     string // as in the papers
	Estimate float64
	StdError numeric.Null[float64] // null unless the status is FitOK
}

// Fit is a model fitted by maximum likelihood, and how that went. Everything in
// it is meant for publication: a fit that failed is a fact, not an error.
type Fit struct {
	Family        Family
	Parameters    []Parameter           // in the order r alpha a b, or p q gamma; empty if there were too few data
	LogLikelihood numeric.Null[float64] // in the model's unit of time, or of money; null without parameters
	AIC, BIC      numeric.Null[float64] // 2k − 2LL and k·ln(customers) − 2LL; null without parameters
	Customers     int64                 // that entered the likelihood
	Cells         int64                 // distinct rows that they make up
	Iterations    int                   // of the search that found the maximum
	Converged     bool                  // the gradient vanished, or a bound was reached
	Status        FitStatus
	Reason        string // a sentence for people

	// Opportunity is what an opportunity of a discrete family's model is.
	Opportunity Opportunity
	// Covariance is that of the logarithms of the estimates; nil unless the
	// status is FitOK.
	Covariance [][]float64
}

// Purchases returns the fitted model of purchases. Not ok for the model of spend,
// and where the status leaves no parameters to use.
func (f Fit) Purchases() (m Purchases, ok bool) {
	if f.Family == GammaGamma || !f.usable() {
		return nil, false
	}
	parameters := make([]float64, len(f.Parameters))
	for i, p := range f.Parameters {
		parameters[i] = p.Estimate
	}
	return f.model(parameters), true
}

// model returns the model of purchases with these parameters.
func (f Fit) model(parameters []float64) Purchases {
	m := familyOf(f.Family).make(parameters)
	if f.Family.IsDiscrete() {
		return f.Opportunity.of(m)
	}
	return m
}

// Spend returns the fitted model of spend. Not ok for another family, where the
// status leaves no parameters to use, and where the mean is infinite or as good
// as (q ≤ 1.05).
func (f Fit) Spend() (s Spend, ok bool) {
	if f.Family != GammaGamma || !f.usable() {
		return Spend{}, false
	}
	s = Spend{P: f.Parameters[0].Estimate, Q: f.Parameters[1].Estimate, Gamma: f.Parameters[2].Estimate}
	return s, s.Q > leastQ
}

func (f Fit) usable() bool { return f.Status == FitOK || f.Status == FitBoundary }

// FitSettings are the choices of a fit. Start from DefaultFitSettings.
type FitSettings struct {
	// DaysPerUnit is the length of the model's unit of time: 7 for a week.
	DaysPerUnit float64
	// MinRepeaters is the least number of customers with a repeat purchase: the
	// parameters of heterogeneity have standard errors of their own size below.
	MinRepeaters int64
	// MaxIterations bounds one search. Sound data need 10 to 20.
	MaxIterations int
	// Stop is asked before every step; true ends the search. nil never does.
	Stop func() bool
	// Each runs the parts of an evaluation. nil runs one after the other.
	Each Each
	// From are earlier fits in the same unit of time and currency: the search of a
	// family begins at the parameters of the one that is of it. The maximum does not
	// depend on where the search begins but for rounding.
	From []Fit
}

// earlier returns the fit of a family to begin from; not ok where there is none
// with parameters.
func (s FitSettings) earlier(name Family) (Fit, bool) {
	for _, f := range s.From {
		if f.Family == name && len(f.Parameters) > 0 {
			return f, true
		}
	}
	return Fit{}, false
}

// DefaultFitSettings are weeks, at least 50 repeaters, 200 iterations.
func DefaultFitSettings() FitSettings {
	return FitSettings{DaysPerUnit: 7, MinRepeaters: 50, MaxIterations: 200}
}

// insufficient is the fit of too few data.
func insufficient(family Family, customers, cells int64, reason string) Fit {
	return Fit{Family: family, Customers: customers, Cells: cells, Status: FitInsufficientData, Reason: reason}
}

// judge says what a search came to, in a status and a sentence.
func (m maximum) judge(names []string) (FitStatus, string) {
	// notFlat is the least ratio of the curvatures in the flattest and the
	// steepest direction of a maximum: beyond, rounding decides where it is.
	const notFlat = 1e-8
	// atRest is the largest gradient of the other parameters where some stand at a
	// bound: with parameters of a million the likelihood is known to 1e-9.
	const atRest = 1e-6
	if m.stopped {
		return FitNotConverged, "the search was stopped"
	}
	for i, name := range names {
		switch {
		case m.gradient > atRest:
		case m.theta[i] >= nearBound:
			return FitBoundary, fmt.Sprintf("%s grows without bound: the data show no spread in what it describes", name)
		case m.theta[i] <= -nearBound:
			return FitBoundary, fmt.Sprintf("%s shrinks to 0: the data show nothing of what it describes", name)
		}
	}
	if !m.isAtTop() {
		return FitNotConverged, fmt.Sprintf("after %d iterations the gradient is still %.1e per customer", m.iterations, m.gradient)
	}
	if lowest, highest := m.curvatures(); lowest <= notFlat*highest {
		return FitNotIdentified, fmt.Sprintf("the likelihood is flat: its curvatures are %.1e and %.1e", lowest, highest)
	}
	return FitOK, fmt.Sprintf("a maximum was found in %d iterations", m.iterations)
}
