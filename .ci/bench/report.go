package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// result is what was measured on one log.
type result struct {
	log                       log
	customers, actual, values int64
	order                     []string // of the contenders
	costs                     map[string]cost
}

// ratio is a figure of a result beside what it must hold.
type ratio struct {
	name       string
	got        float64
	must, aim  float64
	isMeasured bool
}

// ratios returns what a result comes to, in the order of docs/performance.md.
func (r result) ratios() []ratio {
	three, whole, duck, decoding := r.costs["summary and cohorts"], r.costs["whole job"], r.costs["DuckDB"], r.costs["decode alone"]
	with, copied := r.costs["with customer_values"], r.costs["DuckDB's copy of it"]
	byKeys := func(ofInt, ofText float64) float64 {
		if r.log.keys == "int" {
			return ofInt
		}
		return ofText
	}
	all := []ratio{
		{"summary and cohorts: cpu ÷ DuckDB", three.cpu / duck.cpu, byKeys(0.30, 0.40), byKeys(0.20, 0.25), true},
		{"whole job: cpu ÷ DuckDB's three tables", whole.cpu / duck.cpu, 0.60, 0.35, true},
		{"summary and cohorts: cpu ÷ decoding alone", three.cpu / decoding.cpu, byKeys(5, 3), byKeys(3.2, 2.3), true},
		{"whole job: wall ÷ cpu", whole.wall / whole.cpu, 0.60, 0.54, true},
		{"customer_values: cpu ÷ DuckDB's copy", (with.cpu - whole.cpu) / copied.cpu, 1, 0.5, true},
	}
	limited, ok := r.costs["whole job in 1 GiB"]
	return append(all, ratio{"peak memory within 1 GiB, in GiB", float64(limited.peak) / (1 << 30), 1, 0.25, ok})
}

// print prints medians and ratios.
func (r result) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %d rows of %d customers\n", r.log, r.actual, r.customers)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\twall s\tcpu s\tMiB\tcpu ns a row\t")
	for _, name := range r.order {
		c := r.costs[name]
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%d\t%.0f\t\n", name, c.wall, c.cpu, c.peak>>20, c.cpu*1e9/float64(r.actual))
	}
	fmt.Fprintln(table, "\t\t\t\t\t\n\tgot\tmust hold\taim\t\t")
	for _, x := range r.ratios() {
		if x.isMeasured {
			fmt.Fprintf(table, "%s\t%.2f\t≤ %g\t≤ %g\t%s\t\n", x.name, x.got, x.must, x.aim, verdict(x))
		}
	}
	fmt.Fprintf(table, "customer_values: cpu s a million rows\t%.2f\t\t\t\t\n", (r.costs["with customer_values"].cpu-r.costs["whole job"].cpu)/float64(r.values)*1e6)
	table.Flush()
}

func verdict(x ratio) string {
	switch {
	case x.got <= x.aim:
		return "aim"
	case x.got <= x.must:
		return "holds"
	default:
		return "missed"
	}
}

// printGrowth prints what a row of each larger log costs against the smaller
// one of the same keys before it.
func printGrowth(w io.Writer, all []result) {
	for i, r := range all {
		for j := i - 1; j >= 0; j-- {
			if before := all[j]; before.log.keys == r.log.keys {
				got := r.perRow() / before.perRow()
				fmt.Fprintf(w, "\nwhole job, %s keys: a row costs %.2f times as much at %s as at %s (must hold ≤ 1.5, aim ≤ 1.2 from 10M to 100M)\n", r.log.keys, got, count(r.log.rows), count(before.log.rows))
				break
			}
		}
	}
}

// perRow returns the seconds of cpu that a row takes in the whole job.
func (r result) perRow() float64 { return r.costs["whole job"].cpu / float64(r.actual) }

func printAdversaries(w io.Writer, medians map[string]cost) {
	fmt.Fprintf(w, "\nlogs that are meant to be slow, %s rows\n", count(adversaryRows))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\twall s\tcpu s\tMiB\tcpu ÷ ordinary (must hold ≤ 2)\t")
	ordinary := medians[adversaries[0].name].cpu
	for _, a := range adversaries {
		c := medians[a.name]
		if a.refusal != "" {
			fmt.Fprintf(table, "%s\t\t\t\trefused, as it must be\t\n", a.name)
			continue
		}
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%d\t%.2f\t\n", a.name, c.wall, c.cpu, c.peak>>20, c.cpu/ordinary)
	}
	table.Flush()
}

// performancePage is where the figures of past runs stand, in a table at its
// end.
const performancePage = "docs/performance.md"

// record adds a line for each result to the table.
func (b *bench) record(ctx context.Context, all []result) error {
	page, err := os.OpenFile(performancePage, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	today, machine := time.Now().UTC().Format(time.DateOnly), b.machine(ctx)
	for _, r := range all {
		whole, duck := r.costs["whole job"], r.costs["DuckDB"]
		cells := []string{today, b.revision, count(r.log.rows) + " " + r.log.keys,
			triple(whole), triple(duck)}
		for _, x := range r.ratios() {
			cell := ""
			if x.isMeasured {
				cell = fmt.Sprintf("%.2f", x.got)
			}
			cells = append(cells, cell)
		}
		if _, err := fmt.Fprintf(page, "| %s | %s |\n", strings.Join(cells, " | "), machine); err != nil {
			return err
		}
	}
	return page.Close()
}

// triple shows a cost as wall s / cpu s / MiB.
func triple(c cost) string { return fmt.Sprintf("%.1f / %.1f / %d", c.wall, c.cpu, c.peak>>20) }

// count shows a number of rows as 10M or 500k.
func count(n int) string {
	switch {
	case n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + "M"
	case n%1_000 == 0:
		return strconv.Itoa(n/1_000) + "k"
	default:
		return strconv.Itoa(n)
	}
}
