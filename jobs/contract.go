package jobs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// published returns the tables that the job publishes, in the order of the
// catalogue.
func (r *Run) published(bound *ledger.Binding) []table.Schema {
	tables := Catalogue(bound.HasIntegerKeys(), bound.Attributes())
	return slices.DeleteFunc(tables, func(t table.Schema) bool { return !r.Job.Tables[t.Name] })
}

// checkContract compares what the run would publish with the journal of the
// newest published date, nil if there is none. Within one version of the
// contract a table's columns only become more: one that is gone, has another
// type or may now be NULL is an error of class quality, for what reads the
// table would break, unless AcceptColumns. It returns the tables that are no
// longer published, which is the user's choice, and what was accepted.
func (r *Run) checkContract(latest *pipeline.Journal, bound *ledger.Binding) (dropped, accepted []string, err error) {
	if latest == nil {
		return nil, nil, nil
	}
	dropped, broken := compareColumns(latest, r.published(bound))
	if len(broken) == 0 || r.AcceptColumns || latest.ContractVersion != ContractVersion {
		return dropped, broken, nil
	}
	return dropped, nil, quality("keep the attribute or the column, or run once with --accept-columns: what reads it, such as a dashboard, will break",
		"the tables of %s have columns that this run would break: %s", latest.AsOf, strings.Join(broken, "; "))
}

// compareColumns returns the tables that a journal has and a list of tables
// has not, and what of the journal's columns the others break. A table whose
// columns the journal does not list breaks nothing.
func compareColumns(before *pipeline.Journal, now []table.Schema) (dropped, broken []string) {
	for _, old := range before.Tables {
		i := slices.IndexFunc(now, func(t table.Schema) bool { return t.Name == old.Table })
		if i < 0 {
			dropped = append(dropped, old.Table)
			continue
		}
		columns := pipeline.Columns(now[i])
		for _, column := range old.Columns {
			if what := brokenBy(column, columns); what != "" {
				broken = append(broken, fmt.Sprintf("%s.%s %s", old.Table, column.Name, what))
			}
		}
	}
	return dropped, broken
}

// brokenBy says what becomes of a column among others, empty if it stays as
// it was.
func brokenBy(old pipeline.Column, now []pipeline.Column) string {
	i := slices.IndexFunc(now, func(c pipeline.Column) bool { return c.Name == old.Name })
	switch {
	case i < 0:
		return "is gone"
	case now[i].Type != old.Type:
		return fmt.Sprintf("becomes %s, was %s", now[i].Type, old.Type)
	case now[i].Nullable && !old.Nullable:
		return "may now be NULL"
	default:
		return ""
	}
}
