package jobs

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// The defaults of a job file.
const (
	defaultRejectedRate = 0.001 // one row in a thousand: a broken export has more, a messy one fewer
	defaultStaleness    = 14    // days: two missed weekly loads
	defaultMinVolume    = 0.5
	defaultDiscountRate = 0.10
	defaultDayOffsets   = 365
	maxHorizonDays      = 36_525 // a century
	maxPlanned          = 10_000_000_000
)

var (
	jobName       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	attributeName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	currencyCode  = regexp.MustCompile(`^[A-Z]{3}$`)
)

// load binds the tree and checks every part; problems are collected.
func (l *loader) load() {
	l.bindFile()
	l.loadSource()
	l.loadSink()
	l.checkTop()
	l.checkColumns()
	l.checkAttributes()
	l.checkRules()
	l.checkGates()
	l.checkCohorts()
	l.checkValue()
	l.checkModels()
	l.checkPlan()
	l.checkTables()
}

func (l *loader) bindFile() {
	// What is wrong is in l.problems; the checks go on with what could be bound.
	_ = l.bindInto(l.root, &l.file)
	for i, p := range l.problems {
		if slices.Contains(reserved, p.Path) {
			l.problems[i].Hint = "this key is reserved for a later version; leave it out"
		}
	}
}

// failed reports whether a problem is noted at a path or below it, so that
// one mistake is not reported twice.
func (l *loader) failed(path string) bool {
	return slices.ContainsFunc(l.problems, func(p Problem) bool {
		rest, ok := strings.CutPrefix(p.Path, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

func (l *loader) checkTop() {
	f := &l.file
	if f.Name != "" {
		l.job.Name = f.Name
	}
	if !jobName.MatchString(l.job.Name) {
		l.problem("name", "use letters, digits, '.', '-' and '_'", "the name %q cannot be used", l.job.Name)
	}
	if zone, err := calendar.LoadZone(f.Timezone); err == nil {
		l.job.Settings.Zone = zone
	} else if f.Timezone == "" && !l.failed("timezone") {
		l.problem("timezone", "add timezone: Europe/Berlin, or UTC; civil days and months are in this zone", "the job has no timezone")
	} else if !l.failed("timezone") {
		l.problem("timezone", "use a name of the IANA database, as Europe/Berlin or UTC", "unknown time zone %q", f.Timezone)
	}
	if l.job.Settings.Currency = f.Currency; f.Currency == "" && !l.failed("currency") {
		l.problem("currency", "add currency: EUR, or another code of ISO 4217; another currency in the data is an error", "the job has no currency")
	} else if !currencyCode.MatchString(f.Currency) && !l.failed("currency") {
		l.problem("currency", "write the three letters of ISO 4217, as currency: EUR", "%q is no currency", f.Currency)
	}
	if f.AsOf != "" {
		l.job.AsOf = l.day("as_of", f.AsOf)
		var at Problem
		at.Line, at.Column, at.Flag = l.position(l.nodeAt("as_of"))
		l.job.AsOfPlace = at.place(l.path)
	}
	if f.WeekStart != "" {
		start, ok := calendar.ParseWeekday(f.WeekStart)
		if !ok {
			l.problem("week_start", "use monday … sunday", "unknown day of the week %q", f.WeekStart)
		}
		l.job.Calendar.WeekStart = start
	}
}

func (l *loader) day(path, text string) numeric.Null[calendar.Day] {
	day, ok := calendar.ParseDay(text)
	if !ok {
		l.problem(path, "write it as 2024-12-31", "%s is not a date", path)
		return numeric.Null[calendar.Day]{}
	}
	return numeric.Known(day)
}

func (l *loader) checkColumns() {
	c := &l.file.Source.Columns
	m := &l.job.Mapping
	m.CustomerID, m.OrderID, m.Currency = c.CustomerID, c.OrderID, c.Currency
	m.OccurredAt.Column, m.OccurredAt.Format = c.OccurredAt.Column, c.OccurredAt.Format
	const at = "source.columns."
	if _, err := calendar.ParseFormat(c.OccurredAt.Format); err != nil {
		l.problem(at+"occurred_at.format", `use %Y, %m, %d, %H, %M, %S, …, or unix, unix_ms, unix_us`, "%s", err)
	}
	if c.OccurredAt.Timezone != "" {
		zone, err := calendar.LoadZone(c.OccurredAt.Timezone)
		if err != nil {
			l.problem(at+"occurred_at.timezone", "use a name of the IANA database, as Europe/Berlin or UTC", "unknown time zone %q", c.OccurredAt.Timezone)
		}
		m.OccurredAt.Zone = zone
	}
	m.Amount = l.amount(at+"amount", &c.Amount)
	m.Cost = l.amount(at+"cost", c.Cost.amount())
	m.Amount.BlankIsZero = l.choice(at+"amount.blank", c.Amount.Blank, "unreadable", "zero")
	m.DecimalComma = l.choice("source.decimal", l.file.Source.Decimal, ".", ",")
	switch hasProduct := c.Quantity != "" || c.UnitPrice != ""; {
	case hasProduct && c.Amount.isSet():
		l.problem(at+"amount", "keep one of the two", "the amount is mapped both as amount and as quantity × unit_price")
	case hasProduct && c.Amount.Blank != "":
		l.problem(at+"amount.blank", "leave it out; a row without one of the two is unreadable", "blank is not of quantity × unit_price")
	case hasProduct && (c.Quantity == "" || c.UnitPrice == ""):
		l.problem(at+"quantity", "map both quantity and unit_price", "only one of quantity and unit_price is mapped")
	case hasProduct:
		m.Amount.Quantity, m.Amount.UnitPrice = c.Quantity, c.UnitPrice
	}
}

// amount checks one amount and returns where it stands.
func (l *loader) amount(path string, a *amountPart) ledger.AmountColumns {
	columns := ledger.AmountColumns{Column: a.Column, Plus: a.Plus, Minus: a.Minus, Decimals: 4}
	if a.Column != "" && len(a.Plus)+len(a.Minus) > 0 {
		l.problem(path, "keep one of the two", "%s names both a column and a sum of columns", path)
	}
	if len(a.Minus) > 0 && len(a.Plus) == 0 {
		l.problem(path, "add plus: [ … ]", "%s subtracts from nothing", path)
	}
	if a.Scale != nil {
		columns.Decimals, columns.IsStated = *a.Scale, true
		if *a.Scale < 0 || *a.Scale > 4 {
			l.problem(path+".scale", "a scale is the number of decimals: 0 to 4", "scale %d is not possible", *a.Scale)
			columns.Decimals = 4
		}
	}
	return columns
}

func (l *loader) checkAttributes() {
	attributes := l.file.Source.Attributes
	fixed := clv.Customers(false, nil).Schema().Columns
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if !attributeName.MatchString(name) {
			l.problem("source.attributes."+name, "use small letters, digits and '_', as it becomes the column first_<name>", "the attribute name %q cannot be used", name)
		} else if slices.ContainsFunc(fixed, func(c table.Column) bool { return c.Name == "first_"+name }) {
			l.problem("source.attributes."+name, "give it another name", "the attribute %q would become first_%s, which customers has already", name, name)
		}
		l.job.Mapping.Attributes = append(l.job.Mapping.Attributes, ledger.Attribute{Name: name, Column: attributes[name]})
	}
}

func (l *loader) checkRules() {
	r := &l.file.Rules
	seen := map[string]bool{}
	if len(r.Exclude) > ledger.MaxRules {
		l.problem("rules.exclude", "mark the rows in the source and exclude them by one rule", "there are %d exclusion rules, more than %d", len(r.Exclude), ledger.MaxRules)
		r.Exclude = nil
	}
	for i := range r.Exclude {
		path, rule := fmt.Sprintf("rules.exclude[%d]", i), &r.Exclude[i]
		switch {
		case l.failed(path):
		case rule.Name == "" || rule.Column == "":
			l.problem(path, "a rule has a name, a column and a condition", "an exclusion rule has no name or no column")
		case strings.ContainsFunc(rule.Name, unicode.IsControl):
			l.problem(path, "write the name on one line, without tabs", "the name of an exclusion rule has a line break or another control character")
		case seen[rule.Name]:
			l.problem(path, "give each rule a name of its own", "two exclusion rules are named %q", rule.Name)
		case rule.conditions() != 1:
			l.problem(path, "use one of equals, in, starts_with, is_null, less_than, greater_than", "the rule %q has %d conditions", rule.Name, rule.conditions())
		default:
			l.job.Settings.Rules = append(l.job.Settings.Rules, rule.rule())
		}
		seen[rule.Name] = true
	}
	l.job.Settings.DropDuplicates = l.choice("rules.exact_duplicates", r.ExactDuplicates, "keep", "drop")
	l.job.Settings.IgnoreRefunds = l.choice("rules.refunds", r.Refunds, "net", "ignore")
	l.job.Settings.ZeroIsPurchase = l.choice("rules.zero_amounts", r.ZeroAmounts, "ignore", "purchase")
}

// choice reports whether the second of two words is written; the first is the default.
func (l *loader) choice(path, word, usual, other string) bool {
	if word != "" && word != usual && word != other {
		l.problem(path, fmt.Sprintf("write %s or %s", usual, other), "%s cannot be %q", path, word)
	}
	return word == other
}

func (l *loader) checkGates() {
	r := &l.file.Rules
	g := &l.job.Gates
	g.MaxRejectedRate = l.rate("rules.max_rejected_rate", r.MaxRejectedRate, defaultRejectedRate, 0, 1)
	g.MinVolume = l.rate("rules.min_volume", r.MinVolume, defaultMinVolume, 0, 1)
	g.NoMissingDays = l.choice("rules.missing_days", r.MissingDays, "warn", "fail")
	g.MaxStaleness = defaultStaleness
	if r.MaxStaleness != "" {
		days, ok := parseDays(r.MaxStaleness)
		if !ok {
			l.problem("rules.max_staleness", "write a number of days, as 14d", "max_staleness cannot be %q", r.MaxStaleness)
		}
		g.MaxStaleness = int32(days)
	}
}

// rate returns a number between two bounds.
func (l *loader) rate(path string, n number, otherwise, least, most float64) float64 {
	if n == "" {
		return otherwise
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if err != nil || !(v >= least && v <= most) {
		l.problem(path, fmt.Sprintf("write a number from %g to %g", least, most), "%s cannot be %s", path, n)
		return otherwise
	}
	return v
}

// parseDays reads a number of days as 14d.
func parseDays(text string) (int, bool) {
	digits, ok := strings.CutSuffix(text, "d")
	days, err := strconv.Atoi(digits)
	return days, ok && err == nil && days >= 0 && days <= maxHorizonDays
}

func (l *loader) checkCohorts() {
	c := &l.file.Cohorts
	grains := map[calendar.Grain]bool{calendar.ByMonth: true}
	for i, name := range c.Grains {
		path := fmt.Sprintf("cohorts.grains[%d]", i)
		if grain, ok := calendar.ParseGrain(name); ok {
			grains[grain] = true
		} else if !l.failed(path) {
			l.problem(path, suggestion(name, []string{"day", "week", "month", "quarter", "year"}), "unknown grain %q", name)
		}
	}
	l.job.Grains = slices.SortedFunc(maps.Keys(grains), func(a, b calendar.Grain) int { return strings.Compare(a.String(), b.String()) })
	for i, name := range c.SplitBy {
		if _, ok := l.file.Source.Attributes[name]; !ok {
			l.problem(fmt.Sprintf("cohorts.split_by[%d]", i), suggestion(name, slices.Sorted(maps.Keys(l.file.Source.Attributes))), "split_by names %q, which is not among source.attributes", name)
		}
	}
	l.job.SplitBy = slices.Sorted(slices.Values(c.SplitBy))
	l.job.SplitBy = slices.Compact(l.job.SplitBy)
	if c.From != "" {
		l.job.From = l.day("cohorts.from", c.From)
	}
	for grain := range l.job.MaxOffset {
		l.job.MaxOffset[grain] = math.MaxInt32
		if c.MaxOffset.periods != nil {
			l.job.MaxOffset[grain] = int32(min(*c.MaxOffset.periods, math.MaxInt32))
		}
	}
	if c.MaxOffset.periods == nil {
		l.job.MaxOffset[calendar.ByDay] = defaultDayOffsets
	}
}

func (l *loader) checkValue() {
	v := &l.file.Value
	if v.MarginRate != "" {
		rate, fault := money.ParseDecimal(string(v.MarginRate))
		if l.rate("value.margin_rate", v.MarginRate, 0, 0, 1); fault != money.NoFault && !l.failed("value.margin_rate") {
			l.problem("value.margin_rate", "write it as 0.4", "margin_rate must be a plain decimal")
		}
		l.job.Settings.MarginRate = &rate
	}
	const mostADiscount = 10 // 1000 % a year
	l.job.Value.DiscountRate = l.rate("value.discount_rate", v.DiscountRate, defaultDiscountRate, 0, mostADiscount)
	horizons := map[int]bool{365: true}
	for i, text := range v.Horizons {
		if text == "lifetime" {
			continue
		}
		path := fmt.Sprintf("value.horizons[%d]", i)
		days, ok := parseDays(text)
		if l.failed(path) {
			continue
		}
		if !ok || days == 0 {
			l.problem(path, "write a number of days, as 365d, or lifetime", "a horizon cannot be %q", text)
			continue
		}
		horizons[days] = true
	}
	for _, days := range slices.Sorted(maps.Keys(horizons)) {
		l.job.Value.Horizons = append(l.job.Value.Horizons, clv.HorizonOf(days))
	}
	l.job.Value.Horizons = append(l.job.Value.Horizons, clv.Lifetime)
}

func (l *loader) checkTables() {
	l.job.Tables = map[string]bool{}
	known := TableNames()
	for _, name := range known {
		l.job.Tables[name] = l.file.Tables == nil
	}
	if l.file.Tables != nil && len(l.file.Tables) == 0 && !l.failed("tables") {
		l.problem("tables", "write all, or name the tables", "the job publishes no table")
	}
	for i, name := range l.file.Tables {
		if !slices.Contains(known, name) {
			l.problem(fmt.Sprintf("tables[%d]", i), suggestion(name, known), "unknown table %q", name)
		}
		l.job.Tables[name] = true
	}
}
