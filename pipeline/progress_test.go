package pipeline_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

// 100 additions of 2 by 8 workers: whoever is faster, nothing is lost, and
// somebody is told of the end.
func TestAMeterAddsUpOverWorkers(t *testing.T) {
	var told, complete atomic.Int64
	m := pipeline.NewMeter(200, func(p pipeline.Progress) {
		told.Add(1)
		if p.Done == p.Total && p.Rows <= 300 {
			complete.Add(1)
		}
	})
	err := pipeline.Each(t.Context(), 8, 100, func(context.Context, int, int) error {
		m.Add(2, 3)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if told.Load() != 100 || complete.Load() != 1 {
		t.Errorf("told %d times, %d of them complete; want 100 and 1", told.Load(), complete.Load())
	}
}

func TestAMeterWithoutAListenerCountsInSilence(*testing.T) {
	pipeline.NewMeter(-1, nil).Add(1, 1)
}
