package models

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// maxParameters is the largest number of parameters of a model here.
const maxParameters = 4

// vector and matrix are small enough to be values.
type (
	vector [maxParameters]float64
	matrix [maxParameters]vector
)

// evaluation is a mean log-likelihood per customer with its first and second
// derivatives.
type evaluation struct {
	value    float64
	gradient vector
	hessian  matrix
}

// objective evaluates the mean log-likelihood at parameters > 0.
type objective func(parameters vector) evaluation

const (
	// bound is the largest |ln parameter|, in scaled units where parameters are of
	// the order of 1: a million says infinity to everything that is computed.
	bound = 13.8
	// nearBound is where a parameter counts as having run away: a factor of 1e5.
	nearBound = 11.5
	// gradientTolerance is the largest gradient of the mean log-likelihood by the
	// logarithms of the parameters at a maximum. With a curvature of 0.003, the
	// lowest on the CDNOW data, it puts a parameter within 1e-8 of its place.
	gradientTolerance = 3e-11
)

// maximum is where a search ended, in the logarithms of the parameters.
type maximum struct {
	dim        int
	theta      vector
	value      float64 // mean log-likelihood
	gradient   float64 // largest component, without those that push against a bound
	slope      vector  // the gradient
	hessian    matrix  // by the logarithms
	iterations int
	stopped    bool
}

// inLogs turns derivatives by parameters into derivatives by their logarithms:
// gᵢ·pᵢ, and hᵢⱼ·pᵢ·pⱼ + [i = j]·gᵢ·pᵢ.
func (e evaluation) inLogs(parameters vector) evaluation {
	for i := range maxParameters {
		for j := range maxParameters {
			e.hessian[i][j] *= parameters[i] * parameters[j]
		}
		e.gradient[i] *= parameters[i]
		e.hessian[i][i] += e.gradient[i]
	}
	return e
}

// at evaluates the objective at the logarithms of parameters.
func (f objective) at(theta vector) evaluation {
	var parameters vector
	for i, t := range theta {
		parameters[i] = math.Exp(t)
	}
	return f(parameters).inLogs(parameters)
}

// steepestFree returns the largest component of the gradient, leaving out those
// that push a parameter against its bound.
func steepestFree(dim int, theta, gradient vector) float64 {
	largest := 0.0
	for i := range dim {
		if isFree(theta[i], gradient[i]) {
			largest = max(largest, math.Abs(gradient[i]))
		}
	}
	return largest
}

// isFree reports whether a parameter is not pushed against its bound.
func isFree(theta, gradient float64) bool { return math.Abs(theta) < bound || theta*gradient < 0 }

// maximise climbs from start, in the logarithms of the parameters, by damped
// Newton steps.
//
//	step = Σₖ vₖ·(vₖᵀg)/(|λₖ| + τ),   λₖ and vₖ the eigenvalues and -vectors of −H
//
// Where the likelihood is concave and τ is 0 that is Newton's step. Where it is
// not, the step still climbs, and goes far where the likelihood is nearly
// straight, as towards a bound (Gill, Murray & Wright 1981, "Practical
// Optimization", section 4.4.2). τ grows tenfold until the step climbs and
// shrinks tenfold after each that does, so that the last steps are plain Newton
// (Levenberg 1944). A parameter at its bound stays there as long as the gradient
// pushes against it. Steps change no parameter by more than a factor of e². The
// end is a gradient below gradientTolerance or an iteration in which no step
// climbs.
func maximise(f objective, dim int, start vector, s FitSettings) maximum {
	const (
		leastDamping = 1e-10 // below, damping is switched off
		mostDamping  = 1e8   // a step of 1e-8 of the gradient: nothing climbs any more
		firstDamping = 1e-3
	)
	theta, damping := start, 0.0
	here := f.at(theta)
	m := maximum{dim: dim}
	for {
		m.theta, m.value, m.slope, m.hessian = theta, here.value, here.gradient, here.hessian
		m.gradient = steepestFree(dim, theta, here.gradient)
		if m.gradient <= gradientTolerance || m.iterations >= s.MaxIterations || damping > mostDamping {
			return m
		}
		if s.Stop != nil && s.Stop() {
			m.stopped = true
			return m
		}
		m.iterations++
		next := newtonStep(dim, theta, here, damping)
		there := f.at(next)
		if !climbs(here, there, m.gradient, steepestFree(dim, next, there.gradient)) {
			damping = max(firstDamping, 10*damping)
			continue
		}
		theta, here, damping = next, there, damping/10
		if damping < leastDamping {
			damping = 0
		}
	}
}

// climbs says whether a step is progress: a higher value, or, where values
// agree to rounding, a smaller gradient.
func climbs(from, to evaluation, gradientFrom, gradientTo float64) bool {
	const rounding = 1e-13
	if math.IsNaN(to.value) || math.IsInf(to.value, 0) {
		return false
	}
	if math.Abs(to.value-from.value) <= rounding*math.Abs(from.value) {
		return gradientTo < gradientFrom
	}
	return to.value > from.value
}

