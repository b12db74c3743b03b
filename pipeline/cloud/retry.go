package cloud

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// Patience says how often and how long to try what a service refuses for now.
// The zero value is the usual patience: about two minutes in all.
type Patience struct {
	Attempts int           // at most; 0 is 7
	First    time.Duration // before the second attempt, then twice as long each time; 0 is a second
	Most     time.Duration // of one wait, also where the service asks for more; 0 is a minute
}

func (p Patience) attempts() int {
	if p.Attempts > 0 {
		return p.Attempts
	}
	return 7
}

// Retry calls try until it succeeds, fails with what is not Unavailable, or has
// failed as often as p allows, and returns its last error. It waits between the
// attempts, as long as the service asks for where it does, and stops at once when
// the context ends, with the context's error.
func (p Patience) Retry(ctx context.Context, try func() error) error {
	for failed := 0; ; failed++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := try()
		if KindOf(err) != Unavailable || failed+1 >= p.attempts() {
			return err
		}
		if err := p.Wait(ctx, failed, err); err != nil {
			return err
		}
	}
}

// Wait waits after a failed attempt, of which there were failed before it, and
// returns the context's error if that ends first.
func (p Patience) Wait(ctx context.Context, failed int, err error) error {
	timer := time.NewTimer(p.delay(failed, err))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// delay is what the service asks for, else First doubled with every failure.
func (p Patience) delay(failed int, err error) time.Duration {
	first, most := p.First, p.Most
	if first <= 0 {
		first = time.Second
	}
	if most <= 0 {
		most = time.Minute
	}
	if asked, ok := asksFor(err); ok {
		return min(asked, most)
	}
	return min(first<<min(failed, 16), most)
}

// asksFor returns how long a service asks to wait: RetryInfo of gRPC,
// Retry-After of HTTP in seconds.
func asksFor(err error) (time.Duration, bool) {
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return retryAfter(e.Header)
	}
	if e, ok := answerOfS3(err); ok {
		return retryAfter(e.Response.Header)
	}
	s, ok := status.FromError(err)
	if !ok {
		return 0, false
	}
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok && info.RetryDelay != nil {
			return max(0, info.RetryDelay.AsDuration()), true
		}
	}
	return 0, false
}

func retryAfter(header http.Header) (time.Duration, bool) {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}
