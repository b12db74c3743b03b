package forecast

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/models"
)

// variances are what makes the net revenue of a month uncertain, in currency.
type variances struct {
	parameter float64   // standard deviation by the uncertainty of parameters
	process   float64   // variance by chance, given the parameters
	worth     []float64 // what customers acquired in each month ahead are expected to bring; nil where all are there
}

// add adds those of other customers: chance is independent between customers,
// parameters move all alike, and how many customers there will be moves those of
// a month alike.
func (v *variances) add(o *variances) {
	v.parameter += o.parameter
	v.process += o.process
	if o.worth != nil && v.worth == nil {
		v.worth = make([]float64, len(o.worth))
	}
	for i, w := range o.worth {
		v.worth[i] += w
	}
}

// band is an interval of net revenue with its median.
type band struct{ low, middle, high amount }

// interval returns the interval of a net revenue, in currency.
//
//	variance = mean²·widening² + parameter² + process + that of acquisition
//
// by the quantiles of the gamma distribution of this mean and variance, as
// models.SumInterval. What backtests widen is customers who were there; the
// variance of acquisition has been measured in the history itself. Null where the
// mean is not above 0, unless nothing is uncertain, and where the variance of
// acquisition is not known.
func (v *variances) interval(mean, widening float64, a *acquisition) band {
	ofAcquisition, ok := a.variance(v.worth)
	variance := mean*mean*widening*widening + v.parameter*v.parameter + v.process + ofAcquisition
	if !ok || !finite(mean) || !finite(variance) || mean <= 0 && variance > 0 {
		return band{}
	}
	at := func(q float64) amount { return inUnits(models.SumQuantile(mean, variance, q)) }
	const tail = (1 - models.IntervalLevel) / 2
	return band{at(tail), at(0.5), at(1 - tail)}
}

// parameterDeviation returns the standard deviation of a mean from the variance
// of its logarithm.
func parameterDeviation(mean, logVariance float64) float64 {
	return math.Abs(mean) * math.Sqrt(logVariance)
}
