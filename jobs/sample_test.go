package jobs_test

import (
	"bytes"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
)

func TestSampleIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	options := jobs.SampleOptions{Customers: 350_000, Rows: 1_200_000, Key: "int", Clean: true} // two blocks
	var logs [2]bytes.Buffer
	var texts [2]string
	for i, workers := range []int{1, 3} {
		sample, err := jobs.NewSample(options)
		if err != nil {
			t.Fatal(err)
		}
		if err := sample.WriteCSV(t.Context(), workers, &logs[i]); err != nil {
			t.Fatal(err)
		}
		texts[i] = sample.Text()
	}
	if !bytes.Equal(logs[0].Bytes(), logs[1].Bytes()) || texts[0] != texts[1] {
		t.Errorf("three workers write another log than one: %d and %d bytes\n%s\n%s", logs[1].Len(), logs[0].Len(), texts[1], texts[0])
	}
}
