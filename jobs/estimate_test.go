package jobs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sources"
)

// pricedSource is a CSV file whose reading has a price.
type pricedSource struct {
	pipeline.Source
	asked pipeline.Request
	limit int64 // bytes
}

func (s *pricedSource) Estimate(_ context.Context, r pipeline.Request) (pipeline.Estimate, error) {
	s.asked = r
	const bytes = 1 << 40
	if s.limit < bytes {
		return pipeline.Estimate{}, pipeline.Errorf(pipeline.ClassCost, "", "raise the limit", "reads 1 TiB")
	}
	return pipeline.Estimate{SQL: []string{"SELECT 1\nFROM orders"}, Bytes: bytes, Price: &pipeline.Price{USD: 6.25, Basis: "6.25 USD per TiB"}}, nil
}

// pricedRun is a run in Tokyo, whose day of 2024-06-14 ends at 15:00 UTC.
func pricedRun(t *testing.T, limit int64) (*jobs.Run, *pricedSource) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "orders.csv")
	if err := os.WriteFile(file, []byte("customer_id,occurred_at,amount\na,2024-05-02T10:00:00Z,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	csv, err := sources.NewCSV(sources.CSV{Paths: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	job := load(t, "timezone: Asia/Tokyo\ncurrency: JPY\nsource: {csv: {paths: ["+file+"]}}\nsink: {parquet: {path: "+filepath.Join(dir, "out")+"}}\n", nil)
	source := &pricedSource{Source: csv, limit: limit}
	job.Source = source
	return newRun(job, day("2024-06-14")), source
}

func TestPlanShowsSQLBytesAndMoney(t *testing.T) {
	run, source := pricedRun(t, 1<<41)
	plan, err := run.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n  sql        SELECT 1\n             FROM orders\n",
		"\n  reads      1099511627776 bytes\n",
		"\n  cost       about 6.2500 USD: 6.25 USD per TiB\n",
	} {
		if !strings.Contains(plan.Text(), want) {
			t.Errorf("the plan lacks %q:\n%s", want, plan.Text())
		}
	}
	if plan.CostUSD == nil || *plan.CostUSD != 6.25 {
		t.Errorf("cost: got %v, want 6.25", plan.CostUSD)
	}
	until := source.asked.Until
	if until == nil || until.Column != "occurred_at" || until.Instant.String() != "2024-06-14 15:00:00 +0000 UTC" ||
		until.Civil.String() != "2024-06-15 00:00:00 +0000 UTC" || until.Day.String() != "2024-06-15 00:00:00 +0000 UTC" {
		t.Errorf("rows are wanted until %+v", until)
	}
}

func TestPlanAndDoctorRefuseWhatCostsTooMuch(t *testing.T) {
	run, _ := pricedRun(t, 1)
	if _, err := run.Plan(t.Context()); pipeline.ClassOf(err) != pipeline.ClassCost {
		t.Errorf("plan: got %v, want an error of class cost", err)
	}
	run.WorkDir = t.TempDir()
	d := &jobs.Diagnosis{}
	run.Examine(t.Context(), jobs.Machine{}, d)
	if err := d.Err(); pipeline.ClassOf(err) != pipeline.ClassCost {
		t.Errorf("doctor: got %v, want an error of class cost", err)
	}
}

// unreadSource is a CSV file beside a column that it cannot deliver.
type unreadSource struct{ pipeline.Source }

func (s unreadSource) Describe(ctx context.Context, asOf string) (pipeline.Description, error) {
	d, err := s.Source.Describe(ctx, asOf)
	d.Unread = map[string]string{"payload": "of type JSON"}
	return d, err
}

func TestAColumnThatCannotBeDeliveredIsCalledByItsType(t *testing.T) {
	run, source := pricedRun(t, 1<<41)
	run.Job.Source = unreadSource{source.Source}
	run.Job.Mapping.OrderID = "payload"
	_, err := run.Plan(t.Context())
	if pipeline.ClassOf(err) != pipeline.ClassSource || !strings.Contains(err.Error(), `column "payload" is of type JSON`) {
		t.Errorf("got %v, want an error of class source that names the type", err)
	}
}

// unknownSource does not know how much it has, as a query does not.
type unknownSource struct{ pipeline.Source }

func (s unknownSource) Describe(ctx context.Context, asOf string) (pipeline.Description, error) {
	d, err := s.Source.Describe(ctx, asOf)
	d.Rows, d.Bytes, d.Files = -1, -1, nil
	return d, err
}

// TestSourceOfUnknownSizeIsDivided: its rows, which take 4 MiB and more, are held
// in the least memory, where one shard may have 2 MiB; and the plan does not
// promise what they take.
func TestSourceOfUnknownSizeIsDivided(t *testing.T) {
	run, priced := pricedRun(t, 1<<41)
	var b strings.Builder
	b.WriteString("customer_id,occurred_at,amount\n")
	for i := range 200_000 {
		fmt.Fprintf(&b, "customer-%06d,2024-06-12T10:00:00Z,1\n", i/2)
	}
	file := filepath.Join(t.TempDir(), "many.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	csv, err := sources.NewCSV(sources.CSV{Paths: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	priced.Source = csv
	run.Job.Source = unknownSource{priced}
	run.Memory, run.WorkDir = jobs.LeastMemory, t.TempDir()
	plan, err := run.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "\n  memory     at least "; !strings.Contains(plan.Text(), want) {
		t.Errorf("the plan lacks %q:\n%s", want, plan.Text())
	}
	if _, err := run.Do(t.Context()); err != nil {
		t.Error(err)
	}
}
