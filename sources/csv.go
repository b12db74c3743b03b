package sources

import (
	"context"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// CSV says how to read delimited text files. The zero value of every field but
// Paths is its default.
type CSV struct {
	// Paths names files, or patterns.
	Paths []string `yaml:"paths" default:"required" doc:"files, or patterns such as data/*.csv, on a disk or, as gs://bucket/data/*.csv or s3://…, in an object store. Names that end in .gz, .zst or .bz2 are decompressed"`

	// Delimiter is one ASCII character, the word tab (or \t), or whitespace: then fields
	// are separated by runs of blanks and tabs, leading and trailing ones
	// mean nothing, and quotes are ordinary characters.
	Delimiter string `yaml:"delimiter" default:"\",\"" doc:"one ASCII character, or the word tab, or whitespace for runs of blanks"`

	// Header says where the names of the columns come from.
	Header Header `yaml:"header" default:"true" doc:"true: the first line of each file has the names. false: columns are column_1, column_2, … A list: the names, for files without a header"`

	// Encoding is how the text is stored.
	Encoding string `yaml:"encoding" default:"utf-8" one_of:"utf-8,latin-1,iso-8859-1,windows-1252,utf-16,utf-16le,utf-16be" doc:"how the text is stored. latin-1 is iso-8859-1. The byte order mark decides which utf-16 it is, and without one it is utf-16le. Bytes that the encoding does not have are an error; its column, as everything else, is of the text in UTF-8"`

	// NullValues are the texts that stand for null, in quotes or not; an empty
	// list means that there are no nulls.
	NullValues []string `yaml:"null_values" default:"[\"\"]" doc:"texts that stand for a missing value"`
}

// Header is true (the first line of each file holds the names), false (the
// files hold no names: columns are column_1, column_2, …) or a list of names
// for files that hold none. The zero value is true.
type Header struct {
	None  bool     // false in the job file
	Names []string // a list in the job file
}

// Forms returns a value of each form that the job file may have.
func (Header) Forms() []any { return []any{false, []string{}} }

// UnmarshalYAML decodes true, false or a list of names.
func (h *Header) UnmarshalYAML(decode func(any) error) error {
	var first bool
	if decode(&first) == nil {
		*h = Header{None: !first}
		return nil
	}
	var names []string
	if err := decode(&names); err != nil || len(names) == 0 {
		return pipeline.Errorf(pipeline.ClassUsage, "", "for example header: [customer_id, occurred_at, amount]", "header must be true, false or a list of names")
	}
	*h = Header{Names: names}
	return nil
}

// NewCSV returns a source of delimited text files. Every column is text. It
// checks the options without looking at the files; an error is ClassUsage.
//
// Empty lines are skipped and not numbered. A row whose number of fields is
// not that of the columns, or whose quotes are wrong, is a pipeline.Fault.
func NewCSV(o CSV) (pipeline.Source, error) {
	if err := checkPaths(o.Paths); err != nil {
		return nil, err
	}
	comma, err := delimiterByte(o.Delimiter)
	if err != nil {
		return nil, err
	}
	encoding, err := encodingOf(o.Encoding)
	if err != nil {
		return nil, err
	}
	if err := checkNames(o.Header.Names); err != nil {
		return nil, pipeline.Errorf(pipeline.ClassUsage, "header", "give each column a name of its own", "%w", err)
	}
	nulls := o.NullValues
	if nulls == nil {
		nulls = []string{""}
	}
	format := csvFormat{encoding: encoding, comma: comma, header: o.Header, nulls: nulls}
	return &csvSource{paths: o.Paths, format: format, sectionBytes: sectionBytes}, nil
}

// delimiterByte returns the delimiter as a byte, zero for whitespace.
func delimiterByte(delimiter string) (byte, error) {
	switch {
	case delimiter == "":
		return ',', nil
	case delimiter == "whitespace":
		return 0, nil
	case delimiter == `\t`, delimiter == "tab":
		return '\t', nil
	case len(delimiter) > 1 || delimiter[0] >= 0x80 || strings.Contains("\x00\"\r\n", delimiter):
		return 0, pipeline.Errorf(pipeline.ClassUsage, "delimiter", `write one ASCII character such as ";", or the word tab, or whitespace`, "delimiter %q is not possible", delimiter)
	default:
		return delimiter[0], nil
	}
}

// csvFormat is how the bytes of a file become rows.
type csvFormat struct {
	encoding textEncoding
	comma    byte // zero for runs of blanks
	header   Header
	nulls    []string
}

// csvSource is a pipeline.Source of delimited text files.
type csvSource struct {
	paths        []string
	stores       buckets
	format       csvFormat
	sectionBytes int64

	// From Describe on.
	files   []dataFile
	columns []string
	schema  *arrow.Schema
}

// Describe implements pipeline.Source: it reads the first line of each file.
func (s *csvSource) Describe(ctx context.Context, _ string) (pipeline.Description, error) {
	files, err := listFiles(ctx, s.paths, ".csv", &s.stores)
	if err != nil {
		return pipeline.Description{}, err
	}
	columns, err := s.format.agreedColumns(ctx, files)
	if err != nil {
		return pipeline.Description{}, err
	}
	s.files, s.columns, s.schema = files, columns, textSchema(columns)
	paths, bytes := totals(files)
	return pipeline.Description{Name: described(s.paths), Columns: s.schema, Rows: -1, Bytes: bytes, Files: paths}, nil
}

// Open implements pipeline.Source. A reader reads whole files, and sections of
// large ones.
func (s *csvSource) Open(_ context.Context, r pipeline.Request) ([]pipeline.Reader, error) {
	work := newSections(s, r.Readers > 1)
	wanted := csvRequest{source: s, schema: pick(s.schema, r.Columns), rows: rowsOf(r), work: work, memory: new(table.Memory)}
	readers := make([]pipeline.Reader, readersFor(work.estimate(), r.Readers))
	for i := range readers {
		readers[i] = &reader{batches: newCSVReader(wanted)}
	}
	return readers, nil
}

// textSchema is the schema of text columns of these names.
func textSchema(names []string) *arrow.Schema {
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}
