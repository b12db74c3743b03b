package models

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// A base falls into segments, as by country. Each has parameters θ_g, in
// logarithms, that spread around those of the whole base, θ₀:
//
//	θ_g ~ Normal(θ₀, τ²·I⁻¹)
//
// I is the information of one customer of the whole base, so that a prior of
// τ² = 1/m says as much as m customers do. The parameters of a segment maximise
//
//	LL_g(θ) − ½·m·(θ−θ₀)ᵀ·I·(θ−θ₀)
//
// which draws a segment of n customers to the whole base by about m/(n+m): a
// small one far, a huge one hardly. τ² is estimated from the segments' own
// maxima θ̂_g by the method of moments. With D_g = 2·[LL_g(θ̂_g) − LL_g(θ₀)],
// k parameters and N = Σn_g,
//
//	E[ΣD_g] = k·[(G−1) + τ²·(N − Σn_g²/N)]
//
// for E[D_g] = k·(1 + n_g·τ²) as far as likelihoods are quadratic, less what θ₀,
// being their mean, takes. It is the moment estimate of DerSimonian & Laird
// (1986), Controlled Clinical Trials 7(3), eq. (8), with likelihood ratios in the place of
// squared distances, which would be too large where a likelihood is flat far from
// its maximum. That the prior has the shape of the information is Zellner's
// (1986) g-prior; empirical Bayes: Efron & Morris (1973), JASA 68(341).
//
// Where ΣD_g is no larger than chance makes it, the segments do not differ, m is
// infinite and all have the parameters of the whole base.

// FitPurchasesBySegment fits the family of pooled, the fit of a whole base, to
// its segments, each drawn to pooled as far as segments do not differ. The fits
// come in the order of segments.
//
// A segment with too few data to begin is FitInsufficientData, and has no
// parameters. Where pooled is not FitOK, or segments do not differ, all others have the
// parameters of pooled. LogLikelihood, AIC and BIC are null, for the estimates are
// no maximum of the segment's. Covariance is that of the posterior, by its curvature
// at the top.
func FitPurchasesBySegment(pooled Fit, segments []Data, s FitSettings) []Fit {
	own := make([]segment, len(segments))
	for i, d := range segments {
		own[i].fit = familyOf(pooled.Family).tooFewRepeaters(totalsOf(d.Cells), len(d.Cells), s)
		own[i].problem = func() problem { return newPurchaseProblem(familyOf(pooled.Family), d, s) }
	}
	return fitSegments(pooled, own, s)
}

// FitSpendBySegment is FitPurchasesBySegment for the Gamma–Gamma model.
func FitSpendBySegment(pooled Fit, segments [][]SpendCell, s FitSettings) []Fit {
	own := make([]segment, len(segments))
	for i, cells := range segments {
		own[i].fit = tooFewSpenders(newSpendLikelihood(cells, nil), s)
		own[i].problem = func() problem { return newSpendProblem(newSpendLikelihood(cells, s.Each)) }
	}
	fits := fitSegments(pooled, own, s)
	for i, f := range fits {
		if len(f.Parameters) > 0 {
			fits[i] = withMean(f)
		}
	}
	return fits
}

// segment is a part of a base to be fitted.
type segment struct {
	problem   func() problem // made anew when it is needed, for it holds more than the cells
	fit       Fit            // with a status where there are too few data
	customers float64
	theta     vector  // its own maximum
	ratio     float64 // twice what the log-likelihood there is above that at pooled
}

// fitSegments fits those segments that have the data.
func fitSegments(pooled Fit, segments []segment, s FitSettings) []Fit {
	information, isSound := pooled.information()
	m := math.Inf(1)
	if isSound {
		for i := range segments {
			segments[i].fitOwn(pooled, s)
		}
		m = priorCustomers(len(pooled.Covariance), segments)
	}
	fits := make([]Fit, len(segments))
	for i := range segments {
		switch own := &segments[i]; {
		case own.fit.Status != "":
			fits[i] = own.fit
		case math.IsInf(m, 1):
			fits[i] = own.pooled(pooled, isSound)
		default:
			fits[i] = own.shrunk(pooled, information, m, s)
		}
	}
	return fits
}

// information returns what one customer says of the logarithms of the
// parameters; not ok where the fit does not say.
func (f Fit) information() (information matrix, ok bool) {
	dim := len(f.Covariance)
	if f.Status != FitOK || dim == 0 {
		return information, false
	}
	covariance := mat.NewSymDense(dim, nil)
	for i := range dim {
		for j := i; j < dim; j++ {
			covariance.SetSym(i, j, f.Covariance[i][j]*float64(f.Customers))
		}
	}
	var factor mat.Cholesky
	var inverse mat.SymDense
	if !factor.Factorize(covariance) || factor.InverseTo(&inverse) != nil {
		return information, false
	}
	for i := range dim {
		for j := range dim {
			information[i][j] = inverse.At(i, j)
		}
	}
	return information, true
}

