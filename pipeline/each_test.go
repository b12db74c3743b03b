package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

func TestEachRunsEveryIndexOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 16} {
		const n = 100
		var ran [n]atomic.Int32
		err := pipeline.Each(context.Background(), workers, n, func(_ context.Context, worker, i int) error {
			if worker < 0 || worker >= max(1, workers) {
				return fmt.Errorf("worker %d of %d", worker, workers)
			}
			ran[i].Add(1)
			return nil
		})
		if err != nil {
			t.Errorf("%d workers: %v", workers, err)
		}
		for i := range ran {
			if got := ran[i].Load(); got != 1 {
				t.Errorf("%d workers: index %d ran %d times", workers, i, got)
			}
		}
	}
}

// A worker's slot is never used by two goroutines at once: -race would see it.
func TestEachGivesAWorkerToOneGoroutineAtATime(t *testing.T) {
	const workers, n = 4, 1000
	sums := make([]int, workers)
	err := pipeline.Each(context.Background(), workers, n, func(_ context.Context, worker, i int) error {
		sums[worker] += i
		return nil
	})
	total := 0
	for _, s := range sums {
		total += s
	}
	if want := n * (n - 1) / 2; err != nil || total != want {
		t.Errorf("sum %d, error %v; want %d", total, err, want)
	}
}

// Whoever fails first in time, the error of the lowest index is returned:
// index 3 fails at once, index 1 only after it has seen that.
func TestEachReturnsTheErrorOfTheLowestIndex(t *testing.T) {
	failed := make(chan struct{})
	err := pipeline.Each(context.Background(), 4, 4, func(ctx context.Context, _, i int) error {
		switch i {
		case 3:
			close(failed)
			return errors.New("index 3")
		case 1:
			<-failed
			return errors.New("index 1")
		default:
			return nil
		}
	})
	if err == nil || err.Error() != "index 1" {
		t.Errorf("got %v, want index 1", err)
	}
}

func TestEachStopsAfterAFailure(t *testing.T) {
	var began atomic.Int32
	err := pipeline.Each(context.Background(), 2, 10_000, func(ctx context.Context, _, i int) error {
		began.Add(1)
		if i == 0 {
			return errors.New("stop")
		}
		<-ctx.Done() // cancelled, for a lower index has failed
		return ctx.Err()
	})
	if err == nil || err.Error() != "stop" || began.Load() > 2 {
		t.Errorf("error %v after %d tasks; want stop after at most 2", err, began.Load())
	}
}

func TestEachReturnsTheContextsError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := pipeline.Each(ctx, 2, 5, func(context.Context, int, int) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestEachMakesAPanicAnError(t *testing.T) {
	err := pipeline.Each(context.Background(), 2, 1, func(context.Context, int, int) error { panic("broken") })
	var e *pipeline.Error
	if !errors.As(err, &e) || e.Class != pipeline.ClassInternal || !strings.Contains(e.Message, "broken") || !strings.Contains(e.Err.Error(), "each_test.go") {
		t.Errorf("got %v, want an internal error with the panic and its stack", err)
	}
}

func TestAheadKeepsOrder(t *testing.T) {
	for _, workers := range []int{1, 3, 8} {
		next := pipeline.Ahead(context.Background(), workers, 20, func(_ context.Context, _, i int) (int, error) { return i, nil })
		for want := range 20 {
			if got, err := next(); err != nil || got != want {
				t.Fatalf("%d workers: got %d, %v; want %d", workers, got, err, want)
			}
		}
		if _, err := next(); !errors.Is(err, io.EOF) {
			t.Errorf("%d workers: after the last: %v, want io.EOF", workers, err)
		}
	}
}

func TestErrorsCarryClassPlaceAndCause(t *testing.T) {
	err := fmt.Errorf("read: %w", pipeline.Errorf(pipeline.ClassSource, "a.csv:3:1", "fix it", "column %q: %w", "x", io.ErrUnexpectedEOF))
	if got, want := err.Error(), `read: a.csv:3:1: column "x": unexpected EOF`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || pipeline.ClassOf(err) != pipeline.ClassSource {
		t.Errorf("cause or class lost: %v, class %v", err, pipeline.ClassOf(err))
	}
	classes := map[error]pipeline.Class{
		errors.New("unknown"): pipeline.ClassInternal,
		context.Canceled:      pipeline.ClassTemporary,
	}
	for err, want := range classes {
		if got := pipeline.ClassOf(err); got != want {
			t.Errorf("class of %v is %v, want %v", err, got, want)
		}
	}
	names := []string{}
	for _, c := range []pipeline.Class{1, 2, 3, 4, 5, 6, 7, 75} {
		names = append(names, c.String())
	}
	if want := []string{"internal", "usage", "permission", "source", "quality", "cost", "busy", "temporary"}; !slices.Equal(names, want) {
		t.Errorf("names %v, want %v", names, want)
	}
}
