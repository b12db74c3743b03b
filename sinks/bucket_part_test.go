package sinks

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// before puts a handler between the program and a store: where it returns false
// the request goes on, and isLost says of its answer whether it is lost.
func before(t *testing.T, target string, handle func(w http.ResponseWriter, r *http.Request) bool, isLost func(*http.Request) bool) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handle(w, r) {
			return
		}
		request, err := http.NewRequestWithContext(r.Context(), r.Method, target+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header, request.ContentLength = r.Header, r.ContentLength
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			return // the program has gone away
		}
		defer answer.Body.Close()
		if isLost(r) {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// stagePieces begins a part of three pieces.
func stagePieces(t *testing.T, prefix *partPrefix) *upload {
	t.Helper()
	if _, err := prefix.create(0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := prefix.part.Write(make([]byte, uploadPiece)); err != nil {
			t.Fatal(err)
		}
	}
	return prefix.part
}

// The client asks a second time by itself and hears that the upload is gone.
func TestALostAnswerToTheEndOfAnUploadIsRecognised(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	place, lost := stores.NewBucket(t, "s3"), 0
	url := before(t, stores.S3, func(http.ResponseWriter, *http.Request) bool { return false }, func(r *http.Request) bool {
		if isLast := r.Method == http.MethodPost && r.URL.Query().Has("uploadId"); !isLast || lost > 0 {
			return false
		}
		lost++
		return true
	})
	t.Setenv("AWS_ENDPOINT_URL", url)
	o := bucket(place + "/out" + options("s3")).objects(t)
	u := stagePieces(t, &partPrefix{ctx: t.Context(), objects: o, run: pipeline.RunKey{RunID: "r1", AsOf: asOf}, table: "a"})
	if err := u.finish(); err != nil || lost != 1 {
		t.Errorf("got error %v after %d lost answers, want none after one", err, lost)
	}
}

func TestAnUploadOfARunThatIsTakenOverEndsBusy(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	b := bucket(stores.NewBucket(t, "s3") + "/out" + options("s3"))
	p, err := b.open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "first"})
	if err != nil {
		t.Fatal(err)
	}
	first := p.(*bucketPublication)
	u := stagePieces(t, &partPrefix{ctx: t.Context(), objects: first.objects, run: first.key, table: "a", lease: first.lease})
	s := b.open(t)
	s.life = expired
	other, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.finish(); pipeline.ClassOf(err) != pipeline.ClassBusy {
		t.Errorf("got error %v of class %v, want one of class busy", err, pipeline.ClassOf(err))
	}
	for _, p := range []pipeline.Publication{first, other} {
		if err := p.Discard(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAnUploadThatStandsStillIsGivenUp(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	for scheme, name := range map[string]string{"gs": "STORAGE_EMULATOR_HOST", "s3": "AWS_ENDPOINT_URL"} {
		target := map[string]string{"gs": stores.GCS, "s3": stores.S3}[scheme]
		place := stores.NewBucket(t, scheme)
		url := before(t, target, func(_ http.ResponseWriter, r *http.Request) bool {
			isPart := (r.Method == http.MethodPut || r.Method == http.MethodPost) && strings.Contains(r.URL.String(), "part-")
			if isPart {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done() // it has all, and never answers
			}
			return isPart
		}, func(*http.Request) bool { return false })
		t.Setenv(name, url)
		o := bucket(place + "/out" + options(scheme)).objects(t)
		u, err := o.create(t.Context(), stagedPart(pipeline.RunKey{RunID: "r1", AsOf: asOf}, "a", 0))
		if err != nil {
			t.Fatal(err)
		}
		u.limit = 200 * time.Millisecond // instead of minutes
		if _, err := u.Write([]byte("rows")); err != nil {
			t.Fatal(err)
		}
		if err := u.finish(); pipeline.ClassOf(err) != pipeline.ClassTemporary || !strings.Contains(err.Error(), "i/o timeout") {
			t.Errorf("%s: got error %v, want one of class temporary that says so", scheme, err)
		}
	}
}
