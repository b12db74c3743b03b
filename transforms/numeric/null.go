package numeric

// Null is a value that may be unknown. Its zero value is null. Null and zero
// mean different things: a cell that could not be observed is null, one that
// was observed and is empty is zero.
type Null[T any] struct {
	value T
	known bool
}

// Known returns v as a known value.
func Known[T any](v T) Null[T] { return Null[T]{value: v, known: true} }

// Get returns the value and whether it is known.
func (n Null[T]) Get() (T, bool) { return n.value, n.known }

// Ratio returns part ÷ whole, and null where whole is zero.
func Ratio(part, whole int64) Null[float64] {
	if whole == 0 {
		return Null[float64]{}
	}
	return Known(float64(part) / float64(whole))
}
