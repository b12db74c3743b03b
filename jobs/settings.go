package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Bind describes the job's source and binds the mapping to its columns. A
// column of our own name plays its part without being mapped.
func (r *Run) Bind(ctx context.Context) (pipeline.Description, *ledger.Binding, error) {
	d, err := r.Job.Source.Describe(ctx, r.AsOf.String())
	if err != nil {
		return d, nil, err
	}
	columns := ledger.SourceColumns(d.Columns)
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	settings := r.Job.Settings
	settings.AsOf = r.AsOf
	bound, problems := ledger.Bind(completed(r.Job.Mapping, names), settings, columns)
	if len(problems) > 0 {
		return d, nil, bindFailure(d, problems, names)
	}
	return d, bound, nil
}

// request is what the run reads of its source.
func (r *Run) request(b *ledger.Binding) pipeline.Request {
	return pipeline.Request{Columns: b.Columns, Rows: r.BatchRows, Readers: min(r.Workers, ledger.MaxIntakes), Until: r.until(b)}
}

// until bounds what is read by the as-of day.
func (r *Run) until(b *ledger.Binding) *pipeline.Until {
	column, instant, civil, day := b.Until()
	return &pipeline.Until{Column: column, Instant: time.UnixMicro(instant).UTC(), Civil: time.UnixMicro(civil).UTC(), Day: time.UnixMicro(int64(day) * calendar.MicrosPerDay).UTC()}
}

// completed fills in the parts that no column is mapped to, where the source
// has a column of our own name.
func completed(m ledger.Mapping, names []string) ledger.Mapping {
	own := func(to *string, name string, isNeeded bool) {
		if *to == "" && (isNeeded || slices.Contains(names, name)) {
			*to = name
		}
	}
	own(&m.CustomerID, "customer_id", true)
	own(&m.OccurredAt.Column, "occurred_at", true)
	own(&m.OrderID, "order_id", false)
	own(&m.Currency, "currency", false)
	hasProduct := slices.Contains(names, "quantity") && slices.Contains(names, "unit_price")
	if a := &m.Amount; a.Column == "" && len(a.Plus) == 0 && a.Quantity == "" {
		if !slices.Contains(names, "amount") && hasProduct {
			a.Quantity, a.UnitPrice = "quantity", "unit_price"
		} else {
			a.Column = "amount"
		}
	}
	if c := &m.Cost; c.Column == "" && len(c.Plus) == 0 {
		own(&c.Column, "cost", false)
	}
	return m
}

// bindFailure returns everything that does not fit, each problem with its hint.
func bindFailure(d pipeline.Description, problems []ledger.Problem, names []string) error {
	var all severalErrors
	for _, p := range problems {
		e := pipeline.Errorf(pipeline.ClassSource, d.Name, cmp.Or(p.Hint, columnHint(p.Column, names)), "%s", p.Message)
		if kind, ok := d.Unread[p.Column]; ok {
			e.Message, e.Hint = fmt.Sprintf("column %q is %s, which no part can be played by", p.Column, kind), "cast it to text, a number or a time in a query, or where the files are written"
		}
		e.Stage = "describe"
		all = append(all, e)
	}
	return all
}

// severalErrors are errors of one class that are found and reported together.
type severalErrors []error

// Error returns the first and how many more there are.
func (e severalErrors) Error() string {
	text := e[0].Error()
	if more := len(e) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// Unwrap returns all of them.
func (e severalErrors) Unwrap() []error { return e }

func columnHint(column string, names []string) string {
	if len(names) == 1 && strings.ContainsAny(names[0], ",;|\t") {
		return fmt.Sprintf("the only column is %q: does source.csv.delimiter say what separates the columns?", names[0])
	}
	if near := Nearest(column, names); near != "" {
		return fmt.Sprintf("did you mean %q? map it under source.columns", near)
	}
	return "say under source.columns which column plays this part; the columns are " + strings.Join(names, ", ")
}

// rowFailure gives an error of the ledger its class and hint.
func rowFailure(err error) error {
	var currency *ledger.CurrencyError
	var words *ledger.WordsError
	switch {
	case errors.As(err, &currency):
		failure := pipeline.Errorf(pipeline.ClassSource, "", "one job is in one currency: is the job's currency right? Exclude others by a rule, or convert them in the source", "%w", currency)
		failure.Stage = "read"
		return failure
	case errors.As(err, &words):
		failure := pipeline.Errorf(pipeline.ClassQuality, "", "an attribute is a property that many customers share, as country is: leave this one out of source.attributes, or group its values in the source", "%w", words)
		failure.Stage = "read"
		return failure
	default:
		return err
	}
}

// frame returns the run's calendar.
func (r *Run) frame(b *ledger.Binding) *cohort.Frame {
	f := cohort.NewFrame(r.Job.Calendar, r.AsOf, r.Job.Grains)
	f.From = r.Job.From
	for i, name := range b.Attributes() {
		if slices.Contains(r.Job.SplitBy, name) {
			f.SplitBy = append(f.SplitBy, cohort.Attribute{Name: "first_" + name, Index: i})
		}
	}
	return f
}
