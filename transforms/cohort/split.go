package cohort

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Split holds one accumulator for each dimension value that has occurred.
type Split[T any] struct{ parts map[Dimension]*T }

// Of returns a dimension's accumulator to add to, making it at first use.
func (s *Split[T]) Of(d Dimension) *T {
	if s.parts == nil {
		s.parts = map[Dimension]*T{}
	}
	part, ok := s.parts[d]
	if !ok {
		part = new(T)
		s.parts[d] = part
	}
	return part
}

// Get returns a dimension's accumulator to read, an empty one where the
// dimension has not occurred.
func (s *Split[T]) Get(d Dimension) *T {
	if part, ok := s.parts[d]; ok {
		return part
	}
	return new(T)
}

// Each returns the accumulators of some dimension values, in their order.
func (s *Split[T]) Each(dimensions []Dimension) []*T {
	parts := make([]*T, len(dimensions))
	for i, d := range dimensions {
		parts[i] = s.Of(d)
	}
	return parts
}

// Sorted returns the dimensions in order, the whole base first and always.
func (s *Split[T]) Sorted() []Dimension {
	dimensions := make([]Dimension, 1, len(s.parts)+1)
	dimensions[0] = All
	for d := range s.parts {
		if d != All {
			dimensions = append(dimensions, d)
		}
	}
	slices.SortFunc(dimensions, Dimension.Compare)
	return dimensions
}

// Values returns how many values of a dimension have occurred.
func (s *Split[T]) Values(name string) int {
	n := 0
	for d := range s.parts {
		if d.Name == name {
			n++
		}
	}
	return n
}

// Merge adds o's accumulators by add.
func (s *Split[T]) Merge(o *Split[T], add func(to, from *T)) {
	for d, part := range o.parts {
		add(s.Of(d), part)
	}
}

// ByGrain holds one series for each grain of a run.
type ByGrain[T any] [calendar.ByYear + 1]Series[T]

// Merge adds o's cells by add.
func (b *ByGrain[T]) Merge(o *ByGrain[T], add func(to, from *T)) {
	for g := range b {
		b[g].Merge(&o[g], add)
	}
}

// Series holds one T for each index of a range that grows as needed: periods,
// cohorts, offsets.
type Series[T any] struct {
	first int32
	cells []T
}

// At returns the T of an index, making room at first use. The pointer is
// valid until the next call.
func (s *Series[T]) At(index int32) *T {
	if i := int(index) - int(s.first); uint(i) < uint(len(s.cells)) {
		return &s.cells[i]
	}
	s.grow(index)
	return &s.cells[index-s.first]
}

// Span returns the Ts of the indexes from first to last, making room at first
// use. It is valid until the next call.
func (s *Series[T]) Span(first, last int32) []T {
	s.At(first)
	s.At(last)
	return s.cells[first-s.first : last-s.first+1]
}

// grow makes room for an index that has none.
func (s *Series[T]) grow(index int32) {
	switch {
	case len(s.cells) == 0:
		s.first = index
		s.cells = append(s.cells, *new(T))
	case index < s.first:
		s.cells = slices.Concat(make([]T, s.first-index), s.cells)
		s.first = index
	default:
		s.cells = append(s.cells, make([]T, int(index-s.first)+1-len(s.cells))...)
	}
}

// Get returns the T of an index, zero where there is none.
func (s *Series[T]) Get(index int32) T {
	if index < s.first || int(index-s.first) >= len(s.cells) {
		return *new(T)
	}
	return s.cells[index-s.first]
}

// First returns the least index, and whether there is any.
func (s *Series[T]) First() (int32, bool) { return s.first, len(s.cells) > 0 }

// End returns one more than the greatest index.
func (s *Series[T]) End() int32 { return s.first + int32(len(s.cells)) }

// Merge adds o's cells by add.
func (s *Series[T]) Merge(o *Series[T], add func(to, from *T)) {
	for i := range o.cells {
		add(s.At(o.first+int32(i)), &o.cells[i])
	}
}
