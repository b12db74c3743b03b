package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// fault is what goes wrong with an answer to a request for bytes of an object. It
// returns false if nothing does, else it has answered.
type fault func(w http.ResponseWriter, answer *http.Response, body []byte) bool

// faults stands between the program and a store, and asks for what goes wrong
// with each request for bytes of an object, counted from 1.
type faults struct {
	t      testing.TB
	target string
	reads  atomic.Int64
	next   func(read int64, bytes string) fault // of its number and range; nil: nothing goes wrong
}

// between puts faults between the program and the store of a scheme.
func between(t testing.TB, stores services.Stores, scheme string) *faults {
	t.Helper()
	f := &faults{t: t, target: stores.GCS}
	name := "STORAGE_EMULATOR_HOST"
	if scheme == "s3" {
		f.target, name = stores.S3, "AWS_ENDPOINT_URL"
	}
	server := httptest.NewServer(f)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of what goes wrong on purpose
	t.Cleanup(server.Close)
	log.SetOutput(io.Discard) // the same, of the clients
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	t.Setenv(name, server.URL)
	return f
}

// ServeHTTP implements http.Handler.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, f.target+r.URL.RequestURI(), r.Body)
	if err != nil {
		f.t.Error(err)
		return
	}
	request.Header, request.ContentLength = r.Header, r.ContentLength
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return // the program has gone away
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return
	}
	if isRead := r.Method == http.MethodGet && r.Header.Get("Range") != ""; isRead {
		if fault := f.next(f.reads.Add(1), r.Header.Get("Range")); fault != nil && fault(w, answer, body) {
			return
		}
	}
	begin(w, answer)
	_, _ = w.Write(body)
}

// begin writes the head of an answer.
func begin(w http.ResponseWriter, answer *http.Response) {
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
}

// cut cuts the connection after so many bytes of the body.
func cut(bytes int) fault {
	return func(w http.ResponseWriter, answer *http.Response, body []byte) bool {
		if bytes >= len(body) {
			return false
		}
		begin(w, answer)
		_, _ = w.Write(body[:bytes])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// shortened ends the body early and well.
func shortened(bytes int) fault {
	return func(w http.ResponseWriter, answer *http.Response, body []byte) bool {
		answer.Header.Del("Content-Length")
		begin(w, answer)
		_ = http.NewResponseController(w).Flush() // from here on in chunks
		_, _ = w.Write(body[:min(bytes, len(body))])
		return true
	}
}

// answers answers with a code, and asks for patience.
func answers(code int) fault {
	return func(w http.ResponseWriter, _ *http.Response, _ []byte) bool {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(code)
		return true
	}
}

// reset resets the connection before there is an answer.
func reset(w http.ResponseWriter, _ *http.Response, _ []byte) bool {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = connection.(*net.TCPConn).SetLinger(0)
	connection.Close()
	return true
}

// ignored answers with the whole object, as a store does that knows no ranges.
func ignored(w http.ResponseWriter, answer *http.Response, _ []byte) bool {
	_, size, _ := strings.Cut(answer.Header.Get("Content-Range"), "/")
	n, err := strconv.Atoi(size)
	if err != nil {
		return false
	}
	answer.Header.Del("Content-Range")
	answer.Header.Set("Content-Length", size)
	answer.StatusCode = http.StatusOK
	begin(w, answer)
	_, _ = w.Write(make([]byte, n))
	return true
}

func always(f fault) func(int64, string) fault { return func(int64, string) fault { return f } }

// times is a fault of the first requests for each range.
func times(n int, f fault) func(int64, string) fault {
	var mu sync.Mutex
	asked := map[string]int{}
	return func(_ int64, bytes string) fault {
		mu.Lock()
		defer mu.Unlock()
		if asked[bytes]++; asked[bytes] <= n {
			return f
		}
		return nil
	}
}

// Whatever happens for a while, all rows come, each once.
func TestFaultsThatPassLoseNoRow(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		for name, sources := range storedTwice(t, stores, scheme) {
			local, _ := sources()
			want := readBy(t, local, 1, 100, false)
			for what, next := range map[string]func() func(int64, string) fault{
				"each body is cut after 10000 bytes":  func() func(int64, string) fault { return always(cut(10_000)) },
				"each body is cut after 777 bytes":    func() func(int64, string) fault { return always(cut(777)) },
				"each body ends well after 777 bytes": func() func(int64, string) fault { return always(shortened(777)) },
				"each body is cut at once, once":      func() func(int64, string) fault { return times(1, cut(0)) },
				"each request: 503, three times":      func() func(int64, string) fault { return times(3, answers(503)) },
				"each request: 429, three times":      func() func(int64, string) fault { return times(3, answers(429)) },
				"each request: 500, once":             func() func(int64, string) fault { return times(1, answers(500)) },
				"each connection is reset, once":      func() func(int64, string) fault { return times(1, reset) },
			} {
				for _, readers := range []int{1, 3} {
					f := between(t, stores, scheme)
					f.next = next()
					_, object := sources()
					checkSame(t, fmt.Sprintf("%s, %d readers, %s", name, readers, what), readBy(t, object, readers, 100, true), want)
				}
			}
		}
	})
}

