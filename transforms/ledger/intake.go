package ledger

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// Intake turns source rows into postings. It is used by one goroutine; the
// tallies of several intakes are added up afterwards.
type Intake struct {
	Tally Tally

	bound   *Binding
	row     []byte // scratch: the row's canonical bytes
	text    []byte // scratch: one value's text
	scratch [][]byte
}

// NewIntake returns an intake for rows of a bound source.
func NewIntake(b *Binding) *Intake {
	return &Intake{bound: b, scratch: make([][]byte, len(b.mapping.Attributes))}
}

// Origin says where a batch comes from and which of its rows the source
// could not read.
type Origin struct {
	Name     string // the file
	Part     int    // its index among the source's files
	FirstRow int64  // number of the batch's first row in it
	Faults   []Rejected
}

// Rows are postings, encoded: row i belongs to the customer whose hash is
// Hash[i] and ends at Bytes[End[i]].
type Rows struct {
	Hash  []uint64
	End   []uint32
	Bytes []byte
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

// fault is what is wrong with a row.
type fault struct{ column, reason string }

func (in *Intake) admit(columns []column, rows int, o Origin) (Rows, error) {
	out := Rows{Hash: make([]uint64, 0, rows), End: make([]uint32, 0, rows)}
	faults := o.Faults
	for i := range rows {
		row := o.FirstRow + int64(i)
		in.Tally.Rows++
		p := posting{attributes: in.scratch}
		if len(faults) > 0 && faults[0].Row == row {
			raw := digestOf([]byte(faults[0].Raw))
			in.Tally.Fingerprint.add(raw)
			p.hash = raw[1]
			in.unreadable(&p, faults[0])
			faults = faults[1:]
		} else if err := in.read(&p, columns, i, row, o); err != nil {
			return Rows{}, err
		}
		out.Bytes = p.encode(out.Bytes)
		out.Hash = append(out.Hash, p.hash)
		out.End = append(out.End, uint32(len(out.Bytes)))
	}
	return out, nil
}

// unreadable gives a posting the fate of a row that cannot be read.
func (in *Intake) unreadable(p *posting, r Rejected) {
	p.fate, p.amount, p.contribution, p.hasContribution = Unreadable, 0, 0, false
	for i := range p.attributes {
		p.attributes[i] = nil
	}
	in.Tally.Unreadable++
	in.Tally.reject(r)
}

// read reads row i of a batch and decides what can be decided of one row alone.
func (in *Intake) read(p *posting, columns []column, i int, row int64, o Origin) error {
	digest := in.rowDigest(columns, i)
	in.Tally.Fingerprint.add(digest)
	in.readCustomer(p, columns, i, digest)
	if in.bound.settings.DropDuplicates {
		p.row = digest
	}
	if f, ok := in.readMoneyAndTime(p, columns, i); !ok {
		in.unreadable(p, Rejected{o.Name, o.Part, row, f.column, f.reason, renderRow(columns, i)})
		return nil
	}
	p.fate = in.fate(p, columns, i)
	if c := in.at(columns, in.bound.mapping.Currency); c != nil && !c.isNull(i) {
		in.text = c.appendText(in.text[:0], i)
		p.isForeign = !strings.EqualFold(string(in.text), in.bound.settings.Currency)
		if p.isForeign && p.fate == Kept {
			return &CurrencyError{o.Name, row, c.name}
		}
	}
	in.Tally.read(p, in.bound.settings.AsOf)
	return nil
}

// at returns the column that plays a part, or nil if none does.
func (in *Intake) at(columns []column, name string) *column {
	if name == "" {
		return nil
	}
	return &columns[in.bound.position[name]]
}

// rowDigest hashes all columns of a row, with lengths, so that no two
// different rows have the same bytes.
func (in *Intake) rowDigest(columns []column, i int) digest {
	b := in.row[:0]
	for c := range columns {
		if columns[c].isNull(i) {
			b = append(b, 0)
			continue
		}
		in.text = columns[c].appendText(in.text[:0], i)
		b = append(b, 1)
		b = binary.AppendUvarint(b, uint64(len(in.text)))
		b = append(b, in.text...)
	}
	in.row = b
	return digestOf(b)
}

// key returns the customer of a row, nil where there is none: a null, and text
// of nothing but blanks, which some exports write for nobody.
func (in *Intake) key(c *column, i int) Key {
	switch {
	case c.isNull(i):
		return nil
	case in.bound.intKeys:
		return integerKey(c.integers[i])
	case strings.TrimSpace(c.text.Value(i)) == "":
		return nil
	default:
		return Key(c.text.Value(i))
	}
}

func (in *Intake) readCustomer(p *posting, columns []column, i int, row digest) {
	m := &in.bound.mapping
	p.hash = row[1]
	if p.key = in.key(in.at(columns, m.CustomerID), i); p.key != nil {
		p.hash = p.key.hash()
	}
	if c := in.at(columns, m.OrderID); c != nil && !c.isNull(i) {
		in.text = c.appendText(in.text[:0], i)
		p.order, p.hasOrder = digestOf(in.text), true
	}
	for a := range m.Attributes {
		c := in.at(columns, m.Attributes[a].Column)
		if c.isNull(i) {
			p.attributes[a] = append(p.attributes[a][:0], noAttribute...)
		} else {
			p.attributes[a] = c.appendText(p.attributes[a][:0], i)
		}
	}
}

// noAttribute is the value of an attribute that is null in the source.
const noAttribute = "(none)"

func (in *Intake) readMoneyAndTime(p *posting, columns []column, i int) (fault, bool) {
	b := in.bound
	if f, ok := in.readTime(p, in.at(columns, b.mapping.OccurredAt.Column), i); !ok {
		return f, false
	}
	amount, known, f := in.readAmount(&b.mapping.Amount, columns, i)
	switch {
	case f.reason != "":
		return f, false
	case !known && !b.mapping.Amount.isBlankZero():
		return fault{b.mapping.Amount.columns()[0], "the amount is missing"}, false
	}
	p.amount, p.isBlank = amount, !known
	if c := in.at(columns, b.mapping.Currency); c != nil && c.isNull(i) && known {
		return fault{c.name, "the currency is missing"}, false
	}
	return in.readContribution(p, columns, i)
}

// readContribution sets amount − cost, or amount × margin where there is no cost.
func (in *Intake) readContribution(p *posting, columns []column, i int) (fault, bool) {
	b := in.bound
	if b.mapping.Cost.isMapped() {
		cost, known, f := in.readAmount(&b.mapping.Cost, columns, i)
		if f.reason != "" {
			return f, false
		}
		if known {
			contribution, ok := money.Add(p.amount, -cost)
			p.contribution, p.hasContribution = contribution, true
			return fault{b.mapping.Cost.columns()[0], money.Overflow.String()}, ok
		}
	}
	if b.settings.MarginRate != nil {
		p.contribution, p.hasContribution = money.Share(p.amount, *b.settings.MarginRate), true
	}
	return fault{}, true
}

// readTime sets the posting's instant and its civil day in the job's zone. A
// date never shifts; a time without a zone, or in the job's own, keeps the day
// that is written.
func (in *Intake) readTime(p *posting, c *column, i int) (fault, bool) {
	if c.isNull(i) {
		return fault{c.name, "the date is missing"}, false
	}
	moment, ok := c.moment(i, in.bound.format)
	if !ok {
		return fault{c.name, in.bound.noDate}, false
	}
	if moment.Kind == calendar.CivilTime {
		in.Tally.CivilTimes++
	}
	job, own := in.bound.settings.Zone, in.bound.mapping.OccurredAt.Zone
	switch {
	case moment.Kind == calendar.Instant:
		p.instant, p.day = moment.Micros, job.Day(moment.Micros)
	case moment.Kind == calendar.CivilTime && own != nil && own.String() != job.String():
		instant, ok := own.Instant(moment.Micros)
		if !ok {
			return fault{c.name, "the time does not exist in its zone (clocks were put forward)"}, false
		}
		p.instant, p.day = instant, job.Day(instant)
	default:
		p.instant = instantOf(job, moment.Micros)
		p.day = calendar.DayOf(moment.Micros)
	}
	if p.day < earliestDay || p.day > latestDay {
		return fault{c.name, "the date is before 1900 or after 9999"}, false
	}
	return fault{}, true
}

// The days that postings may have. Before 1900 there are no shops in a
// warehouse, only programs that write year 1 for a date they do not know; and
// tables have a row for every period since the first.
var (
	earliestDay = calendar.Date(1900, 1, 1)
	latestDay   = calendar.Date(9999, 12, 31)
)

// instantOf returns the instant of a civil time as written. A time that does
// not exist is placed as if the clocks had not been put forward.
func instantOf(zone *calendar.Zone, civil int64) int64 {
	if instant, ok := zone.Instant(civil); ok {
		return instant
	}
	const before = 2 * calendar.MicrosPerDay // longer than any gap
	instant, _ := zone.Instant(civil - before)
	return instant + before
}

// readAmount returns an amount, whether there is one, and what is wrong with it.
func (in *Intake) readAmount(a *AmountColumns, columns []column, i int) (int64, bool, fault) {
	if a.Quantity != "" {
		return in.readProduct(a, columns, i)
	}
	if a.Column != "" {
		return readTerm(in.at(columns, a.Column), i, a.Decimals)
	}
	var sum int64
	var known bool
	for _, terms := range [2]struct {
		names []string
		sign  int64
	}{{a.Plus, 1}, {a.Minus, -1}} {
		for _, name := range terms.names {
			term, ok, f := readTerm(in.at(columns, name), i, a.Decimals)
			if f.reason != "" {
				return 0, false, f
			}
			known = known || ok
			if sum, ok = money.Add(sum, terms.sign*term); !ok {
				return 0, false, fault{name, money.Overflow.String()}
			}
		}
	}
	return sum, known, fault{}
}

func readTerm(c *column, i, decimals int) (int64, bool, fault) {
	if c.isNull(i) {
		return 0, false, fault{}
	}
	v, f := c.amount(i, decimals)
	if f != money.NoFault {
		return 0, false, fault{c.name, f.String()}
	}
	return v, true, fault{}
}

// readProduct returns quantity × unit price; blank if either is.
func (in *Intake) readProduct(a *AmountColumns, columns []column, i int) (int64, bool, fault) {
	var factors [2]money.Decimal
	for n, name := range [2]string{a.Quantity, a.UnitPrice} {
		c := in.at(columns, name)
		if c.isNull(i) {
			return 0, false, fault{}
		}
		d, f := c.decimal(i)
		if f != money.NoFault {
			return 0, false, fault{name, f.String()}
		}
		factors[n] = d
	}
	product, rounded, f := money.Multiply(factors[0], factors[1])
	if f != money.NoFault {
		return 0, false, fault{a.UnitPrice, "quantity × unit price is " + f.String()}
	}
	if rounded {
		in.Tally.Rounded++
	}
	return product, true, fault{}
}

// fate returns what one row alone decides: everything but duplicates and what
// depends on the customer's other rows.
func (in *Intake) fate(p *posting, columns []column, i int) Fate {
	s := &in.bound.settings
	if p.day > s.AsOf {
		return AfterAsOf
	}
	for r := range s.Rules {
		c := in.at(columns, s.Rules[r].Column)
		var text string
		isNull := c.isNull(i)
		if !isNull {
			in.text = c.appendText(in.text[:0], i)
			text = string(in.text)
		}
		if s.Rules[r].match(text, c.number(text), isNull) {
			return firstRule + Fate(r)
		}
	}
	return Kept
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
