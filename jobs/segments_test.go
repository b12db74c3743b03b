package jobs_test

import (
	"math"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
)

// A customer is predicted by the model of their segment, as its parameters are
// published: P(alive) = 1/(1 + a/(b+x)·((α+T)/(α+t_x))^(r+x)) (Batislam, Denizel &
// Filiztekin 2007), times in weeks.
func TestCustomersArePredictedByTheModelOfTheirSegment(t *testing.T) {
	out, summary, _ := shopWithModels(t)(func(r *jobs.Run) { r.Job.SegmentBy = "country" })
	parameters := map[string]float64{}
	for _, row := range tableRows(t, out, "model_parameters") {
		parameters[row["model_id"].(string)+" "+row["parameter"].(string)] = row["estimate"].(float64)
	}
	chosen := map[string]bool{}
	for _, row := range tableRows(t, out, "models") {
		chosen[row["model_id"].(string)] = row["is_chosen"].(bool)
	}
	of := map[string]int{}
	for _, row := range tableRows(t, out, "customers") {
		alive, ok := row["probability_alive"].(float64)
		if !ok {
			continue
		}
		id := row["model_id"].(string)
		of[id]++
		if own := "mbg_nbd/first_country/" + row["first_country"].(string); chosen[own] != (id == own) {
			t.Errorf("a customer of %v is predicted by %s", row["first_country"], id)
		}
		r, alpha, a, b := parameters[id+" r"], parameters[id+" alpha"], parameters[id+" a"], parameters[id+" b"]
		x, tx, T := float64(row["frequency"].(int64)), float64(row["active_span_days"].(int64))/7, float64(row["age_days"].(int64))/7
		want := 1 / (1 + a/(b+x)*math.Pow((alpha+T)/(alpha+tx), r+x))
		within(t, "probability_alive", alive, want, 1e-9)
	}
	segments := 0
	for id := range of {
		if strings.HasPrefix(id, "mbg_nbd/first_country/") {
			segments++
		}
	}
	if segments < 2 || summary.SegmentModels < 2*segments-1 || len(summary.Models) > 8 {
		t.Errorf("%d segments predict, customers by model %v; the summary says %d and has %d models", segments, of, summary.SegmentModels, len(summary.Models))
	}
}

func TestSameBytesWithSegments(t *testing.T) {
	do := shopWithModels(t)
	want, _, _ := do(func(r *jobs.Run) { r.Job.SegmentBy, r.Workers = "country", 1 })
	got, _, _ := do(func(r *jobs.Run) { r.Job.SegmentBy, r.Workers, r.ShardBits, r.BatchRows = "country", 16, 6, 100 })
	wantSameFiles(t, "16 workers, 64 shards, small batches", dataFiles(t, got), dataFiles(t, want))
}
