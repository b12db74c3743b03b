package cloud

import (
	"context"
	"fmt"
	"io"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"time"

	"gocloud.dev/blob"
)

const (
	// stallTime is how long a service may send nothing before it is asked again.
	stallTime = time.Minute

	// mostRequests is how many requests a client may send by itself without a byte
	// coming: that of Google Cloud Storage goes on with a body that was cut, at once
	// and without end. A client may also have to fetch a token, or find that a
	// connection is closed.
	mostRequests = 8
)

// Range reads bytes of one version of an object, in their order. What is cut off
// it goes on with where it was cut, as often as its Patience allows without a
// byte coming in between. One goroutine at a time uses it.
type Range struct {
	object   Object
	bucket   *blob.Bucket
	patience Patience
	offset   int64 // of the next byte
	left     int64 // bytes to read
	failed   int   // attempts since the last byte
	body     *body // nil between two requests
}

// Range returns a reader of so many bytes from offset on, which must be there.
// It asks for none of them yet.
func (o Object) Range(b *blob.Bucket, p Patience, offset, length int64) *Range {
	return &Range{object: o, bucket: b, patience: p, offset: offset, left: length}
}

// Read reads as io.Reader does: io.EOF comes after the last byte and never
// before it. It fails with the context's error soon after that ends, with
// ErrChanged where the version is not there any more, and with what KindOf knows.
// After another error than the context's it is of no further use.
func (r *Range) Read(ctx context.Context, p []byte) (int, error) {
	if r.left == 0 {
		r.Close() // the end of the body may not have come with its last bytes
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	for {
		n, err := r.try(ctx, p)
		if n > 0 {
			r.offset, r.left, r.failed = r.offset+int64(n), r.left-int64(n), 0
			return n, nil
		}
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if KindOf(err) != Unavailable || r.failed+1 >= r.patience.attempts() {
			return 0, err
		}
		if err := r.patience.Wait(ctx, r.failed, err); err != nil {
			return 0, err
		}
		r.failed++
	}
}

// try reads once. Any error ends the request.
func (r *Range) try(ctx context.Context, p []byte) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if r.body == nil {
		r.body = newBody(ctx)
	}
	defer r.body.watch(ctx)()
	if r.body.content == nil {
		r.body.content, err = r.object.Read(r.body.ctx, r.bucket, r.offset, r.left)
	}
	if err == nil {
		n, err = r.body.content.Read(p)
		err = cutOff(err)
	}
	if err != nil {
		err = r.body.why(err)
		r.Close()
	}
	return n, err
}

// Close ends the request, if there is one. Read may go on after it.
func (r *Range) Close() {
	if r.body != nil {
		r.body.close()
		r.body = nil
	}
}

// ReadFull fills p from r.
func (r *Range) ReadFull(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		n, err := r.Read(ctx, p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// cutOff says what it means that a body ends with err, before its length is
// read: unless the service has answered something else meanwhile, that the
// connection was cut.
func cutOff(err error) error {
	switch KindOf(err) {
	case Missing, Exists:
		return ErrChanged
	case Denied, Invalid, Unavailable, Ended:
		return err
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
}

// body is one request and its answer. Its context outlives that of the call that
// began it, and is watched by that of each call.
type body struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	timer    *time.Timer // runs while a call waits
	requests atomic.Int32
	content  io.ReadCloser // nil before there is an answer
}

var (
	errStalled = fmt.Errorf("nothing came for %v: %w", stallTime, os.ErrDeadlineExceeded)
	errCutOff  = fmt.Errorf("cut off again and again: %w", io.ErrUnexpectedEOF)
)

func newBody(ctx context.Context) *body {
	b := new(body)
	b.ctx, b.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	b.ctx = httptrace.WithClientTrace(b.ctx, &httptrace.ClientTrace{GetConn: func(string) {
		if b.requests.Add(1) > mostRequests {
			b.cancel(errCutOff)
		}
	}})
	b.timer = time.AfterFunc(stallTime, func() { b.cancel(errStalled) })
	return b
}

// watch ends the request when the context ends, or when nothing comes, until
// what it returns is called.
func (b *body) watch(ctx context.Context) (unwatch func()) {
	b.timer.Reset(stallTime)
	b.requests.Store(0)
	stop := context.AfterFunc(ctx, func() { b.cancel(ctx.Err()) })
	return func() {
		stop()
		b.timer.Stop()
	}
}

// why returns the error that err comes of.
func (b *body) why(err error) error {
	if KindOf(err) == Ended && context.Cause(b.ctx) != nil {
		return context.Cause(b.ctx)
	}
	return err
}

func (b *body) close() {
	b.timer.Stop()
	b.cancel(context.Canceled)
	if b.content != nil {
		b.content.Close()
	}
}
