package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
)

// The screen that a summary fits.
const (
	screenLines   = 24
	screenColumns = 100
)

// Text returns the summary for people. It fits a screen: reasons of exclusion
// beyond what there is room for share one line, and of the warnings the first
// are shown, which are the most important. The JSON has all of them.
func (s *Summary) Text() string {
	head := []string{fmt.Sprintf("%s as of %s: %s", s.Job, s.AsOf, s.Status)}
	if s.Source != nil {
		head = append(head, item("source", "%d rows, %s%s%s", s.Source.Rows, s.amount(s.Source.Amount), s.Source.extent(),
			prefixed("; times without a zone read in ", s.Source.NaiveZone)))
	}
	rest := slices.Concat(s.resultText(), s.modelText(), s.tableText(), s.memoryText(), s.removedText(), s.warningText())
	excluded := s.excludedText(max(1, screenLines-len(head)-len(rest)))
	return strings.Join(slices.Concat(head, excluded, rest), "\n") + "\n"
}

// extent says from which day to which the rows are.
func (s *SourceSummary) extent() string {
	if s.FirstDay == "" {
		return ""
	}
	return ", " + s.FirstDay + " to " + s.LastDay
}

// item returns a line of a summary: what it is about, and the rest.
func item(about, format string, args ...any) string {
	return fmt.Sprintf("  %-11s", about) + fmt.Sprintf(format, args...)
}

// excludedText returns the rows excluded by reason in at most so many lines.
// The reasons with the fewest rows make one line where there are more.
func (s *Summary) excludedText(most int) []string {
	shown := s.Excluded
	if len(shown) > most {
		bySize := slices.SortedStableFunc(slices.Values(s.Excluded), func(a, b ExcludedTotal) int { return cmp.Compare(b.Rows, a.Rows) })
		shown = bySize[:most-1]
	}
	var lines []string
	rows := int64(0)
	for _, e := range s.Excluded {
		switch {
		case !slices.Contains(shown, e):
			rows += e.Rows
		case e.Amount == nil:
			lines = append(lines, item("excluded", "%d rows: %s", e.Rows, e.Reason))
		default:
			lines = append(lines, item("excluded", "%d rows, %s: %s", e.Rows, s.amount(*e.Amount), e.Reason))
		}
	}
	if more := len(s.Excluded) - len(shown); more > 0 {
		lines = append(lines, item("excluded", "%d rows: %d more reasons, in run_exclusions", rows, more))
	}
	return lines
}

// resultText says what came out, the value of a year before that of a lifetime.
func (s *Summary) resultText() []string {
	r := s.Result
	if r == nil {
		return nil
	}
	lines := []string{
		item("kept", "%d rows, %s", r.KeptRows, s.amount(r.NetRevenue)),
		item("customers", "%d in %d month cohorts, %.1f %% bought again", r.Customers, r.Cohorts, 100*r.RepeatRate),
	}
	about := "value"
	add := func(format string, args ...any) {
		lines = append(lines, item(about, format, args...))
		about = ""
	}
	if r.Predicted365D != "" {
		add("%s a customer expected in the next 365 days (%s)", s.amount(r.Predicted365D), s.predictedBy())
	}
	if r.Realised12Months != "" {
		add("%s a customer brought in the first 12 months, of %d observed so long", s.amount(r.Realised12Months), r.Exposed12Months)
	}
	if r.ResidualCLV != "" {
		add("%s residual of all customers, lifetime, discounted", s.amount(r.ResidualCLV))
	}
	warned := ""
	if r.Warned > 0 {
		warned = fmt.Sprintf(", %d warn", r.Warned)
	}
	return append(lines, item("checks", "%d passed%s, %d to know", r.Checks, warned, r.ToKnow))
}

// predictedBy names the families of the models behind predictions: of purchases
// × of spend, or the mean purchase where no model of spend is usable.
func (s *Summary) predictedBy() string {
	purchases, spend := "", "mean purchase"
	for _, m := range s.Models {
		family, _, _ := strings.Cut(m.ID, "/")
		switch {
		case m.IsChosen && family == string(models.GammaGamma):
			spend = family
		case m.IsChosen:
			purchases = family
		}
	}
	return purchases + " × " + spend
}

func (s *Summary) modelText() []string {
	var chosen []string
	for _, m := range s.Models {
		if m.IsChosen {
			backtests := ""
			if m.Bias != nil {
				backtests = fmt.Sprintf("; %+.1f %% purchases in backtests", 100**m.Bias)
			}
			chosen = append(chosen, fmt.Sprintf("%s (%s%s)", m.ID, m.Status, backtests))
		}
	}
	if len(chosen) == 0 {
		return nil
	}
	return []string{item("models", "%s", strings.Join(chosen, ", "))}
}

// tableText returns the tables with their rows, in three columns that are
// read from the left to the right.
func (s *Summary) tableText() []string {
	const across = 3
	var lines []string
	about := "tables"
	for some := range slices.Chunk(s.Tables, across) {
		var cells []string
		for _, t := range some {
			cells = append(cells, fmt.Sprintf("%-16s %9d", t.Name, t.Rows))
		}
		lines = append(lines, item(about, "%s", strings.Join(cells, "   ")))
		about = ""
	}
	return lines
}

// memoryText says what memory the run took, where that is known.
func (s *Summary) memoryText() []string {
	switch {
	case s.PeakMemory == 0:
		return nil
	case s.Spilled == 0:
		return []string{item("memory", "%s at most", mebibytes(s.PeakMemory))}
	default:
		return []string{item("memory", "%s at most, %s in files", mebibytes(s.PeakMemory), mebibytes(s.Spilled))}
	}
}

// removedText says which dates are gone, in one line.
func (s *Summary) removedText() []string {
	switch n := len(s.Removed); n {
	case 0:
		return nil
	case 1:
		return []string{item("removed", "%s, which is kept no longer", s.Removed[0])}
	default:
		return []string{item("removed", "%d dates that are kept no longer, between %s and %s", n, s.Removed[0], s.Removed[n-1])}
	}
}

func (s *Summary) warningText() []string {
	const most = 3
	var lines []string
	for _, w := range s.Warnings[:min(most, len(s.Warnings))] {
		lines = append(lines, wrapped(item("warning", ""), item("", ""), w, screenColumns)...)
	}
	if more := len(s.Warnings) - most; more > 0 {
		lines = append(lines, item("warning", "and %d more, with --output json or --summary FILE", more))
	}
	return lines
}

// stdError shows the standard error, a dash where there is none.
func (p *ParameterSummary) stdError() string {
	if p.StdError == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *p.StdError)
}

// meanPurchase shows the mean value of a purchase, a dash where there is none.
func (s *Summary) meanPurchase() string {
	if s.Result == nil || s.Result.MeanPurchase == "" {
		return "-"
	}
	return twoDecimals(s.Result.MeanPurchase)
}

// amount shows an exact decimal as money with two decimals.
func (s *Summary) amount(text string) string { return twoDecimals(text) + " " + s.Currency }

// twoDecimals shows an exact decimal with two decimals.
func twoDecimals(text string) string {
	units, fault := money.Parse(text, 4)
	if fault != money.NoFault {
		return text
	}
	return money.FormatFixed(units, 2)
}