// fitOwn finds the segment's own maximum.
func (own *segment) fitOwn(pooled Fit, s FitSettings) {
	if own.fit.Status != "" {
		return
	}
	p := own.problem()
	center := p.thetaOf(pooled)
	top := p.best(append([]vector{center}, p.starts...), s)
	own.customers, own.theta = float64(p.customers), top.theta
	own.ratio = 2 * own.customers * max(0, top.value-p.objective.at(center).value)
}

// priorCustomers returns m = 1/τ² for k parameters: how many customers the whole
// base counts as in each segment; +Inf where segments do not differ.
func priorCustomers(k int, segments []segment) float64 {
	var count, ratios, customers, squares numeric.Sum
	for _, own := range segments {
		if own.fit.Status == "" {
			count.Add(1)
			ratios.Add(own.ratio)
			customers.Add(own.customers)
			squares.Add(own.customers * own.customers)
		}
	}
	excess := ratios.Value()/float64(k) - (count.Value() - 1)
	if !(excess > 0) || count.Value() < 2 {
		return math.Inf(1)
	}
	return (customers.Value() - squares.Value()/customers.Value()) / excess
}

// pooled gives the segment the parameters of the whole base.
func (own *segment) pooled(pooled Fit, isSound bool) Fit {
	p := own.problem()
	f := pooled
	f.Parameters, f.Covariance = slices.Clone(pooled.Parameters), slices.Clone(pooled.Covariance)
	f.Customers, f.Cells, f.Iterations = p.customers, p.cells, 0
	f.LogLikelihood, f.AIC, f.BIC = numeric.Null[float64]{}, numeric.Null[float64]{}, numeric.Null[float64]{}
	f.Reason = "segments differ no more than by chance: the parameters are those of the whole base"
	if !isSound {
		f.Reason = fmt.Sprintf("the parameters are those of the whole base: its fit is %s, and segments cannot be drawn to it", pooled.Status)
	}
	return f
}

// shrunk fits the segment beside m customers of the whole base.
func (own *segment) shrunk(pooled Fit, information matrix, m float64, s FitSettings) Fit {
	p := own.problem()
	dim, before := len(p.names), prior{information, p.thetaOf(pooled), m}
	top := best(before.beside(p.objective, dim, own.customers), dim, []vector{before.center, own.theta}, s)
	f := p.estimates(top, own.customers+m)
	if f.Status == FitOK {
		f.Reason = fmt.Sprintf("a maximum was found in %d iterations, where the whole base counts as %.3g customers beside the %d of the segment", f.Iterations, m, p.customers)
	}
	return f
}

// prior is what is known of a segment before its own customers are seen.
type prior struct {
	information matrix  // of one customer, by the logarithms of the parameters
	center      vector  // where it has its top, in the segment's scaled units
	customers   float64 // that it counts as, > 0 and finite
}

// beside returns the mean of a mean log-likelihood over n customers and of the
// prior, which counts as its customers:
//
//	[n·f − ½·m·(θ−θ₀)ᵀ·I·(θ−θ₀)] / (n+m)
//
// The derivatives of the prior by the logarithms, −I·(θ−θ₀) and −I, are written as those
// by the parameters: gᵢ/pᵢ and hᵢⱼ/(pᵢpⱼ) − [i = j]·gᵢ/pᵢ² (inLogs undoes it).
func (p prior) beside(f objective, dim int, n float64) objective {
	own, weight := n/(n+p.customers), p.customers/(n+p.customers)
	return func(parameters vector) evaluation {
		e := f(parameters)
		var away, slope vector
		for i := range dim {
			away[i] = math.Log(parameters[i]) - p.center[i]
		}
		half := 0.0
		for i := range dim {
			for j := range dim {
				slope[i] -= p.information[i][j] * away[j]
			}
			half += slope[i] * away[i] / 2
		}
		e.value = own*e.value + weight*half
		for i := range dim {
			e.gradient[i] = own*e.gradient[i] + weight*slope[i]/parameters[i]
			for j := range dim {
				curvature := -p.information[i][j] / (parameters[i] * parameters[j])
				if i == j {
					curvature -= slope[i] / (parameters[i] * parameters[i])
				}
				e.hessian[i][j] = own*e.hessian[i][j] + weight*curvature
			}
		}
		return e
	}
}
