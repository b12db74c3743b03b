package sources

import (
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
)

// The places where SQL does not look for parameters are those of the manuals of
// BigQuery (lexical structure), PostgreSQL (4.1) and DuckDB.
func TestAsOfIsReplacedOutsideOfTextsNamesAndComments(t *testing.T) {
	for _, c := range []struct {
		dialect     dialect
		query, want string
	}{
		{postgresDialect, "select 1", "select 1"},
		{postgresDialect, "where day <= @as_of", "where day <= DAY"},
		{postgresDialect, "@as_of", "DAY"},
		{postgresDialect, "(@as_of,@as_of)", "(DAY,DAY)"},
		{postgresDialect, "@as_of::date @as_ofx @@as_of x@as_of", "DAY::date @as_ofx @@as_of x@as_of"},
		{postgresDialect, "a @> '@as_of' and '''@as_of' = @as_of", "a @> '@as_of' and '''@as_of' = DAY"},
		{postgresDialect, `"@as_of" -- @as_of` + "\n@as_of", `"@as_of" -- @as_of` + "\nDAY"},
		{postgresDialect, "/* @as_of */ @as_of /* @as_of", "/* @as_of */ DAY /* @as_of"},
		{postgresDialect, `'\' @as_of`, `'\' DAY`},
		{postgresDialect, "$$ @as_of $$ @as_of $t$ $$ @as_of $t$ $1 @as_of", "$$ @as_of $$ DAY $t$ $$ @as_of $t$ $1 DAY"},
		{postgresDialect, `E'it\'s @as_of' @as_of e'it''s \' @as_of' @as_of`, `E'it\'s @as_of' DAY e'it''s \' @as_of' DAY`},
		{postgresDialect, `DATE'\' @as_of`, `DATE'\' DAY`},
		{postgresDialect, "/* a /* b */ @as_of */ @as_of", "/* a /* b */ @as_of */ DAY"},
		{postgresDialect, "'never closed @as_of", "'never closed @as_of"},
		{bigQueryDialect, `'\' @as_of' @as_of`, `'\' @as_of' DAY`},
		{bigQueryDialect, `"""a " @as_of""" @as_of`, `"""a " @as_of""" DAY`},
		{bigQueryDialect, "`@as_of` # @as_of\n@as_of", "`@as_of` # @as_of\nDAY"},
	} {
		got, found := c.dialect.replaceAsOf(c.query, "DAY")
		if got != c.want || found != (c.query != c.want) {
			t.Errorf("%s: got %s (found %t), want %s", c.query, got, found, c.want)
		}
	}
}

func FuzzReplaceAsOfKeepsTheRest(f *testing.F) {
	f.Add("select '@as_of', @as_of $$ -- ")
	f.Fuzz(func(t *testing.T, query string) {
		for _, d := range []dialect{bigQueryDialect, postgresDialect, duckDBDialect} {
			if got, found := d.replaceAsOf(query, asOfParameter); got != query {
				t.Errorf("%q became %q (found %t) by replacing the parameter by itself", query, got, found)
			}
		}
	})
}

func TestNamesAreQuoted(t *testing.T) {
	for _, c := range []struct {
		dialect    dialect
		name, want string
	}{
		{bigQueryDialect, "a`b\\c", "`a\\`b\\\\c`"},
		{postgresDialect, `Customer "ID"`, `"Customer ""ID"""`},
		{duckDBDialect, "plain", `"plain"`},
	} {
		if got := c.dialect.name(c.name); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestRowsAreBoundedByTheTypeOfTheirTime(t *testing.T) {
	columns := arrow.NewSchema([]arrow.Field{
		{Name: "instant", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}},
		{Name: "civil", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32},
		{Name: "text", Type: arrow.BinaryTypes.String},
	}, nil)
	day := time.Date(2011, 12, 10, 0, 0, 0, 0, time.UTC)
	for column, want := range map[string]string{
		"instant": "(`instant` < TIMESTAMP '2011-12-10 05:00:00+00' OR `instant` IS NULL)",
		"civil":   "(`civil` < DATETIME '2011-12-10 00:00:00' OR `civil` IS NULL)",
		"day":     "(`day` < DATE '2011-12-10' OR `day` IS NULL)",
		"text":    "",
		"none":    "",
	} {
		u := &pipeline.Until{Column: column, Instant: day.Add(5 * time.Hour), Civil: day, Day: day}
		if got := bigQueryDialect.until(u, columns); got != want {
			t.Errorf("%s: got %s, want %s", column, got, want)
		}
	}
	if got := postgresDialect.until(nil, columns); got != "" {
		t.Errorf("without a bound: got %s", got)
	}
}
