package services

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Stores are two running object stores of one test binary. What one test writes
// another sees: a test takes buckets of its own, by NewBucket.
type Stores struct {
	GCS string `json:"gcs"` // address of Google Cloud Storage, as http://127.0.0.1:1234
	S3  string `json:"s3"`  // address of S3
}

// ObjectStores returns the object stores, started by the first test that asks
// for them. They are built from .ci/objectstores, whose libraries are downloaded
// once. They end with the test binary.
func ObjectStores(t testing.TB) Stores {
	t.Helper()
	if testing.Short() {
		t.Skip("building the object stores takes minutes the first time")
	}
	stores, err := startStores()
	skipUnlessStarted(t, err, "the object stores of .ci/objectstores", "they are built with go build, which must reach a module proxy")
	return stores
}

// startStores builds and starts the command, once.
var startStores = sync.OnceValues(func() (Stores, error) {
	_, file, _, _ := runtime.Caller(0)
	dir, err := os.MkdirTemp("", "objectstores")
	if err != nil {
		return Stores{}, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "objectstores")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join(filepath.Dir(file), "..", "..", "..", ".ci", "objectstores")
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return Stores{}, fmt.Errorf("%w\n%s", err, out)
	}
	var stores Stores
	return stores, start(exec.Command(program), &stores)
})

// Environment is what lets the clients of a program find the stores, as NAME=value.
func (s Stores) Environment() []string {
	return []string{
		"STORAGE_EMULATOR_HOST=" + s.GCS,
		"AWS_ENDPOINT_URL=" + s.S3,
		"AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// Setenv sets Environment for the time of the test, which may not be parallel.
func (s Stores) Setenv(t testing.TB) {
	t.Helper()
	for _, variable := range s.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

var buckets atomic.Int64

// NewBucket makes an empty bucket and returns its place, as gs://bucket-1, for
// the scheme gs or s3.
func (s Stores) NewBucket(t testing.TB, scheme string) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", buckets.Add(1))
	var request *http.Request
	var err error
	switch scheme {
	case "gs":
		request, err = http.NewRequest(http.MethodPost, s.GCS+"/storage/v1/b?project=test", strings.NewReader(fmt.Sprintf(`{"name":%q}`, name)))
	case "s3":
		request, err = http.NewRequest(http.MethodPut, s.S3+"/"+name, nil)
	default:
		t.Fatalf("services: there is no object store %s://", scheme)
	}
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the bucket %s://%s cannot be made: %s", scheme, name, response.Status)
	}
	return scheme + "://" + name
}
