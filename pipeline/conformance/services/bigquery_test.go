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

// TestDaysOfAPartitionedTable holds what sinks rely on and the emulator knows by
// .ci/bigquery-emulator/amend.py only: the same must hold of a real project.
func TestDaysOfAPartitionedTable(t *testing.T) {
	warehouse := BigQuery(t)
	dataset := warehouse.Client(t).Dataset(warehouse.NewDataset(t))
	schema := bigquery.Schema{
		{Name: "day", Type: bigquery.DateFieldType, Required: true, Description: "which day"},
		{Name: "n", Type: bigquery.IntegerFieldType},
	}
	layout := bigquery.TableMetadata{
		Schema:           schema,
		TimePartitioning: &bigquery.TimePartitioning{Type: bigquery.DayPartitioningType, Field: "day"},
		Clustering:       &bigquery.Clustering{Fields: []string{"n"}},
	}
	if err := dataset.Table("whole").Create(t.Context(), &layout); err != nil {
		t.Fatal(err)
	}
	load := func(table, rows string) func() error {
		return func() error { return loadRows(t, dataset.Table(table), schema, rows) }
	}
	duplicate := func(to, from string) func() error {
		return func() error { return copyTable(t, dataset.Table(to), dataset.Table(from)) }
	}
	for _, step := range []struct {
		does string
		do   func() error
		want map[string]uint64 // rows afterwards
	}{
		{"rows are loaded into a table of their own", load("january", "2024-01-31,1\n2024-01-31,2\n"), map[string]uint64{"january": 2}},
		{"and copied into their day", duplicate("whole$20240131", "january"), map[string]uint64{"whole": 2, "whole$20240131": 2, "whole$20240201": 0}},
		{"a day is loaded", load("whole$20240201", "2024-02-01,3\n"), map[string]uint64{"whole": 3, "whole$20240131": 2, "whole$20240201": 1}},
		{"and replaced", load("whole$20240201", "2024-02-01,4\n2024-02-01,\n2024-02-01,6\n"), map[string]uint64{"whole": 5, "whole$20240201": 3}},
		{"a day is copied out", duplicate("february", "whole$20240201"), map[string]uint64{"february": 3}},
		{"the whole is copied", duplicate("again", "whole"), map[string]uint64{"again": 5, "again$20240131": 2}},
		{"a day is deleted", func() error { return dataset.Table("whole$20240131").Delete(t.Context()) }, map[string]uint64{"whole": 3, "whole$20240131": 0}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.does, err)
		}
		for table, want := range step.want {
			if got, err := dataset.Table(table).Metadata(t.Context()); err != nil || got.NumRows != want {
				t.Fatalf("%s: got %v of %s, %v, want %d rows", step.does, got, table, err, want)
			}
		}
	}
	for does, do := range map[string]func() error{
		"a row of another day":      load("whole$20240202", "2024-02-03,1\n"),
		"a copy of another day":     duplicate("whole$20240202", "whole$20240201"),
		"a row without a day":       load("whole$20240202", ",1\n"),
		"a table that is not there": duplicate("whole$20240202", "missing"),
	} {
		if err := do(); err == nil {
			t.Errorf("%s is accepted as a day", does)
		}
	}
	got, err := dataset.Table("again").Metadata(t.Context())
	if err != nil || !got.Schema[0].Required || got.Schema[0].Description != "which day" || got.TimePartitioning == nil || got.Clustering == nil {
		t.Errorf("got %+v, %v, want a copy laid out as its source", got, err)
	}
}

func copyTable(t *testing.T, to, from *bigquery.Table) error {
	t.Helper()
	copier := to.CopierFrom(from)
	copier.WriteDisposition = bigquery.WriteTruncate
	job, err := copier.Run(t.Context())
	return ended(t, job, err)
}

// loadRows replaces the rows of a table or a day by those of a CSV file.
func loadRows(t *testing.T, table *bigquery.Table, schema bigquery.Schema, rows string) error {
	t.Helper()
	source := bigquery.NewReaderSource(strings.NewReader(rows))
	source.Schema = schema
	loader := table.LoaderFrom(source)
	loader.WriteDisposition = bigquery.WriteTruncate
	job, err := loader.Run(t.Context())
	return ended(t, job, err)
}

// ended waits for the end of a job and returns what it failed with.
func ended(t *testing.T, job *bigquery.Job, err error) error {
	t.Helper()
	if err != nil {
		return err
	}
	status, err := job.Wait(t.Context())
	if err != nil {
		return err
	}
	return status.Err()
}
