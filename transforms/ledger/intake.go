package ledger

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Intake turns source rows into postings. It is used by one goroutine; the
// tallies and words of several intakes are put together afterwards.
type Intake struct {
	Tally Tally

	bound   *Binding
	layout  layout
	words   []words  // of each attribute
	columns []column // scratch, as all that follows
	batch   batch
	hashes  []uint64 // of rows that are plain
	out     Rows
}

// NewIntake returns an intake for rows of a bound source. number tells it from
// the other intakes of the run; it is at most MaxIntakes−1.
func NewIntake(b *Binding, number int) *Intake {
	in := &Intake{bound: b, layout: layoutOf(b), words: make([]words, len(b.mapping.Attributes))}
	for i := range in.words {
		in.words[i].base = uint32(number) << wordBits
	}
	return in
}

// Origin says where a batch comes from and which of its rows the source
// could not read.
type Origin struct {
	Name     string // the file
	Part     int    // its index among the source's files
	FirstRow int64  // number of the batch's first row in it
	Faults   []Rejected
}

// Rows are postings, encoded one after the other: row i belongs to the customer
// whose hash is Hash[i]. Where keys are integers each has Length bytes, and a
// posting may take two rows (plain.go); where they are texts Length is 0 and row i
// ends at Bytes[End[i]]. They are valid until the next Admit.
type Rows struct {
	Hash   []uint64
	Length int
	End    []uint32
	Bytes  []byte
}

// CurrencyError says that a row that counts is not in the job's currency.
type CurrencyError struct {
	Origin string
	Row    int64
	Column string
}

// Error returns the position, without the value.
func (e *CurrencyError) Error() string {
	return fmt.Sprintf("%s: row %d: column %q holds another currency than the job's", e.Origin, e.Row, e.Column)
}

// batch is what is known so far of the rows of one record: each step of the
// intake fills a column. A row that turns out to be unreadable keeps the fate
// Unreadable and the earliest day, and later steps pass over it.
type batch struct {
	columns []column
	rows    int
	origin  Origin

	fate         []Fate
	flags        []uint8
	day          []calendar.Day
	instant      []int64 // a column's, or ownInstants
	amount       []int64
	contribution []int64  // nil where the job has none
	hash         []uint64 // of the customer; of the row where there is none
	digest       []digest // of the row
	order        []digest
	attributes   [][]uint32 // [attribute][row]: words

	faults      []fault
	ownInstants []int64
	terms       terms // scratch
}

// fault is what is wrong with a row.
type fault struct {
	row            int
	column, reason string
}

// reject makes a row unreadable.
func (b *batch) reject(row int, column, reason string) {
	b.fate[row], b.day[row] = Unreadable, earliestDay
	b.faults = append(b.faults, fault{row, column, reason})
}

// isReadable reports whether each row is, as far as it has been read.
func (b *batch) isReadable() bool { return len(b.faults)+len(b.origin.Faults) == 0 }

// admit reads a batch's rows, one column after the other.
func (in *Intake) admit(columns []column, rows int, o Origin) (Rows, error) {
	b := &in.batch
	b.begin(columns, rows, o, &in.layout, len(in.words))
	in.digestRows()
	in.readCustomers()
	in.readTimes()
	in.readAmounts()
	in.readContributions()
	in.applyRules()
	if err := in.readCurrencies(); err != nil {
		return Rows{}, err
	}
	in.readOrders()
	if err := in.readAttributes(); err != nil {
		return Rows{}, err
	}
	in.tally()
	in.encode()
	return in.out, nil
}

// begin makes room for a number of rows, of which those are unreadable that
// the source could not read.
func (b *batch) begin(columns []column, rows int, o Origin, l *layout, attributes int) {
	b.columns, b.rows, b.origin = columns, rows, o
	b.fate, b.flags = zeroed(b.fate, rows), zeroed(b.flags, rows)
	b.day, b.amount = resized(b.day, rows), resized(b.amount, rows)
	b.hash, b.digest, b.order = resized(b.hash, rows), resized(b.digest, rows), resized(b.order, rows)
	if l.contribution > 0 {
		b.contribution = zeroed(b.contribution, rows)
	}
	b.attributes = resized(b.attributes, attributes)
	b.faults = b.faults[:0]
	for _, f := range o.Faults {
		b.fate[f.Row-o.FirstRow], b.day[f.Row-o.FirstRow] = Unreadable, earliestDay
	}
}

