package services

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/option"
)

// Warehouse is a BigQuery that tests read and write. What one test writes another
// sees: a test takes data sets of its own, by NewDataset.
type Warehouse struct {
	Project         string
	Location        string // of the data sets; "" for the emulator
	Endpoint        string // of the REST API; "" for the real one
	StorageEndpoint string // host and port of the storage API; "" for the real one
}

// BigQuery returns the emulator of .ci/bigquery-emulator, started by the first
// test that asks for it; it ends with the test binary.
//
// With PERENNIAL_BIGQUERY_PROJECT in the environment it is that project of the
// real BigQuery instead, with the platform's credentials and data sets in
// PERENNIAL_BIGQUERY_LOCATION, by default EU: see docs/bigquery-live.md.
func BigQuery(t testing.TB) Warehouse {
	t.Helper()
	if project := os.Getenv("PERENNIAL_BIGQUERY_PROJECT"); project != "" {
		location := os.Getenv("PERENNIAL_BIGQUERY_LOCATION")
		if location == "" {
			location = "EU"
		}
		return Warehouse{Project: project, Location: location}
	}
	warehouse, err := startBigQuery()
	skipUnlessStarted(t, err, "the BigQuery emulator", ".ci/bigquery-emulator/emulator install fetches it, and go test -count=1 tries again")
	return warehouse
}

var startBigQuery = sync.OnceValues(func() (Warehouse, error) {
	const project = "perennial"
	_, file, _, _ := runtime.Caller(0)
	emulator := filepath.Join(filepath.Dir(file), "..", "..", "..", ".ci", "bigquery-emulator", "emulator")
	var says struct{ REST, GRPC string }
	err := start(exec.Command(emulator, "start", project), &says)
	return Warehouse{Project: project, Endpoint: says.REST, StorageEndpoint: says.GRPC}, err
})

// Emulated reports whether this is the emulator, which does not do all that
// BigQuery does: a test of the rest can ask.
func (w Warehouse) Emulated() bool { return w.Endpoint != "" }

// Client returns a client of the REST API, closed at the end of the test.
func (w Warehouse) Client(t testing.TB) *bigquery.Client {
	t.Helper()
	var options []option.ClientOption
	if w.Emulated() {
		options = append(options, option.WithEndpoint(w.Endpoint+"/bigquery/v2/"), option.WithoutAuthentication())
	}
	client, err := bigquery.NewClient(context.Background(), w.Project, options...)
	if err != nil {
		t.Fatal(err)
	}
	client.Location = w.Location
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// NewDataset makes an empty data set and returns its name. It is deleted with all
// its tables at the end of the test; that of a test that does not end so says that
// it may be deleted. Its tables do not expire: a sink refuses such a data set.
func (w Warehouse) NewDataset(t testing.TB) string {
	t.Helper()
	client := w.Client(t)
	name := "perennial_test_" + strings.ToLower(rand.Text())
	metadata := &bigquery.DatasetMetadata{Location: w.Location, Description: "of a test of perennial; may be deleted"}
	if err := client.Dataset(name).Create(context.Background(), metadata); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Dataset(name).DeleteWithContents(context.Background()); err != nil {
			t.Errorf("the data set %s stays: %v", name, err)
		}
	})
	return name
}
