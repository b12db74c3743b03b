package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// problem is a likelihood to maximise, and what makes a Fit of its maximum.
type problem struct {
	family    Family
	names     []string // of the parameters
	objective objective
	starts    []vector  // the logarithms of parameters to start from, in scaled units
	besides   []vector  // the same, of another maximum that there may be
	scales    []float64 // what multiplies each parameter of a maximum
	shift     float64   // what the log-likelihood gains in the model's units
	customers int64
	cells     int64
	limit     func(theta vector) string // what becomes of the model at a bound, nil if nothing is known

	opportunity Opportunity // of Data
}

// best maximises from one start after the other (see best), and takes another
// maximum that is well determined where that is higher.
func (p *problem) best(starts []vector, s FitSettings) maximum {
	top := best(p.objective, len(p.names), starts, s)
	for _, start := range p.besides {
		if top.stopped {
			break
		}
		other := maximise(p.objective, len(p.names), start, s)
		if status, _ := other.judge(p.names); status == FitOK && other.value > top.value+agree {
			top = other
		}
	}
	return top
}

// thetaOf returns the logarithms of a fit's parameters in scaled units.
func (p *problem) thetaOf(f Fit) (theta vector) {
	for i, scale := range p.scales {
		theta[i] = min(max(math.Log(f.Parameters[i].Estimate/scale), -bound), bound)
	}
	return theta
}

// fit makes a Fit of a maximum.
func (p *problem) fit(top maximum) Fit {
	n := float64(p.customers)
	logLikelihood := top.value*n + p.shift
	dim := float64(len(p.names))
	f := p.estimates(top, n)
	f.LogLikelihood = numeric.Known(logLikelihood)
	f.AIC = numeric.Known(2*dim - 2*logLikelihood)
	f.BIC = numeric.Known(dim*math.Log(n) - 2*logLikelihood)
	return f
}

// estimates makes a Fit without likelihoods of a maximum that is a mean over n.
func (p *problem) estimates(top maximum, n float64) Fit {
	f := Fit{Family: p.family, Customers: p.customers, Cells: p.cells, Iterations: top.iterations, Opportunity: p.opportunity}
	for i, name := range p.names {
		f.Parameters = append(f.Parameters, Parameter{Name: name, Estimate: math.Exp(top.theta[i]) * p.scales[i]})
	}
	f.Status, f.Reason = top.judge(p.names)
	if f.Status == FitBoundary && p.limit != nil {
		f.Reason = "a limit of the model describes the data best: " + p.limit(top.theta)
	}
	f.Converged = f.Status != FitNotConverged
	if f.Status != FitOK {
		return f
	}
	f.Covariance = top.covariance(n)
	for i := range f.Parameters {
		f.Parameters[i].StdError = numeric.Known(f.Parameters[i].Estimate * math.Sqrt(f.Covariance[i][i]))
	}
	return f
}
