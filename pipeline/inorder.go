package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/sourcegraph/conc/pool"
)

// InOrder draws items from next until io.EOF, works on them side by side on at
// most workers goroutines, and delivers the results in the order in which the
// items were drawn. next is called by one goroutine at a time, and so is
// deliver. worker is in [0, workers) and belongs to one goroutine from an
// item's work to the return of its deliver, so that a result may live in
// buffers of its worker. At most workers items are held.
//
// Every item that was drawn is worked on, so that work may free what it holds.
// After a failure nothing more is drawn and nothing after the failing item
// delivered; the error returned is that of the lowest failing item. A panic
// becomes an error of class internal with its stack.
func InOrder[A, B any](ctx context.Context, workers int, next func() (A, error), work func(worker int, item A) (B, error), deliver func(B) error) error {
	workers = max(1, workers)
	l := line{}
	l.moved.L = &l.mu
	p := pool.New().WithMaxGoroutines(workers)
	for worker := range workers {
		p.Go(func() {
			for {
				item, i, ok := draw(ctx, &l, next)
				if !ok {
					return
				}
				var result B
				err := guard(func() (err error) { result, err = work(worker, item); return err })
				if l.await(i, err) {
					l.leave(i, guard(func() error { return deliver(result) }))
				}
			}
		})
	}
	p.Wait()
	if l.err != nil && !isCancellation(l.err) {
		return l.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.err
}

// line is the state of one InOrder: who has been drawn, and who was delivered.
type line struct {
	drawing   sync.Mutex // held while next runs
	mu        sync.Mutex
	moved     sync.Cond // delivered or failed has changed
	drawn     int
	delivered int
	isDone    bool // nothing more is drawn
	failed    int  // lowest item that has failed, if err is not nil
	err       error
}

// draw takes the next item, and false where there is none left.
func draw[A any](ctx context.Context, l *line, next func() (A, error)) (item A, i int, ok bool) {
	l.drawing.Lock()
	defer l.drawing.Unlock()
	if ctx.Err() != nil || l.ended() {
		return item, 0, false
	}
	i = l.drawn
	l.drawn++
	err := guard(func() (err error) { item, err = next(); return err })
	switch {
	case errors.Is(err, io.EOF):
		l.end()
	case err != nil:
		l.fail(i, err)
	}
	return item, i, err == nil
}

// await waits until everything before item i is delivered, and reports
// whether i is to be: not if its work has failed, or an item before it.
func (l *line) await(i int, err error) bool {
	if err != nil {
		l.fail(i, err)
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.delivered < i && !l.failedBefore(i) {
		l.moved.Wait()
	}
	return !l.failedBefore(i)
}

// leave notes that item i was delivered, or why it could not be.
func (l *line) leave(i int, err error) {
	if err != nil {
		l.fail(i, err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delivered++
	l.moved.Broadcast()
}

// fail notes the error of item i, unless one before it has failed.
func (l *line) fail(i int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.failedBefore(i) {
		l.failed, l.err = i, err
	}
	l.isDone = true
	l.moved.Broadcast()
}

func (l *line) failedBefore(i int) bool { return l.err != nil && l.failed < i }

func (l *line) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isDone
}

func (l *line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isDone = true
}
