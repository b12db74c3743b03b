package shop

import "iter"

// Shop is a simulated shop.
type Shop struct {
	settings Settings
	truth    Truth
	report   Report
}

// New returns the shop of some settings. Its error names every setting that
// makes no shop.
func New(s Settings) (*Shop, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	return &Shop{settings: s, truth: truth(s.Clean)}, nil
}

// Settings returns the settings with defaults filled in.
func (s *Shop) Settings() Settings { return s.settings }

// Truth returns what the customers follow.
func (s *Shop) Truth() Truth { return s.truth }

// Report counts the rows that the last iteration over Batches has yielded.
func (s *Shop) Report() Report { return s.report }

// Batches returns the log from its beginning, in batches of size rows (the
// last has fewer), which must be positive. A batch is valid until the next
// one; its texts are valid for good. Each iteration yields the same rows.
//
// Rows are in the order of their times, late rows at the end. A log of more
// than about a million rows is made in blocks of that many, one group of
// customers after the other, each in the order of its times: memory then does
// not depend on its length.
func (s *Shop) Batches(size int) iter.Seq[[]Row] {
	if size <= 0 {
		panic("shop: a batch must have rows")
	}
	return func(yield func([]Row) bool) {
		s.report = Report{}
		end := uint32(s.settings.To-s.settings.From+1) * secondsPerDay
		sim := newSimulator(s.settings, s.truth)
		w := newWriter(s.settings, s.truth, size)
		defer func() { s.report.Customers, s.report.SameDay = sim.customers, sim.sameDay }()
		for p := range sim.log() {
			s.report.add(p, end)
			if w.add(p); len(w.postings) == size && !yield(w.rows()) {
				return
			}
		}
		if len(w.postings) > 0 {
			yield(w.rows())
		}
	}
}
