package sinks

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// How a table's file is encoded. Every number here is part of the published
// bytes: a change makes other files of the same rows.
const (
	// rowGroupRows is what a reader like DuckDB gives to one thread, and
	// keeps the pages that wait in memory for their group small.
	rowGroupRows = 1 << 17
	// pageRows is the grain of the page index, by which a reader skips pages.
	// It makes pages of 256 KB from eight-byte values.
	pageRows = 1 << 15
	// pageBytes ends a page early, where values are long.
	pageBytes = 1 << 20
	// dictionaryBytes ends the dictionary of a text column: above it values
	// hardly repeat.
	dictionaryBytes = 1 << 20
	// indexBytes is how much of a text the page index keeps. Cutting one may
	// break a character, so it is more than any text of a table needs.
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

// writerOptions returns the encoding of a table's files.
func writerOptions(t table.Schema) []parquet.WriterOption {
	return []parquet.WriterOption{
		parquet.NewSchema(t.Name, rootOf(t)),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.DataPageVersion(1), // older readers know no other
		parquet.DataPageStatistics(true),
		parquet.PageBufferSize(pageBytes),
		parquet.DictionaryMaxBytes(dictionaryBytes),
		parquet.ColumnIndexSizeLimit(func([]string) int { return indexBytes }),
		parquet.KeyValueMetadata(metadataKey, describe(t)),
		&parquet.WriterConfig{CreatedBy: createdBy},
	}
}

// orderedGroup is a group whose fields keep the declared order of a table;
// parquet.Group itself sorts them by name.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

// Fields returns the columns in the declared order.
func (g *orderedGroup) Fields() []parquet.Field { return g.fields }

// rootOf returns the Parquet schema of a table.
func rootOf(t table.Schema) parquet.Node {
	group := make(parquet.Group, len(t.Columns))
	position := make(map[string]int, len(t.Columns))
	for i, c := range t.Columns {
		group[c.Name] = nodeOf(t, c)
		position[c.Name] = i
	}
	fields := group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int { return position[a.Name()] - position[b.Name()] })
	return &orderedGroup{Group: group, fields: fields}
}

func nodeOf(t table.Schema, c table.Column) parquet.Node {
	node := leafOf(c.Kind)
	// A text that alone is the key never repeats: a dictionary of it would
	// only be built to be given up.
	if c.Kind == table.Text && !slices.Equal(t.Key, []string{c.Name}) {
		node = parquet.Encoded(node, &parquet.RLEDictionary)
	} else {
		node = parquet.Encoded(node, &parquet.Plain)
	}
	if c.Nullable {
		return parquet.Optional(node)
	}
	return parquet.Required(node)
}

func leafOf(k table.Kind) parquet.Node {
	switch k {
	case table.Text:
		return parquet.String()
	case table.Integer:
		return parquet.Leaf(parquet.Int64Type)
	case table.Money:
		return parquet.Decimal(table.MoneyDecimals, moneyDigits, parquet.Int64Type)
	case table.Number:
		return parquet.Leaf(parquet.DoubleType)
	case table.Date:
		return parquet.Date()
	case table.Time:
		return parquet.TimestampAdjusted(parquet.Microsecond, true)
	case table.Flag:
		return parquet.Leaf(parquet.BooleanType)
	default:
		panic(fmt.Sprintf("sinks: unknown kind of column %d", k))
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