// newtonStep returns theta moved by the damped Newton step, up to the first bound
// on its way.
func newtonStep(dim int, theta vector, e evaluation, damping float64) vector {
	const longest = 2
	var isFixed [maxParameters]bool
	for i := range dim {
		isFixed[i] = !isFree(theta[i], e.gradient[i])
	}
	step := e.freeStep(dim, isFixed, damping)
	for i := 0; i < dim; i++ {
		if !isFixed[i] && math.Abs(theta[i]) >= bound && theta[i]*step[i] > 0 {
			isFixed[i] = true // the others would take it over its bound
			step = e.freeStep(dim, isFixed, damping)
			i = -1
		}
	}
	share := 1.0
	for i := range dim {
		if size := math.Abs(step[i]); size > 0 {
			share = min(share, longest/size, (bound-math.Copysign(theta[i], theta[i]*step[i]))/size)
		}
	}
	for i := range dim {
		theta[i] = min(max(theta[i]+share*step[i], -bound), bound)
		if math.Abs(theta[i]) > bound*(1-1e-14) {
			theta[i] = math.Copysign(bound, theta[i]) // rounding left it short of where it was to stop
		}
	}
	return theta
}

// freeStep returns the damped Newton step of the parameters that are not fixed.
func (e evaluation) freeStep(dim int, isFixed [maxParameters]bool, damping float64) (step vector) {
	const least = 1e-16 // of the highest curvature: below, curvatures are rounding
	information := e.information(dim)
	for i := range dim {
		for j := range dim {
			if isFixed[i] || isFixed[j] {
				information.SetSym(i, j, 0)
			}
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(information, true) {
		return step
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	curvatures := eigen.Values(nil)
	floor := least * max(math.Abs(curvatures[0]), math.Abs(curvatures[dim-1]))
	for k, curvature := range curvatures {
		slope := 0.0
		for i := range dim {
			if !isFixed[i] {
				slope += vectors.At(i, k) * e.gradient[i]
			}
		}
		for i := range dim {
			if !isFixed[i] {
				step[i] += vectors.At(i, k) * slope / (max(math.Abs(curvature), floor) + damping)
			}
		}
	}
	return step
}

// information returns −H as a symmetric matrix.
func (e evaluation) information(dim int) *mat.SymDense {
	information := mat.NewSymDense(dim, nil)
	for i := range dim {
		for j := i; j < dim; j++ {
			information.SetSym(i, j, -(e.hessian[i][j]+e.hessian[j][i])/2)
		}
	}
	return information
}

// isAtTop reports whether the search ended at a maximum: with no gradient left, or
// where the likelihood could rise no more than rounding shows.
//
//	gᵀ·(−H)⁻¹·g
//
// is twice what a Newton step would gain, and its root times that of n customers the
// distance to the maximum in standard errors: 1e-4 for a million. Where
// parameters are in the hundreds, rounding leaves gradients above the tolerance.
func (m maximum) isAtTop() bool {
	const gain = 1e-14
	if m.gradient <= gradientTolerance {
		return true
	}
	var factor mat.Cholesky
	if !factor.Factorize(evaluation{hessian: m.hessian}.information(m.dim)) {
		return false
	}
	g, step := mat.NewVecDense(m.dim, append([]float64(nil), m.slope[:m.dim]...)), mat.NewVecDense(m.dim, nil)
	return factor.SolveVecTo(step, g) == nil && mat.Dot(g, step) <= gain
}

// curvatures returns the lowest and the highest curvature at the maximum: the
// eigenvalues of −H by the logarithms of the parameters.
func (m maximum) curvatures() (lowest, highest float64) {
	var eigen mat.EigenSym
	if !eigen.Factorize(evaluation{hessian: m.hessian}.information(m.dim), false) {
		return 0, 1
	}
	values := eigen.Values(nil)
	return values[0], values[len(values)-1]
}

// covariance returns (−H)⁻¹/n: the covariance of the logarithms of the parameters
// estimated from n customers. A maximum that judge calls ok has one.
func (m maximum) covariance(n float64) [][]float64 {
	var factor mat.Cholesky
	var inverse mat.SymDense
	if !factor.Factorize(evaluation{hessian: m.hessian}.information(m.dim)) || factor.InverseTo(&inverse) != nil {
		panic("models: the information at a maximum is not positive definite")
	}
	out := make([][]float64, m.dim)
	for i := range out {
		out[i] = make([]float64, m.dim)
		for j := range out[i] {
			out[i][j] = inverse.At(i, j) / n
		}
	}
	return out
}

// agree is the difference of mean log-likelihoods of ends that are one, on the way
// to a bound.
const agree = 1e-9

// best maximises from one start after the other and returns the highest end. It
// is content with a maximum that is well determined and than which no end before
// was higher: these likelihoods have been seen with one such maximum only, but for
// BG/BB's (family.besides), beside which they may rise towards a bound. It is also
// content where two ends agree.
func best(f objective, dim int, starts []vector, s FitSettings) maximum {
	var top maximum
	for i, start := range starts {
		m := maximise(f, dim, start, s)
		isSame := i > 0 && math.Abs(m.value-top.value) <= agree
		if i == 0 || m.value > top.value {
			top = m
		}
		if status, _ := top.judge(make([]string, dim)); status == FitOK || isSame || m.stopped {
			return top
		}
	}
	return top
}
