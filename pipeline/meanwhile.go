package pipeline

import (
	"context"
	"time"

	"github.com/sourcegraph/conc"
)

// Meanwhile calls do every interval, beside its caller, until the function that
// it returns is called or the context ends. That function waits for a call under
// way, whose context it ends, and may be called again.
func Meanwhile(ctx context.Context, interval time.Duration, do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var w conc.WaitGroup
	w.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				do(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		w.Wait()
	}
}
