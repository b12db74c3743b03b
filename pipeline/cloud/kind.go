package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/bigquery"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/perennial-clv/perennial/pipeline"
)

// Kind is what an error of a service means, whatever the protocol.
type Kind int

const (
	Unknown     Kind = iota // none of the others
	Ended                   // the context was cancelled or is past its deadline
	Denied                  // not authenticated, or not permitted
	Missing                 // there is no such thing
	Exists                  // there is one already, or it has changed meanwhile
	Invalid                 // the request is wrong, and will be
	Unavailable             // overloaded, limited, unreachable or cut off: later it may work
)

// KindOf returns what an error of BigQuery, of an object store or of the network
// means. A nil error is Unknown.
func KindOf(err error) Kind {
	switch {
	case err == nil:
		return Unknown
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return Ended
	}
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return kindOfHTTP(e)
	}
	if e, ok := errors.AsType[*bigquery.Error](err); ok {
		return kindOfJob(e.Reason)
	}
	if e, ok := answerOfS3(err); ok {
		return kindOfS3(e)
	}
	if s, ok := status.FromError(err); ok {
		return kindOfGRPC(s.Code())
	}
	if e, ok := errors.AsType[*auth.Error](err); ok && e.Response != nil {
		return kindOfToken(e.Response.StatusCode)
	}
	if isNetwork(err) {
		return Unavailable
	}
	return kindOfBucket(err)
}

// kindOfToken returns what it means that Google answered with that code where it
// was asked for a token: a login that has run out, or a key that was deleted or
// disabled, is answered with 400. The client wraps it in an error of the network.
func kindOfToken(code int) Kind {
	if kind := kindOfCode(code); kind == Unavailable {
		return kind
	}
	return Denied
}

// Class returns the class of a failure of that kind: of something missing or
// invalid, what the caller says.
func (k Kind) Class(otherwise pipeline.Class) pipeline.Class {
	switch k {
	case Denied:
		return pipeline.ClassPermission
	case Unavailable, Ended:
		return pipeline.ClassTemporary
	default:
		return otherwise
	}
}

// limited are reasons for which BigQuery refuses with 400 or 403 what it would do
// later.
var limited = map[string]bool{
	"rateLimitExceeded": true, "jobRateLimitExceeded": true, "quotaExceeded": true, "backendError": true, "jobBackendError": true,
	"userRateLimitExceeded": true, "internalError": true, "jobInternalError": true, "tableUnavailable": true,
}

func kindOfHTTP(e *googleapi.Error) Kind {
	for _, item := range e.Errors {
		if limited[item.Reason] {
			return Unavailable
		}
	}
	return kindOfCode(e.Code)
}

// kindOfJob returns what the reason means for which a job of BigQuery failed.
func kindOfJob(reason string) Kind {
	switch {
	case limited[reason]:
		return Unavailable
	case reason == "accessDenied" || reason == "billingNotEnabled":
		return Denied
	case reason == "notFound":
		return Missing
	case reason == "duplicate":
		return Exists
	default:
		return Invalid
	}
}

// answerOfS3 returns the answer of S3 that an error is of. Where there was none
// the client makes one up, whose code is 0.
func answerOfS3(err error) (*smithyhttp.ResponseError, bool) {
	e, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return e, ok && e.Response != nil && e.Response.Response != nil && e.HTTPStatusCode() != 0
}

// kindOfS3 tells what S3 answers with 400 although the request is right, and with
// 403 although it is permitted.
func kindOfS3(e *smithyhttp.ResponseError) Kind {
	switch codeOfS3(e) {
	case "RequestTimeout":
		return Unavailable
	case "ExpiredToken", "InvalidToken":
		return Denied
	case "InvalidObjectState": // of 403: it lies in an archive
		return Invalid
	}
	return kindOfCode(e.HTTPStatusCode())
}

// codeOfS3 is what an answer calls its error, "" if it says nothing.
func codeOfS3(e *smithyhttp.ResponseError) string {
	if named, ok := errors.AsType[smithy.APIError](e); ok {
		return named.ErrorCode()
	}
	return ""
}

func kindOfCode(code int) Kind {
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return Denied
	case code == http.StatusNotFound || code == http.StatusGone:
		return Missing
	case code == http.StatusConflict || code == http.StatusPreconditionFailed:
		return Exists
	case code == http.StatusNotImplemented:
		return Invalid
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return Unavailable
	case code >= 300: // also a redirection: S3 says so that the bucket is in another region
		return Invalid
	default:
		return Unknown
	}
}

func kindOfGRPC(code codes.Code) Kind {
	switch code {
	case codes.Unauthenticated, codes.PermissionDenied:
		return Denied
	case codes.NotFound:
		return Missing
	case codes.AlreadyExists:
		return Exists
	case codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented:
		return Invalid
	case codes.Unavailable, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.DeadlineExceeded, codes.Canceled:
		// The last two are the service's own: the caller's were looked for first.
		return Unavailable
	default:
		return Unknown
	}
}

func kindOfBucket(err error) Kind {
	switch gcerrors.Code(err) {
	case gcerrors.PermissionDenied:
		return Denied
	case gcerrors.NotFound:
		return Missing
	case gcerrors.AlreadyExists, gcerrors.FailedPrecondition:
		return Exists
	case gcerrors.InvalidArgument, gcerrors.Unimplemented:
		return Invalid
	case gcerrors.ResourceExhausted, gcerrors.Internal, gcerrors.DeadlineExceeded, gcerrors.Canceled:
		return Unavailable
	default:
		return Unknown
	}
}

// isNetwork reports whether err is of a connection that could not be made or was
// cut.
func isNetwork(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE)
}

// Reason returns the shortest text that says why err came about: what the service
// answered, or what is wrong with the connection. It names no object and no
// account.
func Reason(err error) string {
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return fmt.Sprintf("it answers %d %s", e.Code, http.StatusText(e.Code))
	}
	if e, ok := answerOfS3(err); ok {
		return fmt.Sprintf("it answers %d %s", e.HTTPStatusCode(), cmp.Or(codeOfS3(e), http.StatusText(e.HTTPStatusCode())))
	}
	if e, ok := errors.AsType[*auth.Error](err); ok && e.Response != nil {
		return fmt.Sprintf("there is no token for its credentials: who gives them answers %d %s", e.Response.StatusCode, http.StatusText(e.Response.StatusCode))
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Error()
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
