package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sinks"
)

func newSample(w *world) *cobra.Command {
	var o jobs.SampleOptions
	c := &cobra.Command{
		Use: "sample FILE", Short: "Write simulated transactions with known truth, as .csv or .parquet", Args: oneArgument("file"),
		RunE: func(c *cobra.Command, args []string) error {
			sample, err := jobs.NewSample(o)
			if err != nil {
				return err
			}
			if err := writeSample(c.Context(), sample, args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(w.stdout, "%s\n%s", args[0], sample.Text())
			return err
		},
	}
	c.Flags().IntVar(&o.Customers, "customers", 0, "`number` of customers, who all buy (default 10000)")
	c.Flags().IntVar(&o.Rows, "rows", 0, "exact `number` of rows, by however many customers; with --customers about so many, by customers who buy that often")
	c.Flags().StringVar(&o.From, "from", "", "first day on which customers come, `YYYY-MM-DD` (default 2023-01-01)")
	c.Flags().StringVar(&o.To, "to", "", "last day, `YYYY-MM-DD` (default 2024-12-31)")
	c.Flags().StringVar(&o.Key, "key", "text", "customer keys: `text` of 36 characters, or int")
	c.Flags().BoolVar(&o.Clean, "clean", false, "without refunds, season, duplicates, guests, late and unreadable rows")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "`seed` of the random numbers")
	return c
}

// writeSample writes a sample in the format that the file's name says.
func writeSample(ctx context.Context, sample *jobs.Sample, path string) error {
	switch filepath.Ext(path) {
	case ".parquet":
		_, err := sinks.WriteParquetFile(ctx, path, sample.Schema(), sampleWorkers(), sample.Records(ctx, sampleWorkers()))
		return err
	case ".csv":
		return writeCSV(ctx, sample, path)
	default:
		return pipeline.Errorf(pipeline.ClassUsage, path, "name it .csv or .parquet", "unknown format of the sample")
	}
}

// sampleWorkers returns how many blocks of a sample are simulated at a time,
// and row groups encoded: few enough to stay well below a gibibyte.
func sampleWorkers() int { return min(4, runtime.GOMAXPROCS(0)) }

func writeCSV(ctx context.Context, sample *jobs.Sample, path string) error {
	err := writeWhole(path, func(to io.Writer) error { return sample.WriteCSV(ctx, sampleWorkers(), to) })
	if err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

func newDemo(w *world) *cobra.Command {
	return &cobra.Command{
		Use: "demo [DIR]", Short: "Simulate a shop, run the whole job on it, and say what was found", RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(c, "demo takes at most one folder")
			}
			dir := "perennial-demo"
			if len(args) == 1 {
				dir = args[0]
			}
			return demo(c, w, dir)
		},
	}
}

func demo(c *cobra.Command, w *world, dir string) error {
	sample, path, err := demoFiles(c.Context(), dir)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w.stdout, "simulated %s\n%s\n", filepath.Join(dir, "orders.csv"), sample.Text()); err != nil {
		return err
	}
	run, err := loadRun(w, path, &flags{asOf: sample.LastDay().String(), workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		return err
	}
	limitMemory(run.Memory)
	end := func() {}
	if w.isTerminal { // elsewhere the demo has no log
		_, end = watch(w, &flags{}, run)
	}
	summary, err := run.Do(c.Context())
	end()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "ran %s\n%s\nhow close the fit came\n%s\nthe tables are in %s\n", path, summary.Text(), sample.Compare(summary), filepath.Join(dir, "out"))
	return err
}

// demoFiles writes the demo's orders and job file.
func demoFiles(ctx context.Context, dir string) (*jobs.Sample, string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, "", cannotWrite(dir, err)
	}
	sample, err := jobs.NewSample(jobs.SampleOptions{})
	if err != nil {
		return nil, "", err
	}
	if err := writeCSV(ctx, sample, filepath.Join(dir, "orders.csv")); err != nil {
		return nil, "", err
	}
	path := filepath.Join(dir, "job.yaml")
	if err := writeFile(path, []byte(jobs.DemoJob(filepath.ToSlash(dir)))); err != nil {
		return nil, "", cannotWrite(path, err)
	}
	return sample, path, nil
}
