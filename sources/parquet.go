package sources

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// Parquet says which Parquet files to read.
type Parquet struct {
	Paths []string `yaml:"paths" default:"required" doc:"files, or patterns such as data/*.parquet, on a disk or, as gs://bucket/data/*.parquet or s3://…, in an object store"`
}

// NewParquet returns a source of Parquet files. It checks the options without
// looking at the files; an error is ClassUsage.
//
// Types become those of pipeline.SourceType:
//
//	every INT, signed or not           int64 (UINT_64 above 2^63-1 is an error)
//	DECIMAL of up to 38 digits         decimal128 of the same precision and scale
//	FLOAT, DOUBLE                      float64
//	BOOLEAN                            bool
//	DATE                               date32
//	TIMESTAMP                          timestamp[us], UTC if it is adjusted to UTC; nanoseconds are rounded down
//	INT96                              timestamp[us, UTC]
//	STRING, ENUM, JSON, BYTE_ARRAY     utf8 (other bytes are an error)
//	UUID                               utf8 such as 00112233-4455-6677-8899-aabbccddeeff
//	other FIXED_LEN_BYTE_ARRAY         utf8, lower-case hexadecimal: such columns are hashes and ids
//
// Columns of any other type (lists, maps, groups, TIME, INTERVAL, BSON, wider
// decimals) are not offered.
//
// Two things cannot be read, and asking for such a column is an error that says
// how to write the file instead: BOOLEAN in RLE, as data pages of version 2
// often have it, and every column compressed with LZ4.
//
// Row groups in places are counted from 0, as other tools do, and rows from 1
// through the whole file.
func NewParquet(o Parquet) (pipeline.Source, error) {
	if err := checkPaths(o.Paths); err != nil {
		return nil, err
	}
	return &parquetSource{paths: o.Paths}, nil
}

// parquetSource is a pipeline.Source of Parquet files.
type parquetSource struct {
	paths  []string
	stores buckets

	// From Describe on.
	files  []dataFile
	schema *arrow.Schema
	groups []rowGroup
}

// rowGroup is one row group of one file.
type rowGroup struct {
	file     int   // index of the file
	index    int   // of the row group in the file, from 0
	firstRow int64 // number of its first row in the file, from 1
	rows     int64 // as the footer promises
	bytes    int64 // of all its columns, as stored
}

// Describe implements pipeline.Source: it reads the footers.
func (s *parquetSource) Describe(ctx context.Context, _ string) (pipeline.Description, error) {
	files, err := listFiles(ctx, s.paths, ".parquet", &s.stores)
	if err != nil {
		return pipeline.Description{}, err
	}
	var columns []parquetColumn
	var groups []rowGroup
	var rows int64
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return pipeline.Description{}, err
		}
		found, fileGroups, err := footer(ctx, f)
		if err != nil {
			return pipeline.Description{}, err
		}
		if i == 0 {
			columns = found
		} else if err := sameTypes(found, f.path, columns, files[0].path); err != nil {
			return pipeline.Description{}, err
		}
		for _, g := range fileGroups {
			g.file = i
			groups = append(groups, g)
			rows += g.rows
		}
	}
	s.files, s.groups, s.schema = files, groups, arrowSchema(columns)
	paths, bytes := totals(files)
	return pipeline.Description{Name: described(s.paths), Columns: s.schema, Rows: rows, Bytes: bytes, Files: paths}, nil
}

// Open implements pipeline.Source. A reader reads whole row groups.
func (s *parquetSource) Open(_ context.Context, r pipeline.Request) ([]pipeline.Reader, error) {
	units := s.units(r.Readers)
	wanted := parquetRequest{source: s, schema: pick(s.schema, r.Columns), rows: rowsOf(r), units: units, work: &queue{units: len(units)}, memory: new(table.Memory)}
	readers := make([]pipeline.Reader, readersFor(len(units), r.Readers))
	for i := range readers {
		readers[i] = &reader{batches: &parquetReader{parquetRequest: wanted, within: new(within)}}
	}
	return readers, nil
}

// footer returns what the footer of a file promises.
func footer(ctx context.Context, from dataFile) ([]parquetColumn, []rowGroup, error) {
	file, err := openParquet(&within{ctx}, from, false)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	return file.columns, file.groups, nil
}

// arrowSchema returns the columns of files as Arrow names them.
func arrowSchema(columns []parquetColumn) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.arrow, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// sameTypes reports a column that two files do not both have, or have in
// different types.
func sameTypes(columns []parquetColumn, path string, wanted []parquetColumn, first string) error {
	if err := sameColumns(columnNames(columns), path, columnNames(wanted), first); err != nil {
		return err
	}
	types := make(map[string]arrow.DataType, len(wanted))
	for _, c := range wanted {
		types[c.name] = c.arrow
	}
	for _, c := range columns {
		if want := types[c.name]; !arrow.TypeEqual(c.arrow, want) {
			return pipeline.Errorf(pipeline.ClassSource, path, "the files of one source must have the same types",
				"column %q is %s, and %s in %s", c.name, c.arrow, want, first)
		}
	}
	return nil
}

func columnNames(columns []parquetColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}
