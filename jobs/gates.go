package jobs

import (
	"fmt"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
)

// Gates are limits that the input must keep before anything is published.
type Gates struct {
	MaxRejectedRate float64 // share of unreadable rows
	MaxStaleness    int32   // days from the last row that counts to the as-of day
	NoMissingDays   bool    // usual days without rows at the end fail the run
	MinVolume       float64 // share of the previous run's rows
}

// maxSplitValues is how many values an attribute may have to be split by: more
// are an identifier, not a dimension.
const maxSplitValues = 1_000

func quality(hint, format string, args ...any) error {
	e := pipeline.Errorf(pipeline.ClassQuality, "", hint, format, args...)
	e.Stage = "check"
	return e
}

// checkInput holds the gates that need only the tally. previous is the journal
// of the newest published date, nil if there is none.
func (g *Gates) checkInput(t *ledger.Tally, zone *calendar.Zone, asOf calendar.Day, previous *pipeline.Journal, acceptVolume bool) error {
	if t.Rows == 0 {
		return quality("check the paths and the export; nothing was published", "the source has no rows")
	}
	// A file of which nothing can be read is a wrong mapping, whatever the limit.
	if rate := float64(t.Unreadable) / float64(t.Rows); rate > g.MaxRejectedRate || t.Unreadable == t.Rows {
		return quality("look at the quarantine in the sink, _quarantine/"+asOf.String()+", for the rows and their reasons; rules.max_rejected_rate allows more",
			"%d of %d rows cannot be read, more than the share %g that rules.max_rejected_rate allows%s", t.Unreadable, t.Rows, g.MaxRejectedRate, firstUnreadable(t))
	}
	if t.Overflows() {
		return quality("check the amounts' scale", "the amounts add up to more than a money column holds, %s", money.Format(money.Max))
	}
	last, ok := t.Days.Max()
	if !ok {
		first, _ := t.Instants.Min()
		return quality("choose a later --as-of", "the as-of day %s is before the first row, of %s", asOf, zone.Day(first))
	}
	if stale := int64(asOf) - last; stale > int64(g.MaxStaleness) {
		return quality(fmt.Sprintf("use --as-of %s, or find out why newer rows are missing; rules.max_staleness allows more", calendar.Day(last)),
			"the data end on %s, %d days before the as-of day %s; rules.max_staleness allows %d", calendar.Day(last), stale, asOf, g.MaxStaleness)
	}
	if n := daysMissing(t, zone, asOf); g.NoMissingDays && n > 0 {
		return quality("run the date again when they are there; rules.missing_days: warn publishes without them",
			"the data end on %s: %s up to the as-of day %s without rows, though their weekdays usually have some", calendar.Day(last), plural(n, "day"), asOf)
	}
	if previous != nil && !acceptVolume && float64(t.Rows) < g.MinVolume*float64(previous.InputRows) {
		return quality("find out what is missing; if the input is whole, run once with --accept-volume",
			"the source has %d rows, less than %g of the %d of the run of %s", t.Rows, g.MinVolume, previous.InputRows, previous.AsOf)
	}
	return nil
}

// firstUnreadable says where the first row that cannot be read stands, and what
// is wrong with it, but not what it holds.
func firstUnreadable(t *ledger.Tally) string {
	if len(t.Quarantine) == 0 {
		return ""
	}
	r := &t.Quarantine[0]
	what := r.Reason
	if r.Column != "" {
		what = fmt.Sprintf("column %q: %s", r.Column, what)
	}
	return fmt.Sprintf("; the first is row %d of %s: %s", r.Row, r.Origin, what)
}

// maxCells is how many rows cohort_periods may have, published or not: what
// they are added up from is held in memory, some hundred bytes for each row and
// worker.
const maxCells = 10_000_000

// checkSize refuses a choice of grains and splits that no table can hold.
func checkSize(f *cohort.Frame, p *partial) error {
	for _, a := range f.SplitBy {
		if n := p.cohorts.Values(a.Name); n > maxSplitValues {
			return quality("leave it out of cohorts.split_by, or group its values in the source", "%s has more than %d values", a.Name, maxSplitValues)
		}
	}
	if p.grid.Rows() > maxCells {
		return quality("set cohorts.max_offset, or leave out the shortest of cohorts.grains or a part of cohorts.split_by",
			"cohort_periods, from which retention_curves are pooled, would have more than %d rows", maxCells)
	}
	return nil
}

// checkKept refuses to publish tables of nobody over those of yesterday.
func checkKept(t *ledger.Totals) error {
	if t.KeptRows > 0 {
		return nil
	}
	return quality("check rules.exclude, the mapping of customer_id, and the sign of the amounts: sales are positive",
		"no row counts: all are excluded, have no customer, or belong to customers without a purchase")
}

// checkResidual refuses predictions that a money column cannot add up.
func checkResidual(b *clv.Base) error {
	if b.Overflows() {
		return quality("check the amounts' scale, or set a higher value.discount_rate", "the customers' values add up to more than a money column holds")
	}
	return nil
}

// contribution reports whether contribution is known for every kept row, and
// an error where it is known for some only.
func contribution(t *ledger.Totals) (bool, error) {
	switch rows := t.KeptRows - t.WithoutMoney; t.MissingContribution {
	case 0:
		return true, nil
	case rows:
		return false, nil
	default:
		return false, quality("fill in the costs, or set value.margin_rate for rows without one",
			"%d of %d rows that count have no cost", t.MissingContribution, rows)
	}
}
