package jobs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

func (w *writer) proposal() *Proposal {
	w.head()
	w.timezone()
	w.money()
	w.asOf()
	w.line("source:")
	w.source()
	w.line("  columns:")
	w.customerID()
	w.occurredAt()
	w.orderID()
	w.amounts()
	w.other()
	w.rules()
	w.cohorts()
	w.line("sink:")
	w.key("  ", "parquet: {path: "+scalar("out/"+w.options.Name)+"}", "a folder of this job alone")
	return &Proposal{File: w.text.String(), Found: w.found, Questions: w.questions}
}

// nameOf returns a column's name as it stands in the job file.
func (c *sample) nameOf() string { return cmp.Or(c.called, c.name) }

func scalars(columns []*sample) string {
	var names []string
	for _, c := range columns {
		names = append(names, scalar(c.nameOf()))
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// orElse says which other columns may be meant.
func orElse(others []*sample) string {
	const most = 2
	var names []string
	for _, c := range others[:min(most, len(others))] {
		names = append(names, c.nameOf())
	}
	if len(names) == 0 {
		return ""
	}
	return "or " + strings.Join(names, " or ")
}

// share writes a part of the rows.
func (f *facts) share(n int64) string {
	return fmt.Sprintf("%d of %d rows (%.3g %%)", n, f.rows, 100*float64(n)/float64(f.rows))
}

// format returns how the times are written, or nil where no format reads them.
func (w *writer) format() *tried {
	if w.time.column == nil {
		return nil
	}
	return w.moments.best()
}

func (w *writer) head() {
	extent := fmt.Sprintf("%d rows", w.rows)
	if w.isCut {
		extent = "the first " + extent
	}
	if first, last, ok := w.days(); ok {
		extent += fmt.Sprintf(", %s to %s", first, last)
	}
	w.comment("", "Proposed by perennial init from "+extent+". What only a person can know is marked QUESTION. A # right before a key is a suggestion: delete the # to follow it. Then")
	for _, command := range []string{"validate", "plan", "run"} {
		w.line("#   perennial %s %s", command, w.options.File)
	}
	if len(w.customers) > 0 {
		extent += fmt.Sprintf("; %d customers", len(w.customers))
	}
	w.say("read", "%s", extent)
}

func (w *writer) timezone() {
	t := w.format()
	switch {
	case t == nil:
		w.ask("", "timezone: UTC", "timezone", "the zone in which days, months and cohorts are counted, as Europe/London")
	case t.days == t.read:
		w.key("", "timezone: UTC", "the data have dates without a time of day: no zone moves them")
	case w.isCivil(t):
		w.ask("", "timezone: UTC", "timezone", "the times name no zone. Write that of the shop's clock, as Europe/London; days stay as written")
	default:
		w.ask("", "timezone: UTC", "timezone", "days and months begin at midnight of this zone. Write the shop's own, as Europe/London")
	}
}

// isCivil reports whether most times name no zone.
func (w *writer) isCivil(t *tried) bool {
	kind := w.time.column.kind
	return kind.IsTime && !kind.IsZoned || !kind.IsTime && t.civil*2 > t.read
}

// signs are what names of columns say of a currency.
var signs = map[string]string{"eur": "EUR", "euro": "EUR", "usd": "USD", "dollar": "USD", "dollars": "USD", "gbp": "GBP", "chf": "CHF"}

func (w *writer) money() {
	switch codes := w.codes(); len(codes) {
	case 0:
		w.guessCurrency()
	case 1:
		w.key("", "currency: "+codes[0], "in all rows")
		w.say("currency", "%s in all rows", codes[0])
	default:
		w.ask("", "currency: "+codes[0], "currency",
			fmt.Sprintf("the data have %d currencies and one job has one. This is the most frequent; a rule below excludes the others", len(codes)))
	}
}

// codes returns the currencies of the data, the most frequent first, in
// capitals: a run reads eur as EUR.
func (f *facts) codes() []string {
	rows := map[string]int64{}
	for written, n := range f.currencies {
		rows[strings.ToUpper(written)] += n
	}
	return slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b))
	})
}

