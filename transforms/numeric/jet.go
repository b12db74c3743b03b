package numeric

import "math"

// jetSize is how many variables a Jet has.
const jetSize = 4

// Jet is the value of a function of four variables at a point, with its first
// and second derivatives there. Sums, products and exponentials of jets have
// exact derivatives, where differences of values would lose half of the digits.
type Jet struct {
	Value    float64
	Gradient [jetSize]float64
	Hessian  [jetSize][jetSize]float64 // the upper triangle; below it are zeros
}

// times returns the product of two functions.
func (j *Jet) times(k *Jet) (p Jet) {
	p.Value = j.Value * k.Value
	for i := range jetSize {
		p.Gradient[i] = j.Value*k.Gradient[i] + k.Value*j.Gradient[i]
		for l := i; l < jetSize; l++ {
			p.Hessian[i][l] = j.Value*k.Hessian[i][l] + k.Value*j.Hessian[i][l] +
				j.Gradient[i]*k.Gradient[l] + k.Gradient[i]*j.Gradient[l]
		}
	}
	return p
}

// addExp adds a factor times e to the power of a function.
func (j *Jet) addExp(log *Jet, factor float64) {
	value := factor * math.Exp(log.Value)
	j.Value += value
	for i := range jetSize {
		j.Gradient[i] += value * log.Gradient[i]
		for l := i; l < jetSize; l++ {
			j.Hessian[i][l] += value * (log.Hessian[i][l] + log.Gradient[i]*log.Gradient[l])
		}
	}
}

// add adds another function to this one.
func (j *Jet) add(k *Jet) {
	j.Value += k.Value
	for i := range jetSize {
		j.Gradient[i] += k.Gradient[i]
		for l := i; l < jetSize; l++ {
			j.Hessian[i][l] += k.Hessian[i][l]
		}
	}
}
