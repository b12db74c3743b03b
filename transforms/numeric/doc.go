// Package numeric is the project's arithmetic on floating-point numbers: the
// only place that sums them, the special functions and quadrature rules that
// the models need, and intervals of rates. It knows nothing of customers.
//
//	null.go        values that may be unknown
//	sum.go         compensated sums
//	logs.go        sums of exponentials, the logistic function
//	gamma.go       differences of log-gamma and digamma, the beta function
//	gamma_quantile.go  quantiles of the gamma distribution
//	quadrature.go  Gauss–Jacobi rules, panels, rules graded towards 0
//	chebyshev.go   interpolation of smooth functions
//	tricomi.go     Tricomi's function, for discounting
//	pareto.go      which of two Pareto variables is less
//	jet.go         functions with their derivatives
//	series.go      sums of infinite series
//	wilson.go      intervals of a share
//
// The accuracy of each function is measured against testdata/high_precision.json,
// which testdata/generate.py makes with mpmath.
package numeric
