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

// upTo draws 0, 1, … n−1, then io.EOF.
func upTo(n int) func() (int, error) {
	next := 0
	return func() (int, error) {
		if next == n {
			return 0, io.EOF
		}
		next++
		return next - 1, nil
	}
}

func TestInOrderDeliversInTheOrderDrawn(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 16} {
		var got []int
		var held, most atomic.Int32
		work := func(worker, i int) (int, error) {
			if worker < 0 || worker >= max(1, workers) {
				return 0, fmt.Errorf("worker %d of %d", worker, workers)
			}
			most.Store(max(most.Load(), held.Add(1)))
			return i * i, nil
		}
		err := pipeline.InOrder(t.Context(), workers, upTo(200), work, func(square int) error {
			got = append(got, square) // -race would see two goroutines
			held.Add(-1)
			return nil
		})
		var want []int
		for i := range 200 {
			want = append(want, i*i)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d workers: got %v, error %v", workers, got, err)
		}
		if int(most.Load()) > max(1, workers) {
			t.Errorf("%d workers held %d items", workers, most.Load())
		}
	}
}

// A worker keeps its buffer from an item's work until it was delivered: -race
// and the sum would see it being used for another item.
func TestInOrderLeavesAWorkersBufferAloneUntilDelivered(t *testing.T) {
	buffers := make([][]int, 4)
	work := func(worker, i int) ([]int, error) {
		buffers[worker] = append(buffers[worker][:0], i, i, i)
		return buffers[worker], nil
	}
	next := 0
	err := pipeline.InOrder(t.Context(), len(buffers), upTo(1000), work, func(b []int) error {
		if !slices.Equal(b, []int{next, next, next}) {
			return fmt.Errorf("item %d arrives as %v", next, b)
		}
		next++
		return nil
	})
	if err != nil || next != 1000 {
		t.Errorf("%d items, error %v; want 1000", next, err)
	}
}

// Whoever fails first in time, the error of the lowest item is returned, what
// comes before it is delivered, and nothing after it: item 3 fails at once,
// item 1 only after it has seen that.
func TestInOrderReturnsTheErrorOfTheLowestItem(t *testing.T) {
	failed := make(chan struct{})
	var delivered []int
	work := func(_, i int) (int, error) {
		switch i {
		case 3:
			close(failed)
			return 0, errors.New("item 3")
		case 1:
			<-failed
			return 0, errors.New("item 1")
		default:
			return i, nil
		}
	}
	err := pipeline.InOrder(t.Context(), 4, upTo(100), work, func(i int) error {
		delivered = append(delivered, i)
		return nil
	})
	if err == nil || err.Error() != "item 1" || !slices.Equal(delivered, []int{0}) {
		t.Errorf("got %v, delivered %v; want item 1, and 0 delivered", err, delivered)
	}
}

func TestInOrderReturnsTheErrorOfEachStep(t *testing.T) {
	broken := errors.New("broken")
	same := func(_, i int) (int, error) { return i, nil }
	for _, c := range []struct {
		step      string
		next      func() (int, error)
		deliver   func(delivered int) error
		delivered int
	}{
		{"next", func() func() (int, error) {
			draw := upTo(5)
			return func() (int, error) {
				i, err := draw()
				if err != nil {
					err = broken
				}
				return i, err
			}
		}(), func(int) error { return nil }, 5},
		{"deliver", upTo(1000), func(i int) error {
			if i == 7 {
				return broken
			}
			return nil
		}, 7},
	} {
		delivered := 0
		err := pipeline.InOrder(t.Context(), 3, c.next, same, func(i int) error {
			err := c.deliver(i)
			if err == nil {
				delivered++
			}
			return err
		})
		if err != broken || delivered != c.delivered {
			t.Errorf("%s fails: got %v after %d items, want its error as it is after %d", c.step, err, delivered, c.delivered)
		}
	}
}

// What was drawn is worked on, whatever fails: work frees what an item holds.
func TestInOrderWorksOnAllThatWasDrawn(t *testing.T) {
	var drawn, worked atomic.Int32
	draw := upTo(1000)
	next := func() (int, error) {
		i, err := draw()
		if err == nil {
			drawn.Add(1)
		}
		return i, err
	}
	err := pipeline.InOrder(t.Context(), 8, next, func(_, i int) (int, error) { worked.Add(1); return i, nil }, func(i int) error {
		if i == 20 {
			return errors.New("full")
		}
		return nil
	})
	if err == nil || drawn.Load() != worked.Load() {
		t.Errorf("error %v, %d drawn, %d worked on", err, drawn.Load(), worked.Load())
	}
}

func TestInOrderReturnsTheContextsError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	delivered := 0
	err := pipeline.InOrder(ctx, 2, upTo(1000), func(_, i int) (int, error) { return i, nil }, func(int) error {
		delivered++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || delivered > 3 {
		t.Errorf("got %v after %d items, want context.Canceled and no more than were held", err, delivered)
	}
}

func TestInOrderMakesAPanicAnError(t *testing.T) {
	next, work, deliver := upTo(9), func(_, i int) (int, error) { return i, nil }, func(int) error { return nil }
	for step, err := range map[string]error{
		"next":    pipeline.InOrder(t.Context(), 2, func() (int, error) { panic("broken") }, work, deliver),
		"work":    pipeline.InOrder(t.Context(), 2, next, func(_, _ int) (int, error) { panic("broken") }, deliver),
		"deliver": pipeline.InOrder(t.Context(), 2, upTo(9), work, func(int) error { panic("broken") }),
	} {
		var e *pipeline.Error
		if !errors.As(err, &e) || e.Class != pipeline.ClassInternal || !strings.Contains(e.Message, "broken") {
			t.Errorf("%s panics: got %v, want an internal error with the panic", step, err)
		}
	}
}