// A body is cut after each number of bytes there is.
func TestABodyMayBeCutAnywhere(t *testing.T) {
	const text = "a,b\n1,\"one\n\"\n2,\"two, and more\"\n3,three\n"
	objects := map[string]string{"a.csv": text, "a.csv.gz": gzipped(t, text)}
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		place := stored(t, stores, scheme, objects)
		f := between(t, stores, scheme)
		for name, content := range objects {
			for after := range content {
				f.reads.Store(0)
				f.next = func(read int64, _ string) fault {
					if read == 2 { // the first is Describe's
						return cut(after)
					}
					return nil
				}
				source := newCSV(t, CSV{Paths: []string{place + "/" + name}})
				source.stores.patience.First = 1
				got, err := read(source, 0)
				if want := "1|one\n\n2|two, and more\n3|three"; err != nil || lines(got.rows) != want {
					t.Fatalf("%s cut after %d bytes: got %q, %v; want %q", name, after, lines(got.rows), err, want)
				}
			}
		}
	})
}

// What does not pass is an error of the right class, after a bounded number of
// requests.
func TestFaultsThatStayEndTheReading(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		role := map[string]string{"gs": "roles/storage.objectViewer", "s3": "s3:GetObject"}[scheme]
		for name, sources := range storedTwice(t, stores, scheme) {
			for _, test := range []struct {
				what   string
				fault  fault
				class  pipeline.Class
				pieces []string
				most   int64 // requests, of four attempts and what the client does by itself
			}{
				{"every body is cut at once", cut(0), pipeline.ClassTemporary, []string{"cannot be reached"}, 4 * 10},
				{"every body ends at once", shortened(0), pipeline.ClassTemporary, []string{"cannot be reached"}, 4},
				{"503", answers(503), pipeline.ClassTemporary, []string{"it answers 503 Service"}, 4},
				{"429", answers(429), pipeline.ClassTemporary, []string{"it answers 429 Too"}, 4},
				{"reset", reset, pipeline.ClassTemporary, []string{"connection reset"}, 4 * 3},
				{"403", answers(403), pipeline.ClassPermission, []string{"403 Forbidden", role}, 1},
				{"401", answers(401), pipeline.ClassPermission, []string{"401 Unauthorized", role}, 1},
				{"404", answers(404), pipeline.ClassTemporary, []string{"has changed"}, 1},
				{"412", answers(412), pipeline.ClassTemporary, []string{"has changed"}, 1},
			} {
				for _, from := range []int64{1, 2, 3} { // in Describe, or later
					f := between(t, stores, scheme)
					f.next = func(read int64, _ string) fault {
						if read < from {
							return nil
						}
						return test.fault
					}
					_, object := sources()
					err := readBy(t, object, 1, 100, false).err
					if err == nil && f.reads.Load() < from {
						continue // fewer requests are enough
					}
					wantError(t, err, test.class, append(test.pieces, object.(interface{ name() string }).name())...)
					if got := f.reads.Load() - from + 1; got > test.most {
						t.Errorf("%s, %s: %d requests, want at most %d", name, test.what, got, test.most)
					}
				}
			}
		}
	})
}