// resized returns a slice of n values, whatever they are.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// zeroed returns a slice of n zeros.
func zeroed[T any](s []T, n int) []T {
	s = resized(s, n)
	clear(s)
	return s
}

// at returns the column that plays a part, or nil if none does.
func (in *Intake) at(name string) *column {
	if name == "" {
		return nil
	}
	return &in.batch.columns[in.bound.position[name]]
}

// readCustomers sets the hash of each row's customer. There is none where the
// key is null, and where it is text of nothing but blanks, which some exports
// write for nobody.
func (in *Intake) readCustomers() {
	b := &in.batch
	c := in.at(in.bound.mapping.CustomerID)
	if !in.bound.intKeys {
		b.readTexts(c)
		return
	}
	for i, key := range c.integers {
		if c.isNull(i) {
			b.hash[i] = b.digest[i][1]
			continue
		}
		b.flags[i] |= flagCustomer
		b.hash[i] = hashInteger(key)
	}
}

// readTexts does so where keys are texts.
func (b *batch) readTexts(c *column) {
	for i := range b.rows {
		b.hash[i] = b.digest[i][1]
		if c.isNull(i) {
			continue
		}
		switch key := c.textAt(i); {
		case isBlank(key):
		case len(key) > MaxKey:
			b.reject(i, c.name, "the key is too long")
		default:
			b.flags[i] |= flagCustomer
			b.hash[i] = hashText(key)
		}
	}
}

// applyRules gives each readable row the fate that it has by itself: after the
// as-of day, or by the first rule that applies.
func (in *Intake) applyRules() {
	b, s := &in.batch, &in.bound.settings
	for i, day := range b.day {
		if day > s.AsOf && b.fate[i] != Unreadable {
			b.fate[i] = AfterAsOf
		}
	}
	for r := range s.Rules {
		c, rule := in.at(s.Rules[r].Column), &s.Rules[r]
		matches := c.each(func(text string, isNull bool) bool { return rule.match(text, c.number(text), isNull) })
		for i := range b.rows {
			if b.fate[i] == Kept && matches(i) {
				b.fate[i] = firstRule + Fate(r)
			}
		}
	}
}

// readOrders sets the digest of each row's order, where rows name it. Blank text
// names none: as one order it would be the customer's only one, for ever.
func (in *Intake) readOrders() {
	b := &in.batch
	c := in.at(in.bound.mapping.OrderID)
	if c == nil {
		return
	}
	var text []byte
	for i := range b.rows {
		b.order[i] = digest{}
		if !c.isNamed(i) || b.fate[i] == Unreadable {
			continue
		}
		text = c.appendText(text[:0], i)
		b.order[i] = digestOf(text)
		b.flags[i] |= flagOrder
	}
}

// readAttributes sets the word of each row's attributes. Rows that do not
// count give none.
func (in *Intake) readAttributes() error {
	b := &in.batch
	for a := range in.words {
		c := in.at(in.bound.mapping.Attributes[a].Column)
		b.attributes[a] = resized(b.attributes[a], b.rows)
		if !in.words[a].readColumn(c, b.fate, b.attributes[a]) {
			return &WordsError{in.bound.mapping.Attributes[a]}
		}
	}
	return nil
}

// tally counts the batch and keeps its unreadable rows, by position.
func (in *Intake) tally() {
	b, t := &in.batch, &in.Tally
	t.count(b, in.bound.settings.AsOf)
	slices.SortFunc(b.faults, func(f, g fault) int { return f.row - g.row })
	bySource := b.origin.Faults
	for _, f := range b.faults {
		row := b.origin.FirstRow + int64(f.row)
		for len(bySource) > 0 && bySource[0].Row < row {
			t.reject(bySource[0])
			bySource = bySource[1:]
		}
		if t.hasRoom() {
			t.reject(Rejected{b.origin.Name, b.origin.Part, row, f.column, f.reason, renderRow(b.columns, f.row)})
		}
	}
	for _, r := range bySource {
		t.reject(r)
	}
}

// renderRow renders a row for the quarantine: name=value, as read.
func renderRow(columns []column, i int) string {
	var b []byte
	for c := range columns {
		if c > 0 {
			b = append(b, ' ')
		}
		b = append(b, columns[c].name...)
		b = append(b, '=')
		if columns[c].isNull(i) {
			b = append(b, "NULL"...)
		} else {
			b = strconv.AppendQuote(b, string(columns[c].appendText(nil, i)))
		}
	}
	return string(b)
}