func (w *writer) guessCurrency() {
	for _, c := range w.columns {
		for word := range strings.SplitSeq(c.words, "_") {
			if code := signs[word]; code != "" {
				w.ask("", "currency: "+code, "currency", fmt.Sprintf("%s, only because of the name of the column %s", code, c.name))
				return
			}
		}
	}
	w.ask("", "currency: EUR", "currency", "no column says it. EUR is a placeholder")
}

// asOf writes the last day of data that end long ago: else the first run would
// fail for data that are too old.
func (w *writer) asOf() {
	_, last, ok := w.days()
	if !ok {
		return
	}
	isOld := int(w.options.today())-int(last) > defaultStaleness
	switch {
	case isOld && w.isCut:
		w.wonder("", "as_of", fmt.Sprintf("the first %d rows end on %s. If all end more than 14 days before yesterday, a run refuses them without the last day they have", w.rows, last))
		w.line("#as_of: %s", last)
	case isOld:
		w.key("", "as_of: "+last.String(), "the last day in the data; write an earlier one if it is not whole. Delete this line before you schedule the job: every run is of this day. Without it a run is as of yesterday and refuses data that end more than 14 days before")
		w.say("as of", "%s, the last day in the data, which end more than 14 days ago", last)
	}
	if t := w.format(); t.late > 0 {
		w.wonder("", "dates", "of days that are not over: "+w.share(t.late)+"; they count as after_as_of")
	}
}

func (w *writer) source() {
	for _, line := range w.options.Adapter {
		w.line("  %s", line)
	}
	if w.options.Names != "" {
		w.key("    ", w.options.Names+": "+scalars(w.columns), "the file has no names: these are made up")
	}
	if w.comma {
		w.key("  ", `decimal: ","`, "numbers are written with a decimal comma")
	}
}

func (w *writer) customerID() {
	c := w.customer
	if c.column == nil {
		question := "no column looks like a customer. The columns are " + w.allNames()
		if wrong := named(w.columns, customerNames, customerWords, func(c *sample) bool { return !isKey(c) && len(c.counts) > 0 }); len(wrong) > 0 {
			question = fmt.Sprintf("%s is %s, which cannot name customers: cast it to an integer or text in the source", wrong[0].nameOf(), wrong[0].kind.Name)
		}
		w.ask("    ", "customer_id: customer_id", "customer_id", question)
		return
	}
	text := "customer_id: " + scalar(c.column.nameOf())
	var notes []string
	if w.noCustomer > 0 {
		notes = append(notes, "blank in "+w.share(w.noCustomer)+": they count as unattributed")
	}
	if other := orElse(c.others); other != "" {
		notes = append(notes, other)
	}
	note := strings.Join(notes, "; ")
	switch {
	case c.isGuess:
		w.ask("    ", text, "customer_id", strings.TrimSuffix("a guess by the values alone; "+note, "; "))
	case float64(w.noCustomer) > 0.5*float64(w.rows):
		w.ask("    ", text, "customer_id", note)
	default:
		w.key("    ", text, note)
	}
	w.say("customer", "%s%s", c.column.nameOf(), prefixed(": ", note))
}

// allNames lists the columns, of many the first.
func (w *writer) allNames() string {
	const most = 30
	var names []string
	for _, c := range w.columns[:min(most, len(w.columns))] {
		names = append(names, c.nameOf())
	}
	if more := len(w.columns) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("… and %d more", more))
	}
	return strings.Join(names, ", ")
}

func (w *writer) occurredAt() {
	t, c := w.format(), w.time.column
	switch {
	case c != nil && t == nil:
		w.ask("    ", "occurred_at: "+scalar(c.nameOf()), "occurred_at", fmt.Sprintf("the first rows of %s are dates, but no format reads nearly all rows: write them in one", c.nameOf()))
		return
	case t == nil:
		w.ask("    ", "occurred_at: occurred_at", "occurred_at", "no column looks like a date. The columns are "+w.allNames()+". A format may be needed: {column: …, format: \"%d/%m/%Y\"}")
		return
	}
	text := "occurred_at: " + scalar(c.nameOf())
	if t.pattern != "" {
		text = fmt.Sprintf("occurred_at: {column: %s, format: %q}", scalar(c.nameOf()), t.pattern)
	}
	note := orElse(w.time.others)
	other := w.moments.with(swapped(t.pattern))
	switch {
	case other != nil && other != t && other.read == t.read:
		w.ask("    ", text, "occurred_at", "no day is above 12, so this may as well be "+swapped(t.pattern))
	case w.time.isGuess && note != "":
		w.ask("    ", text, "occurred_at", "a guess by the values alone; "+note)
	default:
		w.key("    ", text, note)
	}
	w.say("time", "%s, %s%s", c.nameOf(), w.formatName(t), prefixed("; ", note))
}

