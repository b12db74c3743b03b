package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

// shown are rows as readThem returns them.
func shown(rows conformance.Rows) (lines []string) {
	for _, part := range rows.Parts {
		for _, row := range part {
			var cells []string
			for _, cell := range row {
				cells = append(cells, *cell)
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
	}
	slices.Sort(lines)
	return lines
}

// both are the two ways to read.
var both = map[string]BigQuery{"table": {}, "query": {Query: "SELECT id, word FROM shop.orders"}}

// slow answers with a delay that the caller is told.
var slow = func() error {
	s, err := status.New(codes.ResourceExhausted, "too fast").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Millisecond)})
	if err != nil {
		panic(err)
	}
	return s.Err()
}()

// TestBigQueryAtEveryCall spoils each call of a read in turn, in each way: the
// read delivers every row exactly once, or fails with the right class. A call
// that is refused for now is refused once.
func TestBigQueryAtEveryCall(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault fakeFault
		class pipeline.Class // 0: all goes well
	}{
		{"too many requests", fakeFault{code: http.StatusTooManyRequests, after: "0", status: slow}, 0},
		{"unavailable", fakeFault{code: http.StatusServiceUnavailable, reason: "backendError"}, 0},
		{"the connection ends", fakeFault{drops: true}, 0},
		{"the answer is lost", fakeFault{drops: true, isLate: true}, 0},
		{"aborted", fakeFault{code: http.StatusBadGateway, status: status.Error(codes.Internal, "RST_STREAM")}, 0},
		{"not permitted", fakeFault{code: http.StatusForbidden, reason: "accessDenied"}, pipeline.ClassPermission},
	} {
		for name, o := range both {
			t.Run(c.name+", "+name, func(t *testing.T) {
				t.Parallel() // the client waits up to a second before it tries again
				rows := letters(3, 30)
				for n := 1; ; n++ {
					f := fakeOf(rows)
					f.looks = 2
					f.at = func(call int, _ string) *fakeFault {
						if call == n {
							return &c.fault
						}
						return nil
					}
					got, err := readThem(t.Context(), f.start(t, o))
					calls := f.steps()
					if len(calls) < n {
						return // there are no more calls to spoil
					}
					place := fmt.Sprintf("call %d, %s", n, calls[n-1])
					if c.class != 0 {
						if err == nil || pipeline.ClassOf(err) != c.class {
							t.Errorf("%s: got error %v, want one of class %v", place, err, c.class)
						}
					} else if err != nil || !slices.Equal(got, shown(rows)) {
						t.Errorf("%s: got %d rows, error %v; want 90 rows and none\nafter %v", place, len(got), err, calls)
					}
				}
			})
		}
	}
}

// TestBigQueryThatNeverRecovers: what is refused again and again is an error, in
// bounded time, whichever call it is.
func TestBigQueryThatNeverRecovers(t *testing.T) {
	for name, o := range both {
		steps := map[string]bool{}
		rows := letters(2, 20)
		f := fakeOf(rows)
		f.looks = 1
		if _, err := readThem(t.Context(), f.start(t, o)); err != nil {
			t.Fatal(err)
		}
		for _, step := range f.steps() {
			steps[step] = true
		}
		for step := range steps {
			t.Run(name+", "+step, func(t *testing.T) {
				t.Parallel()
				f := fakeOf(rows)
				f.looks = 1
				f.at = func(_ int, at string) *fakeFault {
					if at == step {
						return &fakeFault{code: http.StatusServiceUnavailable}
					}
					return nil
				}
				s := f.start(t, o)
				s.pace.call = 200 * time.Millisecond
				_, err := readThem(t.Context(), s)
				wantError(t, err, pipeline.ClassTemporary)
			})
		}
	}
}

// TestBigQueryRowsAreReconciled: what ends as if all was well is not, unless
// every row has come once.
func TestBigQueryRowsAreReconciled(t *testing.T) {
	once := func(step string, fault fakeFault) func(int, string) *fakeFault {
		seen := 0
		return func(_ int, at string) *fakeFault {
			if at == step {
				if seen++; seen == 3 {
					return &fault
				}
			}
			return nil
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(*fakeBigQuery)
		want  string
	}{
		{"a stream ends early", func(f *fakeBigQuery) { f.at = once("answer", fakeFault{clean: true}) }, "of 40 rows"},
		{"a stream begins anew", func(f *fakeBigQuery) {
			f.rewinds, f.at = true, once("answer", fakeFault{drops: true, isLate: true})
		}, "and there are 40"},
		{"an answer lacks rows", func(f *fakeBigQuery) {
			f.at = once("answer", fakeFault{tamper: func(r *storagepb.ReadRowsResponse) { r.RowCount++ }})
		}, "says that it has"},
		{"an answer is cut short", func(f *fakeBigQuery) {
			f.at = once("answer", fakeFault{tamper: func(r *storagepb.ReadRowsResponse) {
				b := r.GetArrowRecordBatch()
				b.SerializedRecordBatch = b.SerializedRecordBatch[:len(b.SerializedRecordBatch)-9]
			}})
		}, "cut short"},
		{"an answer is empty", func(f *fakeBigQuery) {
			f.at = once("answer", fakeFault{tamper: func(r *storagepb.ReadRowsResponse) { r.Rows = nil }})
		}, "cut short"},
		{"an answer does not say its rows", func(f *fakeBigQuery) {
			f.at = once("answer", fakeFault{tamper: func(r *storagepb.ReadRowsResponse) { r.RowCount = 0 }})
		}, "of 40 rows"},
		{"there are no streams", func(f *fakeBigQuery) { f.streams, f.counted = nil, 40 }, "after 0 of 40 rows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := letters(2, 20)
			f := fakeOf(rows)
			f.counted = -1
			c.spoil(f)
			_, err := readThem(t.Context(), f.start(t, BigQuery{}))
			wantError(t, err, pipeline.ClassTemporary, c.want)
		})
	}
}

