package services

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"cloud.google.com/go/bigquery"
)

func TestDatasetsAreOnesOwn(t *testing.T) {
	warehouse := BigQuery(t)
	first, second := warehouse.NewDataset(t), warehouse.NewDataset(t)
	client := warehouse.Client(t)
	schema := bigquery.Schema{{Name: "id", Type: bigquery.IntegerFieldType}}
	if err := client.Dataset(first).Table("one").Create(t.Context(), &bigquery.TableMetadata{Schema: schema}); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Dataset(first).Table("one").Metadata(t.Context()); err != nil || got.NumRows != 0 {
		t.Errorf("got %v, %v, want an empty table", got, err)
	}
	if _, err := client.Dataset(second).Table("one").Metadata(t.Context()); err == nil {
		t.Error("the table of one data set is seen in another")
	}
}

// TestTheEmulatorEndsWithItsInput is what keeps a killed test from leaving one
// behind: the pipe to it is closed by the system.
func TestTheEmulatorEndsWithItsInput(t *testing.T) {
	if !BigQuery(t).Emulated() {
		t.Skip("the real BigQuery goes on")
	}
	command := exec.Command("../../../.ci/bigquery-emulator/emulator", "start", "perennial")
	command.Stdin = strings.NewReader("")
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		t.Errorf("got %v, want an emulator that ends by itself", err)
	}
}
