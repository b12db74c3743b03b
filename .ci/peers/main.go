// Command peers measures how long models are fitted beside the Python package
// lifetimes, on the same simulated cells in the same run. It is run as
// `make bench-models`; docs/performance.md says what came.
//
//	main.go           what is measured, and the table
//	simulate.go       customers of a known model, as cells
//	lifetimes.go      a virtual environment with lifetimes, and its fits
//	lifetimes_fit.py  one fit of lifetimes
//
// Without a Python that can install lifetimes the comparison is left out, and
// that is said.
package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-clv/perennial/transforms/models"
)

// leastRatio is how many times faster than lifetimes a fit has to be.
const leastRatio = 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measureAll(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// measureAll measures BG/NBD on PEERS_CUSTOMERS and Pareto/NBD on PEERS_PARETO
// customers, of which lifetimes takes minutes.
func measureAll(ctx context.Context) error {
	peer, err := newPeer(ctx, cmp.Or(os.Getenv("BENCH_DIR"), ".bench"))
	if err != nil {
		fmt.Println("lifetimes is left out:", err)
	}
	fmt.Println("| model | customers | cells | here, one core | lifetimes | ratio | log-likelihood here − lifetimes |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- |")
	for _, c := range []struct {
		family    models.Family
		variable  string
		customers int
	}{{models.BGNBD, "PEERS_CUSTOMERS", 1_000_000}, {models.ParetoNBD, "PEERS_PARETO", 5_000}} {
		if text := os.Getenv(c.variable); text != "" {
			if c.customers, err = strconv.Atoi(text); err != nil || c.customers < 1000 {
				return fmt.Errorf("%s: %q is no number of customers from 1000", c.variable, text)
			}
		}
		if err := compare(ctx, c.family, c.customers, peer); err != nil {
			return fmt.Errorf("%s: %w", c.family, err)
		}
	}
	return nil
}

// compare fits a family to simulated customers and prints a row.
func compare(ctx context.Context, family models.Family, customers int, peer *peer) error {
	cells := simulate(family, customers)
	fit, seconds := measure(family, cells)
	if fit.Status != models.FitOK {
		return fmt.Errorf("%s: %s", fit.Status, fit.Reason)
	}
	if peer == nil {
		fmt.Printf("| %s | %d | %d | %.3f s | | | |\n", family, customers, len(cells), seconds)
		return nil
	}
	other, err := peer.fit(ctx, family, cells)
	if err != nil {
		return err
	}
	own, _ := fit.LogLikelihood.Get()
	better := own - logLikelihood(other.model(family), cells)
	ratio := other.Seconds / seconds
	fmt.Printf("| %s | %d | %d | %.3f s | %.1f s | %.0f | %.4f |\n", family, customers, len(cells), seconds, other.Seconds, ratio, better)
	if ratio < leastRatio || better < -1e-6 {
		return fmt.Errorf("a ratio of %.1f and a log-likelihood higher by %v, want %d and 0", ratio, better, leastRatio)
	}
	return nil
}

// measure returns the median of the seconds of three fits on one core.
func measure(family models.Family, cells []models.Cell) (fit models.Fit, seconds float64) {
	var runs []float64
	for range 3 {
		start := time.Now()
		fit = models.FitPurchases(family, models.Data{Cells: cells}, models.DefaultFitSettings())
		runs = append(runs, time.Since(start).Seconds())
	}
	slices.Sort(runs)
	return fit, runs[1]
}

// logLikelihood returns that of cells, in weeks.
func logLikelihood(m models.Past, cells []models.Cell) float64 {
	const week = 7
	sum := 0.0
	for _, c := range cells {
		sum += float64(c.Count) * m.LogLikelihood(int(c.X), float64(c.Tx)/week, float64(c.T)/week)
	}
	return math.Round(sum*1e6) / 1e6
}
