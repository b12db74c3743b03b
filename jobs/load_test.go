package jobs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/models"
)

// smallest is the smallest useful job; cases add to it or change it.
const smallest = `timezone: Europe/London
currency: GBP
source:
  csv: {paths: [orders.csv]}
sink: {parquet: {path: out}}
`

func noEnvironment(string) (string, bool) { return "", false }

// problems loads a job file and returns what is wrong with it, one line each:
// "line:column message | hint".
func problems(t *testing.T, text string) []string {
	t.Helper()
	_, err := jobs.Load("job.yaml", []byte(text), noEnvironment, adapters())
	if err == nil {
		return nil
	}
	var file *jobs.FileError
	if !errors.As(err, &file) || pipeline.ClassOf(err) != pipeline.ClassUsage {
		t.Fatalf("got %v, want a FileError of class usage", err)
	}
	var lines []string
	for _, p := range file.Problems {
		lines = append(lines, fmt.Sprintf("%d:%d %s | %s", p.Line, p.Column, p.Message, p.Hint))
	}
	return lines
}

// TestProblemsOfAJobFile: what is wrong, where it stands, and what to do. The
// text added begins at line 6.
func TestProblemsOfAJobFile(t *testing.T) {
	cases := []struct{ rule, text, want string }{
		{"unknown key", smallest + "curency: EUR\n", `6:1 unknown key "curency" | did you mean "currency"?`},
		{"unknown key far from all", smallest + "zzzzzzzzzzzz: 1\n", `6:1 unknown key "zzzzzzzzzzzz" | known are`},
		{"unknown key below another", smallest + "value: {discont_rate: 0.1}\n", `6:9 unknown key "value.discont_rate" | did you mean "discount_rate"?`},
		{"reserved key", smallest + "spend: {}\n", `6:1 unknown key "spend" | this key is reserved`},
		{"a plan without a month", smallest + "acquisition_plan: [{customers: 5}]\n", `acquisition_plan has the month "" | write year and month, as 2025-01`},
		{"a plan by days", smallest + "acquisition_plan: [{month: 2025-01-01, customers: 5}]\n", `acquisition_plan has the month "2025-01-01"`},
		{"a plan without customers", smallest + "acquisition_plan: [{month: 2025-01}]\n", `acquisition_plan has no number of customers for 2025-01 | write how many`},
		{"a plan of fewer than none", smallest + "acquisition_plan: [{month: 2025-01, customers: -1}]\n", `acquisition_plan has no number of customers for 2025-01`},
		{"a month planned twice", smallest + "acquisition_plan: [{month: 2025-01, customers: 5}, {month: 2025-01, customers: 6}]\n", `acquisition_plan has the month 2025-01 twice | name each month once`},
		{"wrong type", smallest + "value: {discount_rate: high}\n", `6:24 value.discount_rate must be a number, not text`},
		{"number for text", smallest + "name: 12\n", `6:7 name must be text, not a number | put it in quotes: "12"`},
		{"text for a list", smallest + "cohorts: {grains: month}\n", `6:19 cohorts.grains must be a list, not text | write [month]`},
		{"no value", smallest + "name:\n", `6:7 name has no value`},
		{"not YAML", smallest + "cohorts: [month\n", `not valid YAML`},
		{"two documents", smallest + "---\nname: b\n", `a second document`},
		{"empty", "", `1:1 the job file is empty`},
		{"a key twice", smallest + "currency: EUR\n", `6:1 not valid YAML: mapping key "currency" already defined`},
		{"bad horizon", smallest + "value: {horizons: [1y]}\n", `6:20 a horizon cannot be "1y" | write a number of days, as 365d, or lifetime`},
		{"bad date", smallest + "as_of: 2024-02-30\n", `6:8 as_of is not a date | write it as 2024-12-31`},
		{"bad rate", smallest + "rules: {max_rejected_rate: 2}\n", `6:28 rules.max_rejected_rate cannot be 2 | write a number from 0 to 1`},
		{"bad staleness", smallest + "rules: {max_staleness: 2w}\n", `6:24 max_staleness cannot be "2w"`},
		{"bad choice", smallest + "rules: {refunds: gross}\n", `6:18 rules.refunds cannot be "gross" | write net or ignore`},
		{"rule without condition", smallest + "rules: {exclude: [{name: a, column: b}]}\n", `the rule "a" has 0 conditions`},
		{"rules of one name", smallest + "rules: {exclude: [{name: a, column: b, equals: 1}, {name: a, column: c, is_null: true}]}\n", `two exclusion rules are named "a"`},
		{"rule of two lines", smallest + "rules: {exclude: [{name: \"a\\nb\", column: c, is_null: true}]}\n", `the name of an exclusion rule has a line break`},
		{"unknown grain", smallest + "cohorts: {grains: [weekly]}\n", `unknown grain "weekly" | did you mean "week"?`},
		{"split by what is not kept", smallest + "cohorts: {split_by: [country]}\n", `split_by names "country", which is not among source.attributes`},
		{"a rule with an empty list", smallest + "rules: {exclude: [{name: a, column: b, in: []}]}\n", `the rule "a" has 0 conditions`},
		{"more rules than a person writes", smallest + "rules:\n  exclude:\n" + strings.Repeat("    - {name: a, column: b, equals: 1}\n", 1001), `there are 1001 exclusion rules, more than 1000`},
		{"no table at all", smallest + "tables: []\n", `6:9 the job publishes no table | write all, or name the tables`},
		{"larger than a person writes", smallest + "# " + strings.Repeat("x", 256<<10), `the job file is larger than 256 KiB`},
		{"nested deeper than a person writes", smallest + "name: " + strings.Repeat("[", 101), `brackets are nested more than 100 deep`},
		{"not a mapping", "- a\n- b\n", `the job file must be a mapping, not a list`},
		{"an attribute that is there already", strings.Replace(smallest, "sink:", "  attributes: {purchase_date: d}\nsink:", 1), `which customers has already`},
		{"unknown table", smallest + "tables: [customer]\n", `unknown table "customer" | did you mean "customers"?`},
		{"unknown word for tables", smallest + "tables: every\n", `tables: write all, or a list of tables, not "every"`},
		{"unknown model", smallest + "models: {candidates: [pareto]}\n", `unknown model "pareto"`},
		{"bg_nbd beside others", smallest + "models: {candidates: [mbg_nbd, bg_nbd]}\n", `bg_nbd can only be the sole candidate, for it calls every one-time buyer alive | name it alone, or mbg_nbd beside others`},
		{"bg_cnbd_k beside others", smallest + "models: {candidates: [mbg_nbd, bg_cnbd_3]}\n", `bg_cnbd_3 can only be the sole candidate, for it calls every one-time buyer alive | name it alone, or mbg_cnbd_3 beside others`},
		{"unknown word for models", smallest + "models: {candidates: every}\n", `write none, or a list of models, not "every"`},
		{"no model in a list", smallest + "models: {candidates: [none]}\n", `no model stands alone, not in a list | write candidates: none`},
		{"unknown unit", smallest + "models: {time_unit: fortnight}\n", `unknown time unit "fortnight"`},
		{"environment", smallest + "name: ${JOB}\n", `6:7 the environment variable JOB is not set | set it, or write ${JOB:-default}`},
		{"unknown zone", strings.Replace(smallest, "Europe/London", "Europe/Londn", 1), `1:11 unknown time zone "Europe/Londn"`},
		{"no currency", strings.Replace(smallest, "currency: GBP\n", "", 1), `the job has no currency`},
		{"currency in words", strings.Replace(smallest, "GBP", "pounds", 1), `"pounds" is no currency`},
		{"two sources", strings.Replace(smallest, "sink:", "  parquet: {paths: [x]}\nsink:", 1), `source names both csv and parquet | keep one`},
		{"source of another version", strings.Replace(smallest, "csv: {paths: [orders.csv]}", "postgres: {}", 1), `there is no source postgres in this version | this version has csv`},
		{"no sink", strings.Replace(smallest, "sink: {parquet: {path: out}}\n", "", 1), `the job has no sink`},
		{"unknown option", strings.Replace(smallest, "{paths", "{pathes: [x], paths", 1), `unknown key "source.csv.pathes" | did you mean "paths"?`},
		{"amount twice", strings.Replace(smallest, "sink:", "  columns: {amount: a, quantity: q, unit_price: p}\nsink:", 1), `the amount is mapped both as amount and as quantity × unit_price`},
		{"half a product", strings.Replace(smallest, "sink:", "  columns: {quantity: q}\nsink:", 1), `only one of quantity and unit_price is mapped`},
		{"bad format", strings.Replace(smallest, "sink:", "  columns: {occurred_at: {column: d, format: '%Q'}}\nsink:", 1), `%Q`},
		{"bad scale", strings.Replace(smallest, "sink:", "  columns: {amount: {column: a, scale: 5}}\nsink:", 1), `scale 5 is not possible`},
		{"text for a whole number", strings.Replace(smallest, "sink:", "  columns: {amount: {column: a, scale: two}}\nsink:", 1), `source.columns.amount.scale must be a whole number, not text`},
		{"text for a truth value", smallest + "rules: {exclude: [{name: a, column: b, is_null: maybe}]}\n", `is_null must be true or false, not text`},
		{"a truth value for a choice", smallest + "rules: {exact_duplicates: true}\n", `6:27 rules.exact_duplicates must be text, not true or false | write one of keep, drop`},
		{"a number for days", smallest + "rules: {max_staleness: 2}\n", `6:24 rules.max_staleness must be text, not a number | write it as 14d`},
		{"a tab", smallest + "rules:\n\trefunds: net\n", `7:1 not valid YAML: a tab | indent with blanks`},
		{"a list for text", smallest + "name: [a]\n", `6:7 name must be text, not a list`},
		{"a number that is none", smallest + "value: {margin_rate: .nan}\n", `value.margin_rate must be a number, not infinity or NaN`},
		{"a number in powers of ten", smallest + "rules: {exclude: [{name: a, column: b, equals: 1.5e+3}]}\n", `cannot be compared with`},
		{"negative offset", smallest + "cohorts: {max_offset: -1}\n", `a number of periods is not negative`},
		{"word for an offset", smallest + "cohorts: {max_offset: all}\n", `write none, or a number of periods, not "all"`},
		{"anchors", smallest + "name: &a b\n", `name must be text, not an anchor`},
		{"pattern without quotes", strings.Replace(smallest, "[orders.csv]", "[*.csv]", 1), `source.csv.paths[0] must be text, not an anchor, alias or tag (which job files do not use) | put the whole text in quotes`},
		{"bad delimiter", strings.Replace(smallest, "{paths", "{delimiter: ;;, paths", 1), `4:20 source.csv.delimiter: delimiter ";;" is not possible`},
		{"bad header", strings.Replace(smallest, "{paths", "{header: 5, paths", 1), `4:17 source.csv.header: header must be true, false or a list of names`},
		{"header with a name twice", strings.Replace(smallest, "{paths", "{header: [a, a], paths", 1), `4:17 source.csv.header: columns 1 and 2 have the same name`},
		{"path of a store that is not read", strings.Replace(smallest, "orders.csv", "a.csv, 'ftp://b/c.csv'", 1), `4:24 source.csv.paths[1]: ftp:// paths are not supported`},
		{"no paths", strings.Replace(smallest, "paths: [orders.csv]", "header: true", 1), `source.csv.paths: paths is empty`},
		{"empty sink path", strings.Replace(smallest, "path: out", "path: ''", 1), `5:24 sink.parquet.path: an empty path`},
		{"no sink path", strings.Replace(smallest, "path: out", "", 1), `sink.parquet.path: an empty path`},
		{"sink of a number", strings.Replace(smallest, "{path: out}", "3", 1), `sink.parquet must be a mapping, not a number`},
		{"bad zone of times", strings.Replace(smallest, "sink:", "  columns: {occurred_at: {timezone: CETT}}\nsink:", 1), `unknown time zone "CETT"`},
		{"bad weekday", smallest + "week_start: mon\n", `unknown day of the week "mon"`},
		{"bad name", smallest + "name: a/b\n", `the name "a/b" cannot be used`},
		{"bad margin", smallest + "value: {margin_rate: 1.5e-1}\n", `margin_rate must be a plain decimal`},
		{"bad attribute", strings.Replace(smallest, "sink:", "  attributes: {Sales Channel: c}\nsink:", 1), `the attribute name "Sales Channel" cannot be used`},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got := problems(t, c.text)
			if len(got) != 1 || !strings.Contains(got[0], c.want) || strings.HasSuffix(got[0], "| ") {
				t.Errorf("got %q, want one problem with %q, and a hint", got, c.want)
			}
		})
	}
}

