package pipeline

import "sync/atomic"

// Progress is how far a stage of a run has come.
type Progress struct {
	Done, Total int64 // the stage's work, in bytes, rows or parts; Total is -1 if unknown
	Rows        int64 // the rows that were handled
}

// Meter adds up the progress of one stage. Any number of goroutines may add to
// it; it has no clock and takes no lock.
type Meter struct {
	total      int64
	done, rows atomic.Int64
	report     func(Progress)
}

// NewMeter returns a meter of so much work, -1 if unknown, that calls report
// after each addition, on the goroutine that added. report may be nil.
func NewMeter(total int64, report func(Progress)) *Meter {
	return &Meter{total: total, report: report}
}

// Add notes that so much of the work and so many rows are done. It is meant to
// be called per batch or shard, not per row.
func (m *Meter) Add(done, rows int64) {
	p := Progress{Done: m.done.Add(done), Total: m.total, Rows: m.rows.Add(rows)}
	if m.report != nil {
		m.report(p)
	}
}
