package sinks

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// asOfColumn is the first column of every table, by which it is partitioned.
var asOfColumn = table.Column{
	Name: "as_of_date", Kind: table.Date, Additivity: table.Never,
	Doc: "The as-of date: the last civil day that counts. Each date is one complete copy of the table; filter by it, or read the view ending in _latest.",
}

// withDate returns the schema with the as-of date in front.
func withDate(t table.Schema) table.Schema {
	t.Columns = append([]table.Column{asOfColumn}, t.Columns...)
	return t
}

// warehouseTypes are the types of columns, under the names that the REST API
// gives them.
var warehouseTypes = [...]string{
	table.Text: "STRING", table.Integer: "INTEGER", table.Money: "NUMERIC", table.Number: "FLOAT",
	table.Date: "DATE", table.Time: "TIMESTAMP", table.Flag: "BOOLEAN",
}

// sqlTypes are the names by which SQL knows those that have another in the REST API.
var sqlTypes = map[string]string{"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}

func sqlType(t string) string { return cmp.Or(sqlTypes[t], t) }

const (
	required = "REQUIRED"
	nullable = "NULLABLE"
)

// fieldsOf returns the columns of a table that does not exist yet.
func fieldsOf(t table.Schema) []*bigquery.TableFieldSchema {
	fields := make([]*bigquery.TableFieldSchema, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = &bigquery.TableFieldSchema{Name: c.Name, Type: warehouseTypes[c.Kind], Mode: required, Description: describeColumn(c)}
		if c.Nullable {
			fields[i].Mode = nullable
		}
	}
	return fields
}

// describeColumn returns a column's description, cut to what BigQuery takes.
func describeColumn(c table.Column) string {
	const most = 1024 // characters
	text := c.Description()
	if c.Unit != "" {
		text += " Unit: " + c.Unit + "."
	}
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	return text
}

// mergeFields returns the columns that a table must have so that it holds both
// what is in it and what comes: columns are added at its end as nullable, and
// one that either side lets be null, or that does not come any more, is
// nullable. A column of another type is refused.
func mergeFields(place string, have, come []*bigquery.TableFieldSchema) ([]*bigquery.TableFieldSchema, error) {
	merged := make([]*bigquery.TableFieldSchema, len(have), len(have)+len(come))
	for i, h := range have {
		field := *h // with what others have added: policy tags, a default
		c := fieldNamed(come, h.Name)
		switch {
		case c == nil:
			field.Mode = nullable
		case typeOf(h) != c.Type:
			return nil, pipeline.Errorf(pipeline.ClassSource, place, "rename the table or the column in BigQuery, or publish into another dataset: values of two types do not fit into one column",
				"column %s is %s and would become %s", h.Name, sqlType(typeOf(h)), sqlType(c.Type))
		default:
			field.Description = c.Description
			if c.Mode == nullable {
				field.Mode = nullable
			}
		}
		merged[i] = &field
	}
	for _, c := range come {
		if fieldNamed(have, c.Name) == nil {
			field := *c
			field.Mode = nullable
			merged = append(merged, &field)
		}
	}
	return merged, nil
}

// typeOf returns a column's type as warehouseTypes has it.
func typeOf(f *bigquery.TableFieldSchema) string {
	if f.Mode == "REPEATED" {
		return "ARRAY"
	}
	for rest, sql := range sqlTypes {
		if f.Type == sql {
			return rest
		}
	}
	return f.Type
}

// fieldNamed returns the column of a name, as BigQuery compares names; nil if
// there is none.
func fieldNamed(fields []*bigquery.TableFieldSchema, name string) *bigquery.TableFieldSchema {
	for _, f := range fields {
		if equalNames(f.Name, name) {
			return f
		}
	}
	return nil
}

// equalNames reports whether two names are of one column: BigQuery does not look
// at the case.
func equalNames(a, b string) bool { return strings.EqualFold(a, b) }

// isSameFields reports whether two lists of columns differ in nothing that this
// package changes.
func isSameFields(a, b []*bigquery.TableFieldSchema) bool {
	return slices.EqualFunc(a, b, func(a, b *bigquery.TableFieldSchema) bool {
		return a.Name == b.Name && typeOf(a) == typeOf(b) && cmp.Or(a.Mode, nullable) == cmp.Or(b.Mode, nullable) && a.Description == b.Description
	})
}

// clusterKeys returns the first columns of a table's key, by which it is
// clustered: as many as BigQuery takes, of the types that it takes.
func clusterKeys(t table.Schema) *bigquery.Clustering {
	const most = 4
	var keys []string
	for _, name := range t.Key {
		i := slices.IndexFunc(t.Columns, func(c table.Column) bool { return c.Name == name })
		if i >= 0 && t.Columns[i].Kind != table.Number && len(keys) < most {
			keys = append(keys, name)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return &bigquery.Clustering{Fields: keys}
}

// design is what a published table and its staged copy have in common: copies of
// partitions ask for equal columns, partitioning and clustering.
func (w *warehouse) design(ctx context.Context, t table.Schema) (have, want *bigquery.Table, err error) {
	if have, err = w.tableOf(ctx, w.dataset, t.Name); err != nil {
		return nil, nil, err
	}
	want = &bigquery.Table{
		Description:      t.Doc,
		Schema:           &bigquery.TableSchema{Fields: fieldsOf(withDate(t))},
		TimePartitioning: &bigquery.TimePartitioning{Type: "DAY", Field: asOfColumn.Name},
		Clustering:       clusterKeys(t),
	}
	if have == nil {
		return nil, want, nil
	}
	if err := checkPartitioned(w.table(w.dataset, t.Name), have); err != nil {
		return nil, nil, err
	}
	want.Clustering = have.Clustering
	want.Schema.Fields, err = mergeFields(w.table(w.dataset, t.Name), have.Schema.Fields, want.Schema.Fields)
	return have, want, err
}

// checkPartitioned refuses what stands where a table goes and has no partitions
// of as-of dates.
func checkPartitioned(place string, t *bigquery.Table) error {
	if p := t.TimePartitioning; p != nil && p.Field == asOfColumn.Name && p.Type == "DAY" && t.Schema != nil {
		return nil
	}
	return pipeline.Errorf(pipeline.ClassUsage, place, "move it away, or publish into another dataset", "is no table partitioned by the day of %s", asOfColumn.Name)
}

// prepareTable makes the published table, or gives it the columns and
// descriptions that it lacks, and returns its columns.
func (w *warehouse) prepareTable(ctx context.Context, t table.Schema) (*bigquery.TableSchema, error) {
	have, want, err := w.design(ctx, t)
	if err == nil && have == nil {
		if err := w.makeTable(ctx, w.dataset, t.Name, want); err != nil {
			return nil, err
		}
		have, want, err = w.design(ctx, t) // another date's run may have been faster
	}
	switch {
	case err != nil:
		return nil, err
	case have == nil:
		return nil, pipeline.Errorf(pipeline.ClassTemporary, w.table(w.dataset, t.Name), "run it again", "was made and is not there")
	case have.Description != want.Description || !isSameFields(have.Schema.Fields, want.Schema.Fields):
		err = w.changeTable(ctx, w.dataset, t.Name, &bigquery.Table{Description: want.Description, Schema: want.Schema})
	}
	return want.Schema, err
}

// latestSuffix ends the names of views.
const latestSuffix = "_latest"

// firstDate is the first that BigQuery knows: from it on a view shows all.
const firstDate = "0001-01-01"

// prepareView makes the view of a table, if it is not there. Whether the date of
// its run will ever be whole is not known yet, so it may not begin there.
func (w *warehouse) prepareView(ctx context.Context, t table.Schema) error {
	name := t.Name + latestSuffix
	have, err := w.tableOf(ctx, w.dataset, name)
	switch {
	case err != nil:
		return err
	case have == nil:
		return w.makeTable(ctx, w.dataset, name, &bigquery.Table{
			Description: "The newest whole as-of date of " + t.Name + ". " + t.Doc,
			View:        w.viewOf(t.Name, firstDate),
		})
	case have.View == nil:
		return pipeline.Errorf(pipeline.ClassUsage, w.table(w.dataset, name), "move it away; the view of a table needs the name", "is no view")
	default:
		return nil
	}
}

// viewOf shows the newest date that is whole, by the journal, so that the views
// of all tables change in one step and none shows a date while it is replaced.
// The journal's answer is known too late to keep BigQuery from reading every
// partition; the literal date, which is not after it, does that.
func (w *warehouse) viewOf(name, from string) *bigquery.ViewDefinition {
	return &bigquery.ViewDefinition{UseLegacySql: false, ForceSendFields: []string{"UseLegacySql"},
		Query: "SELECT * FROM " + w.quoted(w.dataset, name) + "\nWHERE " + asOfColumn.Name + " >= DATE '" + from + "'\n" +
			"  AND " + asOfColumn.Name + " = (SELECT MAX(as_of_date) FROM " + w.runs() + "\n    WHERE " + w.isWhole() + ")"}
}

// advanceViews lets the views of tables look no further back than to the date
// before the newest, which they show while that one is replaced. With one date
// there is none before it yet, but may be when they are asked.
func (w *warehouse) advanceViews(ctx context.Context, tables []string) error {
	const shown = 2
	dates, err := w.wholeDates(ctx, shown)
	if err != nil || len(dates) < shown {
		return err
	}
	for _, name := range tables {
		if err := w.changeTable(ctx, w.dataset, name+latestSuffix, &bigquery.Table{View: w.viewOf(name, dates[len(dates)-1])}); err != nil {
			return err
		}
	}
	return nil
}
