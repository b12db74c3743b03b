package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// ProposeOptions say what to propose a job for.
type ProposeOptions struct {
	Name    string                          // of the job, and of its file
	File    string                          // where the job file will stand, as a word of the commands in its head
	Adapter []string                        // the lines of the source's options, as they stand below source:
	Names   string                          // key of the adapter for the columns' names, where they have none of their own
	Open    func() (pipeline.Source, error) // the source, anew for each time it is read
	Now     time.Time                       // the clock: data that end long before need an as_of
}

// Proposal is a job file for a source that nobody has described. It holds names
// of columns, counts and days, never a customer's data.
type Proposal struct {
	File      string   // the job file, with comments; it is valid
	Found     []string // what the file is based on, for people
	Questions []string // what only a person can decide; in the file each is a comment
}

// today returns the last complete day, in UTC.
func (o *ProposeOptions) today() calendar.Day { return calendar.DayOf(o.Now.UnixMicro()) - 1 }

// Text says what was found and what is to be decided.
func (p *Proposal) Text() string {
	var b strings.Builder
	for _, line := range p.Found {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, question := range p.Questions {
		fmt.Fprintf(&b, "  %-10s %s\n", "question", question)
	}
	return b.String()
}

// What Propose reads: the parts that columns play show in the first rows; what
// is said of the data needs them all, or as many as a person will wait for.
const (
	sampleRows   = 20_000
	sampleValues = 1_000_000 // of a source with many columns the sample has fewer rows
	countRows    = 2_000_000
)

// Propose reads the first rows of a source to find out which column plays
// which part, and then those columns of all rows, up to two million, for what
// the job file says of them: formats, days, missing customers, refunds. A part
// that no column seems to play is a question, not an error. It fails where the
// source does.
func Propose(ctx context.Context, o ProposeOptions) (*Proposal, error) {
	columns, err := takeSample(ctx, o.Open)
	if err != nil {
		return nil, err
	}
	parts := chooseParts(columns)
	f, err := countFacts(ctx, o, parts)
	if err != nil {
		return nil, err
	}
	f.duplicates = countDuplicates(columns)
	return newWriter(o, parts, f).proposal(), nil
}

// sample is the first values of one column, a blank one being empty.
type sample struct {
	name   string
	called string // in the job file, if not by its name
	words  string // name in small letters and underscores, as customer_id
	kind   ledger.ColumnType
	values []string
	number numberLook
	comma  numberLook // the same, if numbers have a decimal comma
	time   timeLook
	blank  int
	counts map[string]int // of values, blank ones left out
}

// takeSample reads the first rows of all columns.
func takeSample(ctx context.Context, open func() (pipeline.Source, error)) ([]*sample, error) {
	var columns []*sample
	err := readRows(ctx, open, nil, func(names []ledger.SourceColumn, value func(column int) string) {
		if columns == nil {
			columns = newSamples(names)
		}
		for i, c := range columns {
			c.add(value(i))
		}
	})
	if err == nil && columns == nil {
		err = pipeline.Errorf(pipeline.ClassSource, "", "propose a job from a file that has rows", "the source has no rows")
	}
	return columns, err
}

func newSamples(columns []ledger.SourceColumn) []*sample {
	samples := make([]*sample, len(columns))
	for i, c := range columns {
		samples[i] = &sample{name: c.Name, words: inWords(c.Name), kind: c.Type, counts: map[string]int{}, comma: numberLook{comma: true}, time: newTimeLook(allFormats(c.Type))}
	}
	return samples
}

func (c *sample) add(value string) {
	value = strings.Clone(value) // it belongs to a batch
	c.values = append(c.values, value)
	if strings.TrimSpace(value) == "" {
		c.blank++
		return
	}
	c.counts[value]++
	c.number.add(value, c.kind)
	c.comma.add(value, c.kind)
	c.time.add(value)
}

// readRows calls row for the rows of a source, up to countRows, with the columns
// of those names; if names is nil, for a sample of the first rows, with all
// columns. A value is blank where it is null or where the source could not read
// the row.
func readRows(ctx context.Context, open func() (pipeline.Source, error), names []string, row func([]ledger.SourceColumn, func(int) string)) error {
	source, err := open()
	if err != nil {
		return err
	}
	d, err := source.Describe(ctx, "")
	if err != nil {
		return err
	}
	var columns []ledger.SourceColumn
	for _, c := range ledger.SourceColumns(d.Columns) {
		if variable.MatchString(c.Name) {
			continue // a job file cannot name it: there it would be replaced from the environment
		}
		if names == nil || slices.Contains(names, c.Name) {
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 {
		return pipeline.Errorf(pipeline.ClassSource, d.Name, "transactions have columns of text, numbers and dates", "there is no column that a job can use")
	}
	most := int64(countRows)
	if names == nil {
		most = int64(min(sampleRows, sampleValues/len(columns)))
	}
	request := pipeline.Request{Readers: 1, Rows: int(min(most, sampleRows))}
	for _, c := range columns {
		request.Columns = append(request.Columns, c.Name)
	}
	readers, err := source.Open(ctx, request)
	if err != nil {
		return err
	}
	reader := readers[0]
	// What was wanted has been read: that closing failed changes nothing.
	defer func() { _ = reader.Close() }()
	for most > 0 {
		batch, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		rows := min(most, batch.Record.NumRows())
		most -= rows
		for i := range int(rows) {
			row(columns, func(c int) string {
				if a := batch.Record.Column(c); !a.IsNull(i) {
					return a.ValueStr(i)
				}
				return ""
			})
		}
		batch.Record.Release()
	}
	return nil
}

// countDuplicates counts the rows that are equal to an earlier one in every
// column.
func countDuplicates(columns []*sample) int {
	seen := map[string]bool{}
	var key []byte
	n := 0
	for i := range columns[0].values {
		key = key[:0]
		for _, c := range columns {
			key = fmt.Appendf(key, "%d:%s", len(c.values[i]), c.values[i])
		}
		if seen[string(key)] {
			n++
		}
		seen[string(key)] = true
	}
	return n
}