// All problems are reported at once, in the order of the file.
func TestAllProblemsAtOnce(t *testing.T) {
	got := problems(t, "timezone: Nowhere/Else\ncurrency: GBP\nsourc: {}\nvalue: {discount_rate: -1}\nsink: {parquet: {path: 5}}\n")
	want := []string{"1:1", "1:11", "3:1", "4:24", "5:24"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want problems at %v", got, want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]+" ") {
			t.Errorf("problem %d is %q, want it at %s", i, got[i], want[i])
		}
	}
}

// TestDefaults: what a job means that says nothing.
func TestDefaults(t *testing.T) {
	job := load(t, smallest, nil)
	if job.Name != "test" || job.Settings.Currency != "GBP" || job.Settings.Zone.String() != "Europe/London" {
		t.Errorf("name %q, currency %q, zone %s", job.Name, job.Settings.Currency, job.Settings.Zone)
	}
	if want := (jobs.Gates{MaxRejectedRate: 0.001, MaxStaleness: 14, MinVolume: 0.5}); job.Gates != want {
		t.Errorf("gates %+v, want %+v", job.Gates, want)
	}
	if s := job.Settings; s.DropDuplicates || s.IgnoreRefunds || s.ZeroIsPurchase || s.MarginRate != nil || len(s.Rules) > 0 {
		t.Errorf("settings %+v", s)
	}
	if len(job.Grains) != 1 || job.Grains[0] != calendar.ByMonth || job.MaxOffset[calendar.ByDay] != 365 || job.MaxOffset[calendar.ByMonth] < 1<<30 {
		t.Errorf("grains %v, offsets %v", job.Grains, job.MaxOffset)
	}
	v := job.Value
	if v.DiscountRate != 0.10 || v.TimeUnit != clv.Week || len(v.Horizons) != 2 || v.Horizons[0] != clv.Year || v.Horizons[1] != clv.Lifetime || v.Candidates[0] != models.MBGNBD {
		t.Errorf("value %+v", v)
	}
	for _, name := range jobs.TableNames() {
		if !job.Tables[name] {
			t.Errorf("table %s is not published", name)
		}
	}
}