// formatName says how a column's times are written.
func (w *writer) formatName(t *tried) string {
	switch {
	case t.days == t.read:
		return cmp.Or(t.pattern, "ISO 8601") + ", dates without a time"
	case w.isCivil(t):
		return cmp.Or(t.pattern, "ISO 8601") + ", without a zone"
	default:
		return cmp.Or(t.pattern, "ISO 8601") + ", instants"
	}
}

func (w *writer) orderID() {
	c := w.order
	if c.column == nil {
		w.comment("    ", "order_id: no column looks like one, so every row is an order")
		w.say("order", "no column looks like an order id, so every row is an order")
		return
	}
	note := orElse(c.others)
	if w.orders < w.rows {
		note = strings.TrimPrefix(fmt.Sprintf("%s; blank in %s: each is an order of its own", note, w.share(w.rows-w.orders)), "; ")
	}
	w.key("    ", "order_id: "+scalar(c.column.nameOf()), note)
	w.say("order", "%s%s", c.column.nameOf(), prefixed(": ", note))
}

// other writes cost, currency and attributes.
func (w *writer) other() {
	if w.cost != nil {
		text := scalar(w.cost.nameOf())
		if w.cost.kind.IsFloat {
			text = fmt.Sprintf("{column: %s, scale: %d}", text, w.scale())
		}
		w.key("    ", "cost: "+text, "of the row, signed like the amount")
	}
	if w.currency != nil {
		w.key("    ", "currency: "+scalar(w.currency.nameOf()), "")
	}
	attributes := w.usableAttributes()
	if len(attributes) == 0 {
		return
	}
	var entries []string
	for _, c := range attributes {
		entries = append(entries, c.words+": "+scalar(c.nameOf()))
	}
	w.key("  ", "attributes: {"+strings.Join(entries, ", ")+"}", "kept of each customer's first purchase")
}

// usableAttributes leaves out what has more values than one can split by.
func (w *writer) usableAttributes() []*sample {
	return slices.DeleteFunc(slices.Clone(w.attributes), func(c *sample) bool { return len(w.valuesOf[c]) > maxSplitValues })
}

func (w *writer) cohorts() {
	attributes := w.usableAttributes()
	w.line("cohorts:")
	w.line("  grains: [month]")
	if len(attributes) > 0 {
		w.line("  split_by: [%s]", attributes[0].words)
	}
	first, _, ok := w.days()
	if !ok {
		return
	}
	months := w.newByMonth(1 + followers)
	if limit, ok := twiceMedian(months); ok && months[0] <= limit {
		w.comment("  ", fmt.Sprintf("the data begin on %s; customers first seen by month from then on: %s", first, listOf(months)))
		return
	}
	question := fmt.Sprintf("the data begin on %s. If the shop is older, the first buyers in them are not new: name a day from which on they are", first)
	if len(months) > 1 {
		question += "; customers first seen by month: " + listOf(months)
	}
	w.wonder("  ", "cohorts.from", question)
	w.suggest("from: %s", threeMonthsAfter(first))
}

// listOf returns numbers as text.
func listOf(numbers []int64) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(texts, ", ")
}

// threeMonthsAfter returns the first day of the month that is three months
// after that of a day: most regular buyers have come back by then.
func threeMonthsAfter(day calendar.Day) calendar.Day {
	const months = 3
	var c calendar.Calendar
	return c.Start(calendar.ByMonth, c.Index(calendar.ByMonth, day)+months)
}
