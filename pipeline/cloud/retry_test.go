package cloud

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/bigquery"
	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// The codes are those of Google's API errors and of HTTP (RFC 9110).
func TestKindOfAnError(t *testing.T) {
	answer := func(code int, reason string) error {
		return &googleapi.Error{Code: code, Errors: []googleapi.ErrorItem{{Reason: reason}}}
	}
	token := func(code int) error { // as the client of REST returns it
		return &url.Error{Op: "Get", Err: &auth.Error{Response: &http.Response{StatusCode: code}}}
	}
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{nil, Unknown},
		{errors.New("something"), Unknown},
		{context.Canceled, Ended},
		{answer(401, "authError"), Denied},
		{answer(403, "accessDenied"), Denied},
		{answer(403, "rateLimitExceeded"), Unavailable},
		{answer(403, "quotaExceeded"), Unavailable},
		{answer(404, "notFound"), Missing},
		{answer(409, "duplicate"), Exists},
		{answer(412, "conditionNotMet"), Exists},
		{answer(400, "invalid"), Invalid},
		{answer(429, ""), Unavailable},
		{answer(503, "backendError"), Unavailable},
		{&bigquery.Error{Reason: "internalError"}, Unavailable},
		{&bigquery.Error{Reason: "jobInternalError"}, Unavailable},
		{&bigquery.Error{Reason: "tableUnavailable"}, Unavailable},
		{answer(400, "jobInternalError"), Unavailable},
		{&bigquery.Error{Reason: "accessDenied"}, Denied},
		{&bigquery.Error{Reason: "notFound"}, Missing},
		{&bigquery.Error{Reason: "duplicate"}, Exists},
		{&bigquery.Error{Reason: "invalidQuery"}, Invalid},
		{status.Error(codes.PermissionDenied, ""), Denied},
		{status.Error(codes.Unavailable, ""), Unavailable},
		{status.Error(codes.NotFound, ""), Missing},
		{status.Error(codes.InvalidArgument, ""), Invalid},
		{io.ErrUnexpectedEOF, Unavailable},
		{&url.Error{Op: "Get", Err: io.ErrUnexpectedEOF}, Unavailable},
		{token(400), Denied}, // invalid_grant: a login that has run out, a key that was deleted
		{token(401), Denied},
		{token(429), Unavailable},
		{token(503), Unavailable},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

func TestRetriesAreBounded(t *testing.T) {
	unavailable := status.Error(codes.Unavailable, "later")
	for _, c := range []struct {
		name  string
		fails int
		err   error
		want  int // calls
		fail  bool
	}{
		{"at once", 0, nil, 1, false},
		{"after two failures", 2, unavailable, 3, false},
		{"never", 100, unavailable, 4, true},
		{"what will not work later", 1, status.Error(codes.InvalidArgument, ""), 1, true},
	} {
		calls := 0
		err := Patience{Attempts: 4, First: time.Nanosecond}.Retry(t.Context(), func() error {
			if calls++; calls <= c.fails {
				return c.err
			}
			return nil
		})
		if calls != c.want || (err != nil) != c.fail {
			t.Errorf("%s: %d calls, want %d; error %v", c.name, calls, c.want, err)
		}
	}
}

func TestRetriesEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := Patience{First: time.Hour, Most: time.Hour}.Retry(ctx, func() error {
		cancel()
		return status.Error(codes.Unavailable, "")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestDelaysAreThoseAskedFor(t *testing.T) {
	asked, err := status.New(codes.ResourceExhausted, "").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	after := &googleapi.Error{Code: 429, Header: http.Header{"Retry-After": {"9"}}}
	for _, c := range []struct {
		failed int
		err    error
		want   time.Duration
	}{
		{0, io.ErrUnexpectedEOF, time.Second},
		{3, io.ErrUnexpectedEOF, 8 * time.Second},
		{40, io.ErrUnexpectedEOF, time.Minute},
		{0, asked.Err(), 7 * time.Second},
		{5, after, 9 * time.Second},
		{0, &googleapi.Error{Header: http.Header{"Retry-After": {"900"}}}, time.Minute},
	} {
		if got := (Patience{}).delay(c.failed, c.err); got != c.want {
			t.Errorf("after %d failures and %v: got %v, want %v", c.failed, c.err, got, c.want)
		}
	}
}