func TestEnvironmentInValues(t *testing.T) {
	text := strings.Replace(smallest, "orders.csv", `"${DIR}/${FILE:-orders.csv}"`, 1) + "name: n-${N}\n"
	text += "value: {discount_rate: \"${RATE}\"}\ncohorts: {max_offset: \"${OFFSET:-3}\"}\n"
	job := load(t, text, map[string]string{"DIR": "/data", "N": "1", "RATE": "0.25"})
	if job.Name != "n-1" || job.Value.DiscountRate != 0.25 || job.MaxOffset[calendar.ByMonth] != 3 {
		t.Errorf("name %q, rate %g, offset %d; want n-1, 0.25 and 3", job.Name, job.Value.DiscountRate, job.MaxOffset[calendar.ByMonth])
	}
}

// A byte order mark, which some editors write, is no part of the first key.
func TestByteOrderMark(t *testing.T) {
	if got := problems(t, "\ufeff"+smallest); got != nil {
		t.Errorf("got %q", got)
	}
}

// The as-of day: the flag's, else the file's, else the last complete day in
// the job's zone; never one that is not over. At 23:30 UTC it is the next day
// in Tokyo already.
func TestAsOf(t *testing.T) {
	now := time.Date(2024, 6, 15, 23, 30, 0, 0, time.UTC)
	cases := []struct {
		zone, file, flag, want string
	}{
		{"UTC", "", "", "2024-06-14"},
		{"Asia/Tokyo", "", "", "2024-06-15"},
		{"UTC", "2024-01-31", "", "2024-01-31"},
		{"UTC", "2024-01-31", "2024-02-29", "2024-02-29"},
		{"UTC", "", "2024-06-15", "not over"},
		{"UTC", "2024-06-15", "", "not over"},
		{"UTC", "", "yesterday", "not a date"},
	}
	for _, c := range cases {
		text := strings.Replace(smallest, "Europe/London", c.zone, 1)
		if c.file != "" {
			text += "as_of: " + c.file + "\n"
		}
		day, err := load(t, text, nil).ResolveAsOf(c.flag, now)
		got := day.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || err != nil && pipeline.ClassOf(err) != pipeline.ClassUsage {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"customer_id", "occurred_at", "amount"}
	for name, want := range map[string]string{"customerid": "customer_id", "Customer ID": "customer_id", "amout": "amount", "price": ""} {
		if got := jobs.Nearest(name, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

// FuzzLoad: no text makes Load panic, and it returns a job or problems.
func FuzzLoad(f *testing.F) {
	f.Add(smallest)
	f.Add(smallest + "rules: {exclude: [{name: a, column: b, in: [1, x]}]}\ncohorts: {max_offset: 3}\ntables: [customers]\n")
	f.Add("a: &x [*x]\n")
	f.Add("source: {columns: {amount: {plus: [a], minus: [b]}}}")
	f.Fuzz(func(t *testing.T, text string) {
		job, err := jobs.Load("fuzz.yaml", []byte(text), noEnvironment, adapters())
		if (job == nil) == (err == nil) {
			t.Errorf("job %v, error %v", job, err)
		}
	})
}
