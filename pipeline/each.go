package pipeline

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/sourcegraph/conc/pool"
)

// Each runs task(ctx, worker, i) for every i in [0, n) on at most workers
// goroutines and waits for all of them. worker is in [0, workers) and belongs
// to one goroutine at a time, so that a task may use its worker's slot of a
// slice without a lock. Tasks begin in ascending order of i.
//
// After a failure of task i no further task begins, and the contexts of running
// tasks above i are cancelled; those below i go on, so that the error returned
// is that of the lowest failing index, whoever was faster. A panic becomes an
// error of class internal with its stack.
func Each(ctx context.Context, workers, n int, task func(ctx context.Context, worker, i int) error) error {
	workers = max(1, min(workers, n))
	r := race{n: n, failed: n, running: make([]running, workers)}
	// One long-lived task per worker, which draws the indices itself: conc's
	// pool would run every queued task even after a failure.
	p := pool.New().WithMaxGoroutines(workers)
	for worker := range workers {
		p.Go(func() {
			for {
				taskContext, i, ok := r.begin(ctx, worker)
				if !ok {
					return
				}
				r.end(worker, i, guard(func() error { return task(taskContext, worker, i) }))
			}
		})
	}
	p.Wait()
	if r.err != nil && !isCancellation(r.err) {
		return r.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.err
}

// race is the state of one Each.
type race struct {
	mu      sync.Mutex
	next, n int
	failed  int // lowest index that has failed; n if none
	err     error
	running []running // by worker
}

type running struct {
	index  int
	cancel context.CancelFunc // nil while the worker is idle
}

// begin draws the next index for a worker, and false where there is none left.
func (r *race) begin(ctx context.Context, worker int) (context.Context, int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil || r.err != nil || r.next == r.n {
		return nil, 0, false
	}
	ctx, cancel := context.WithCancel(ctx)
	i := r.next
	r.next++
	r.running[worker] = running{i, cancel}
	return ctx, i, true
}

// end notes a task's result and cancels the tasks above one that has failed.
func (r *race) end(worker, i int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[worker].cancel()
	r.running[worker].cancel = nil
	if err == nil || i > r.failed {
		return
	}
	r.failed, r.err = i, err
	for _, other := range r.running {
		if other.cancel != nil && other.index > i {
			other.cancel()
		}
	}
}

// guard runs a step and makes a panic of it an error.
func guard(step func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Class: ClassInternal, Message: fmt.Sprintf("panic: %v", r), Hint: "this is a bug; please report it with the stack", Err: stack(debug.Stack())}
		}
	}()
	return step()
}

// stack is where a panic happened.
type stack []byte

func (s stack) Error() string { return string(s) }

// Ahead returns a function that yields what produce makes of 0, 1, … and
// io.EOF after n of them. Like Each it tells produce which worker it is, of
// whom none does two things at once. Whenever it has none left it produces the next workers
// of them side by side, so that at most so many are held. The function is for
// one goroutine; it returns the context's error once that ends.
func Ahead[T any](ctx context.Context, workers, n int, produce func(ctx context.Context, worker, i int) (T, error)) func() (T, error) {
	workers = max(1, workers)
	var ready []T
	next := 0
	return func() (T, error) {
		if len(ready) == 0 {
			if next == n {
				return *new(T), io.EOF
			}
			values := make([]T, min(workers, n-next))
			err := Each(ctx, workers, len(values), func(ctx context.Context, worker, i int) (err error) {
				values[i], err = produce(ctx, worker, next+i)
				return err
			})
			if err != nil {
				return *new(T), err
			}
			ready, next = values, next+len(values)
		}
		value := ready[0]
		ready = ready[1:]
		return value, nil
	}
}
