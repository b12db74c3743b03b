package shop

import "iter"

// Shop is a simulated shop.
type Shop struct {
	settings Settings
	truth    Truth
	line     timeline

	// Of the blocks that have been added to the log:
	report Report
	orders int64
	late   []posting
}

// New returns the shop of some settings. Its error names every setting that
// makes no shop.
func New(s Settings) (*Shop, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	shop := &Shop{settings: s, truth: truth(s.Clean)}
	shop.line = newTimeline(s, shop.truth)
	if s.Customers > 0 && s.Rows > 0 {
		if err := shop.scale(); err != nil {
			return nil, err
		}
	}
	return shop, nil
}

// Settings returns the settings with defaults filled in.
func (s *Shop) Settings() Settings { return s.settings }

// Truth returns what the customers follow.
func (s *Shop) Truth() Truth { return s.truth }

// Report counts the rows of the blocks that have been added to the log.
func (s *Shop) Report() Report { return s.report }

// Batches returns the whole log from its beginning, in batches of at most size
// rows, which must be positive. A batch is valid until the next one. Each
// iteration yields the same rows, and Report is then theirs.
func (s *Shop) Batches(size int) iter.Seq[[]Row] {
	return func(yield func([]Row) bool) {
		s.Restart()
		for i := range s.Blocks() {
			if !s.Add(s.Block(i)).yield(size, yield) {
				return
			}
		}
		s.End().yield(size, yield)
	}
}

// yield hands a block's rows on and reports whether more are wanted.
func (b *Block) yield(size int, yield func([]Row) bool) bool {
	for from := 0; from < b.Len(); from += size {
		if !yield(b.Rows(from, min(from+size, b.Len()))) {
			return false
		}
	}
	return true
}
