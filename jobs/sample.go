package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/shop"
)

// SampleOptions are the flags of sample. Zero values stand for the defaults.
type SampleOptions struct {
	Customers, Rows int
	From, To        string // YYYY-MM-DD
	Key             string // int or text
	Clean           bool
	Seed            uint64
}

// Sample is a simulated log of transactions whose truth is known.
type Sample struct{ shop *shop.Shop }

// sampleBatch is how many rows are made at a time.
const sampleBatch = 1 << 14

// NewSample returns the sample that the options describe.
func NewSample(o SampleOptions) (*Sample, error) {
	settings := shop.Settings{Customers: o.Customers, Rows: o.Rows, IntegerKeys: o.Key == "int", Clean: o.Clean, Seed: o.Seed}
	for _, d := range []struct {
		flag, text string
		day        *calendar.Day
	}{{"--from", o.From, &settings.From}, {"--to", o.To, &settings.To}} {
		day, ok := calendar.ParseDay(d.text)
		if d.text != "" && !ok {
			return nil, pipeline.Errorf(pipeline.ClassUsage, d.flag, "write it as 2024-12-31", "%q is not a date", d.text)
		}
		*d.day = day
	}
	if o.Key != "" && o.Key != "int" && o.Key != "text" {
		return nil, pipeline.Errorf(pipeline.ClassUsage, "--key", "write int or text", "unknown kind of key %q", o.Key)
	}
	s, err := shop.New(settings)
	if err != nil {
		return nil, pipeline.Errorf(pipeline.ClassUsage, "", "see perennial sample --help", "%w", err)
	}
	return &Sample{s}, nil
}

// Schema returns the table of the sample's Parquet form.
func (s *Sample) Schema() table.Schema { return s.definition().Schema() }

func (s *Sample) definition() table.Definition[shop.Row] {
	return shop.Definition(s.shop.Settings().IntegerKeys)
}

// Records returns a function that yields the sample batch by batch, then
// io.EOF. It simulates on so many workers; their number changes no row.
func (s *Sample) Records(ctx context.Context, workers int) func() (table.Record, error) {
	definition := s.definition()
	return batches(ctx, s.shop, workers, func(rows []shop.Row) table.Record { return definition.Record(rows) })
}

// WriteCSV writes the sample as CSV with a header, simulated on so many
// workers. It stops soon after the context ends.
func (s *Sample) WriteCSV(ctx context.Context, workers int, w io.Writer) error {
	if _, err := io.WriteString(w, shop.Header); err != nil {
		return err
	}
	next := batches(ctx, s.shop, workers, func(rows []shop.Row) []byte {
		var lines []byte
		for i := range rows {
			lines = shop.AppendCSV(lines, &rows[i])
		}
		return lines
	})
	for {
		lines, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(lines); err != nil {
			return err
		}
	}
}

// batches returns a function that yields what form makes of the shop's rows,
// batch by batch, then io.EOF. Blocks are simulated side by side, and batches
// formed so; in between a block gets its place in the log.
func batches[T any](ctx context.Context, s *shop.Shop, workers int, form func([]shop.Row) T) func() (T, error) {
	s.Restart()
	blocks := pipeline.Ahead(ctx, workers, s.Blocks(), func(_ context.Context, _, i int) (*shop.Block, error) { return s.Block(i), nil })
	batch, ended := func() (T, error) { return *new(T), io.EOF }, false
	return func() (T, error) {
		for {
			formed, err := batch()
			if ended || !errors.Is(err, io.EOF) {
				return formed, err
			}
			block, err := blocks()
			switch {
			case err == nil:
				block = s.Add(block)
			case errors.Is(err, io.EOF):
				block, ended = s.End(), true
			default:
				return formed, err
			}
			batch = pipeline.Ahead(ctx, workers, (block.Len()+sampleBatch-1)/sampleBatch, func(_ context.Context, _, i int) (T, error) {
				return form(block.Rows(i*sampleBatch, min((i+1)*sampleBatch, block.Len()))), nil
			})
		}
	}
}

// LastDay returns the last day on which customers buy and which is whole.
func (s *Sample) LastDay() calendar.Day { return s.shop.Settings().To }

// Text says what was simulated: what stands in the log, and the truth.
func (s *Sample) Text() string {
	var b strings.Builder
	r, t := s.shop.Report(), s.shop.Truth()
	fmt.Fprintf(&b, "  rows       %d of %d customers, %s in all\n", r.Rows, r.Customers, money.FormatFixed(r.Amount, 2))
	fmt.Fprintf(&b, "  sales      %d, refunds %d\n", r.Sales, r.Refunds)
	if !s.shop.Settings().Clean {
		fmt.Fprintf(&b, "  dirt       %d exact duplicates, %d guest rows, %d late, %d after the last day, %d unreadable, %d zero, %d refunds without a sale\n",
			r.Duplicates, r.Guests, r.Late, r.AfterTo, r.Unreadable, r.ZeroAmounts, r.OrphanRefunds)
	}
	fmt.Fprintf(&b, "  purchases  MBG/NBD r %.6g alpha %.6g (weeks) a %.6g b %.6g\n", t.R, t.Alpha, t.A, t.B)
	fmt.Fprintf(&b, "  spend      Gamma-Gamma p %g q %g gamma %g\n", t.P, t.Q, t.Gamma)
	return b.String()
}

// DemoJob is the job that demo runs on its sample, for a folder with
// orders.csv in it.
func DemoJob(folder string) string {
	return fmt.Sprintf(`# The demo: a simulated shop with everything that real logs have.
name: demo
timezone: Europe/Berlin
currency: EUR
source:
  csv: {paths: [%[1]q]}
  attributes: {country: country, channel: channel}
rules:
  exact_duplicates: drop
cohorts:
  split_by: [country]
value:
  margin_rate: 0.4
sink:
  parquet: {path: %[2]q}
`, folder+"/orders.csv", folder+"/out")
}

// Compare says how close a run's fit came to the sample's truth.
func (s *Sample) Compare(summary *Summary) string {
	t := s.shop.Truth()
	truth := map[string][]float64{
		"mbg_nbd/all/all":     {t.R, t.Alpha, t.A, t.B},
		"gamma_gamma/all/all": {t.P, t.Q, t.Gamma},
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %-20s %-6s %9s %9s %9s\n", "fit and truth", "", "truth", "fitted", "std error")
	for _, m := range summary.Models {
		for i, p := range m.Parameters {
			if i < len(truth[m.ID]) {
				fmt.Fprintf(&b, "  %-20s %-6s %9.3f %9.3f %9s\n", m.ID, p.Name, truth[m.ID][i], p.Estimate, p.stdError())
			}
		}
	}
	fmt.Fprintf(&b, "  mean purchase        %16.2f %9s\n", t.P*t.Gamma/(t.Q-1), summary.meanPurchase())
	return b.String()
}
