package sinks

import (
	"encoding/json"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// How a table's file is encoded. Every number here is part of the published
// bytes: a change makes other files of the same rows.
const (
	// rowGroupRows is what a reader like DuckDB gives to one thread, and what
	// a worker of ours encodes at a time.
	rowGroupRows = 1 << 17
	// pageRows is the grain of the page index, by which a reader skips pages.
	// It makes pages of 256 KB from eight-byte values.
	pageRows = 1 << 15
	// pageBytes halves a page of texts that is longer, until it is not: what
	// is encoded at a time should fit a core's cache.
	pageBytes = 1 << 19
	// dictionaryValues and dictionaryBytes are the most distinct texts or
	// numbers, and bytes of them, that a row group's column may have to get a
	// dictionary: above them values hardly repeat. Numbers must moreover come
	// dictionaryRepeats times each on average, for they are short.
	dictionaryValues  = 1 << 14
	dictionaryBytes   = 1 << 20
	dictionaryRepeats = 4
	// sampleBytes is the piece of a page by which the page is compressed or stored
	// as it is, in ZSTD's frames either way: compressed, if the piece gets shorter
	// by one part in worthwhileShare. It is long enough for values that come again
	// a few thousand rows later. Texts and dictionaries are always compressed.
	sampleBytes     = 1 << 16
	worthwhileShare = 8
	// usualBytes is what a value takes in a file, or somewhat more: room that a
	// row group is given before it has any. It changes no byte.
	usualBytes = 2
	// indexBytes is how much of a text the statistics keep, more than any text
	// of a table needs.
	indexBytes = 1 << 12
	// moneyDigits is the precision of DECIMAL(18,4), the largest that INT64
	// holds. In INT64 a decimal's statistics are compared as signed numbers
	// by every writer and reader; in byte arrays not.
	moneyDigits = 18
	// createdBy has the form by which readers decide whether to trust a
	// file's statistics. It names no build, for equal rows make equal bytes.
	createdBy = "perennial version 1.0.0 (build parquet-go-0.32.0)"
	// metadataKey is where the table's description stands in the file.
	metadataKey = "perennial.table"
)

// cut says after how many rows a row group ends and after how many row groups
// a part: by rows alone, so that no machine cuts elsewhere.
type cut struct {
	groupRows  int
	partGroups int
}

// publishedCut makes parts of four million rows: some hundred megabytes.
var publishedCut = cut{groupRows: rowGroupRows, partGroups: 32}

// physicalTypes are how Parquet stores each kind of column.
var physicalTypes = [...]format.Type{
	table.Text: format.ByteArray, table.Integer: format.Int64, table.Money: format.Int64, table.Number: format.Double,
	table.Date: format.Int32, table.Time: format.Int64, table.Flag: format.Boolean,
}

// schemaOf returns the Parquet schema of a table: the root, and its columns.
func schemaOf(t table.Schema) []format.SchemaElement {
	elements := []format.SchemaElement{{
		Name: t.Name, RepetitionType: thrift.New(format.Required), NumChildren: thrift.New(int32(len(t.Columns))),
	}}
	for _, c := range t.Columns {
		e := format.SchemaElement{Name: c.Name, Type: thrift.New(physicalTypes[c.Kind]), RepetitionType: thrift.New(format.Required)}
		if c.Nullable {
			e.RepetitionType.V = format.Optional
		}
		annotate(&e, c.Kind)
		elements = append(elements, e)
	}
	return elements
}

// annotate says what a column's values mean, and says it again as readers of
// Parquet's first version understand it.
func annotate(e *format.SchemaElement, k table.Kind) {
	switch k {
	case table.Text:
		e.LogicalType.Value = &format.StringType{}
		e.ConvertedType = thrift.New(deprecated.UTF8)
	case table.Integer:
		e.LogicalType.Value = &format.IntType{BitWidth: 64, IsSigned: true}
	case table.Money:
		e.LogicalType.Value = &format.DecimalType{Scale: table.MoneyDecimals, Precision: moneyDigits}
		e.ConvertedType = thrift.New(deprecated.Decimal)
		e.Scale, e.Precision = thrift.New[int32](table.MoneyDecimals), thrift.New[int32](moneyDigits)
	case table.Date:
		e.LogicalType.Value = &format.DateType{}
		e.ConvertedType = thrift.New(deprecated.Date)
	case table.Time:
		e.LogicalType.Value = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
		e.ConvertedType = thrift.New(deprecated.TimestampMicros)
	}
}

// describe returns the table's description as it stands in the file, as one
// JSON object: the library keeps no metadata of single columns.
func describe(t table.Schema) string {
	type column struct {
		Name       string `json:"name"`
		Type       string `json:"type"`
		Unit       string `json:"unit,omitempty"`
		Additivity string `json:"additivity"`
		Doc        string `json:"doc"`
		Null       string `json:"null,omitempty"`
	}
	d := struct {
		Table   string   `json:"table"`
		Doc     string   `json:"doc"`
		Key     []string `json:"key"`
		Columns []column `json:"columns"`
	}{t.Name, t.Doc, t.Key, make([]column, len(t.Columns))}
	for i, c := range t.Columns {
		d.Columns[i] = column{c.Name, c.Kind.String(), c.Unit, string(c.Additivity), c.Doc, c.Null}
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic("sinks: " + err.Error()) // strings alone always marshal
	}
	return string(text)
}
