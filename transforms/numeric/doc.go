// Package numeric is the project's arithmetic on floating-point numbers: the
// only place that sums them, the special functions and quadrature rules that
// the models need, and intervals of rates. It knows nothing of customers.
//
//	null.go        values that may be unknown
package numeric