// TestBigQuerySessionThatExpired: a later run has another.
func TestBigQuerySessionThatExpired(t *testing.T) {
	f := fakeOf(letters(1, 60))
	connections := 0
	f.at = func(call int, step string) *fakeFault {
		switch {
		case step == "ReadRows":
			if connections++; connections == 2 {
				return &fakeFault{status: status.Error(codes.FailedPrecondition, "session expired")}
			}
		case step == "answer" && connections == 1 && len(f.calls) > 10:
			return &fakeFault{drops: true}
		}
		return nil
	}
	_, err := readThem(t.Context(), f.start(t, BigQuery{}))
	wantError(t, err, pipeline.ClassTemporary, "session expired", "run it again")
}

// TestBigQueryGoesOnWhereItWas: after a cut, the rows that came are not asked for
// again.
func TestBigQueryGoesOnWhereItWas(t *testing.T) {
	rows := letters(1, 40)
	f := fakeOf(rows)
	answers := 0
	f.at = func(_ int, step string) *fakeFault {
		if step == "answer" {
			if answers++; answers == 2 || answers == 4 {
				return &fakeFault{drops: true, isLate: answers == 4}
			}
		}
		return nil
	}
	got, err := readThem(t.Context(), f.start(t, BigQuery{}))
	if err != nil || !slices.Equal(got, shown(rows)) {
		t.Errorf("got %d rows, %v", len(got), err)
	}
	// Answers have 11 rows. The first came, the second was cut off before it was
	// sent; the third is the second again, the fourth was sent before the cut.
	if want := []int64{0, 11, 33}; !slices.Equal(f.offsets, want) {
		t.Errorf("offsets are %v, want %v", f.offsets, want)
	}
}

// TestBigQueryStreamThatSaysNothing counts as cut off.
func TestBigQueryStreamThatSaysNothing(t *testing.T) {
	rows := letters(1, 40)
	f := fakeOf(rows)
	answers := 0
	f.at = func(_ int, step string) *fakeFault {
		if step == "answer" {
			if answers++; answers == 2 {
				return &fakeFault{waits: true}
			}
		}
		return nil
	}
	s := f.start(t, BigQuery{})
	s.pace.stall = 500 * time.Millisecond
	got, err := readThem(t.Context(), s)
	if err != nil || !slices.Equal(got, shown(rows)) {
		t.Errorf("got %d rows, %v", len(got), err)
	}
}

// TestBigQueryEndsWithItsContext: at every call, before the service has done what
// it was asked and after it, the read ends soon and with the context's error, and
// no job goes on running.
func TestBigQueryEndsWithItsContext(t *testing.T) {
	for name, o := range both {
		for _, isLate := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %v", name, isLate), func(t *testing.T) {
				for n := 1; endsAtCall(t, o, n, isLate); n++ {
				}
			})
		}
	}
}

// endsAtCall ends the context at a call, and reports whether there was one.
func endsAtCall(t *testing.T, o BigQuery, n int, isLate bool) bool {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := fakeOf(letters(2, 30))
	f.looks = 3
	f.at = func(call int, step string) *fakeFault {
		if call != n {
			return nil
		}
		time.AfterFunc(20*time.Millisecond, cancel)
		return &fakeFault{waits: true, isLate: isLate}
	}
	_, err := readThem(ctx, f.start(t, o))
	calls := f.steps()
	if len(calls) < n {
		return false
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("call %d, %s: got %v, want %v", n, calls[n-1], err, context.Canceled)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, job := range f.jobs {
		if job.looks < f.looks && !job.cancelled {
			t.Errorf("call %d, %s: job %s goes on", n, calls[n-1], id)
		}
	}
	return true
}

// TestBigQueryReaderThatIsClosedHangsUp while others read on.
func TestBigQueryReaderThatIsClosedHangsUp(t *testing.T) {
	f := fakeOf(letters(2, 11)) // one answer of each stream
	f.at = func(_ int, step string) *fakeFault {
		if step == "end" {
			return &fakeFault{waits: true}
		}
		return nil
	}
	s := describedBy(t, f, BigQuery{})
	readers, err := s.Open(t.Context(), pipeline.Request{Columns: []string{"id"}, Readers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readers {
		defer r.Close()
		batch, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		batch.Record.Release()
	}
	if err := readers[0].Close(); err != nil {
		t.Error(err)
	}
	for range 1000 {
		f.mu.Lock()
		active := f.active
		f.mu.Unlock()
		if active == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d streams are open after one of two readers was closed, want 1", f.active)
}

// TestBigQueryLeavesNothingRunning: readers that are closed early, that fail and
// that end.
func TestBigQueryLeavesNothingRunning(t *testing.T) {
	f := fakeOf(letters(4, 50))
	f.start(t, BigQuery{})
	before := runtime.NumGoroutine()
	for n := range 12 {
		s := f.source(t, BigQuery{})
		d, err := s.Describe(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		readers, err := s.Open(t.Context(), pipeline.Request{Columns: fieldNames(d.Columns), Readers: 3, Rows: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range readers {
			for range n {
				batch, err := r.Next(t.Context())
				if err != nil {
					break
				}
				batch.Record.Release()
			}
		}
		for _, r := range readers {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	f.rest.CloseClientConnections()
	http.DefaultClient.CloseIdleConnections()
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines were there before, %d are now\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}