func (s *csvSource) name() string     { return s.paths[0] }
func (s *parquetSource) name() string { return s.paths[0] }

// A store that answers a request for some bytes with all is not believed.
func TestRangesThatAreIgnoredAreAnError(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		for name, sources := range storedTwice(t, stores, scheme) {
			f := between(t, stores, scheme)
			f.next = func(read int64, _ string) fault {
				if read == 1 {
					return cut(10)
				}
				return ignored
			}
			_, object := sources()
			if err := readBy(t, object, 1, 100, false).err; err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	})
}

func TestAReplacedObjectIsNeverAMixture(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		for name, sources := range storedTwice(t, stores, scheme) {
			_, object := sources()
			place := object.(interface{ name() string }).name()
			bucket, key := place[:strings.LastIndex(place, "/")], place[strings.LastIndex(place, "/")+1:]
			replace := func() {
				upload(t, bucket, map[string]string{key: strings.Repeat("x", 70_000)})
			}
			err := readBy(t, afterDescribe{object, replace}, 1, 100, false).err
			wantError(t, err, pipeline.ClassTemporary, place+": the object has changed while it was read", "run again")
			_ = name
		}
	})
}

// An object that is replaced between two requests for its bytes, or deleted.
func TestAnObjectReplacedInTheMiddleIsAnError(t *testing.T) {
	text := "a,b\n" + strings.Repeat("1,2\n", 50_000)
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		for _, bytes := range []int64{1 << 40, 20_000} { // whole, and in sections
			place := stored(t, stores, scheme, map[string]string{"a.csv": text})
			f := between(t, stores, scheme)
			replaced := false
			f.next = func(read int64, _ string) fault {
				if read == 3 && !replaced {
					replaced = true
					upload(t, place, map[string]string{"a.csv": strings.ReplaceAll(text, "1", "3")})
				}
				return cut(30_000)
			}
			source := newCSV(t, CSV{Paths: []string{place + "/a.csv"}})
			source.sectionBytes = bytes
			source.stores.patience.First = 1
			got := readBy(t, source, 1, 100, false)
			wantError(t, got.err, pipeline.ClassTemporary, "the object has changed while it was read")
			for at, row := range got.rows {
				if row != "1|2" {
					t.Fatalf("row %s is %q: of another object", at, row)
				}
			}
		}
	})
}

// The service sends nothing more: a cancelled read ends all the same.
func TestCancellingEndsARequest(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		for _, sources := range storedTwice(t, stores, scheme) {
			f := between(t, stores, scheme)
			ctx, cancel := context.WithCancel(t.Context())
			over := make(chan struct{})
			defer close(over)
			var described atomic.Bool
			f.next = func(int64, string) fault {
				if !described.Load() {
					return nil
				}
				return func(w http.ResponseWriter, answer *http.Response, body []byte) bool {
					begin(w, answer)
					_, _ = w.Write(body[:len(body)/2])
					_ = http.NewResponseController(w).Flush()
					cancel()
					<-over
					return true
				}
			}
			_, object := sources()
			d, err := object.Describe(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			described.Store(true)
			readers, err := object.Open(ctx, pipeline.Request{Columns: []string{d.Columns.Field(0).Name}, Readers: 1})
			if err != nil {
				t.Fatal(err)
			}
			var b pipeline.Batch
			for err == nil {
				if b, err = readers[0].Next(ctx); err == nil {
					b.Record.Release()
				}
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
		}
	})
}

func TestAStoreThatIsNotThereIsTemporary(t *testing.T) {
	onStores(t, func(t *testing.T, _ services.Stores, scheme string) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close() // nobody listens at its address any more
		t.Setenv("STORAGE_EMULATOR_HOST", "http://"+listener.Addr().String())
		t.Setenv("AWS_ENDPOINT_URL", "http://"+listener.Addr().String())
		source := newCSV(t, CSV{Paths: []string{scheme + "://bucket/a.csv"}})
		source.stores.patience.Attempts = 1
		_, err = source.Describe(t.Context(), "")
		wantError(t, err, pipeline.ClassTemporary, "cannot be reached", "connection refused")
	})
}
