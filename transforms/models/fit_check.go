package models

import (
	"fmt"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/ledger"
	"gonum.org/v1/gonum/mat"
)

// Check says what is wrong with a fit that was not made here but read: nil where
// it can be used like one that was. Its family is known here; its status and the
// parameters are one that a fit of the family can have; numbers are finite,
// parameters and variances positive, the covariance symmetric.
func (f Fit) Check() error {
	names, ok := parametersOf(f.Family)
	if !ok {
		return fmt.Errorf("the family %q is not known to this program", f.Family)
	}
	if !slices.ContainsFunc(FitStatuses, func(s ledger.Term) bool { return s.Name == string(f.Status) }) {
		return fmt.Errorf("the status %q is not known to this program", f.Status)
	}
	if f.Status == FitInsufficientData && len(f.Parameters) == 0 {
		return nil
	}
	if len(f.Parameters) != len(names) {
		return fmt.Errorf("%s has %d parameters, not %d", f.Family, len(names), len(f.Parameters))
	}
	for i, p := range f.Parameters {
		switch deviation, ok := p.StdError.Get(); {
		case p.Name != names[i]:
			return fmt.Errorf("parameter %d of %s is %s, not %q", i+1, f.Family, names[i], p.Name)
		case !isPositive(p.Estimate):
			return fmt.Errorf("%s of %s is not a positive finite number", p.Name, f.Family)
		case ok && !isPositive(deviation):
			return fmt.Errorf("the standard error of %s of %s is not a positive finite number", p.Name, f.Family)
		}
	}
	return f.checkCovariance()
}

func (f Fit) checkCovariance() error {
	if (f.Status == FitOK) != (len(f.Covariance) > 0) {
		return fmt.Errorf("%s is %s: it has a covariance if, and only if, it is %s", f.Family, f.Status, FitOK)
	}
	if n := len(f.Covariance); n > 0 && n != len(f.Parameters) {
		return fmt.Errorf("the covariance of %s is of %d parameters", f.Family, n)
	}
	for i, row := range f.Covariance {
		if len(row) != len(f.Covariance) {
			return fmt.Errorf("the covariance of %s is not square", f.Family)
		}
		for j, c := range row {
			if math.IsNaN(c) || math.IsInf(c, 0) || j < i && c != f.Covariance[j][i] || i == j && !(c > 0) {
				return fmt.Errorf("the covariance of %s is none", f.Family)
			}
		}
	}
	if !isDefinite(f.Covariance) {
		return fmt.Errorf("the covariance of %s is not positive definite", f.Family)
	}
	return nil
}

func isPositive(v float64) bool { return v > 0 && !math.IsInf(v, 1) }

// parametersOf returns the names of a family's parameters; not ok for a family
// that is not known.
func parametersOf(name Family) (names []string, ok bool) {
	if name == GammaGamma {
		return spendParameters, true
	}
	all := families()
	i := slices.IndexFunc(all, func(f family) bool { return f.name == name })
	if i < 0 {
		return nil, false
	}
	return all[i].parameters, true
}

// isDefinite reports whether a symmetric matrix is positive definite; an empty one is.
func isDefinite(m [][]float64) bool {
	if len(m) == 0 {
		return true
	}
	symmetric := mat.NewSymDense(len(m), nil)
	for i, row := range m {
		for j := i; j < len(row); j++ {
			symmetric.SetSym(i, j, row[j])
		}
	}
	var factor mat.Cholesky
	return factor.Factorize(symmetric)
}
