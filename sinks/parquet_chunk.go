package sinks

import (
	"hash/crc32"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// encodedGroup is a row group as it stands in a file.
type encodedGroup struct {
	first  int64 // the file's row number of its first row, from 0
	rows   int
	bytes  []byte
	chunks []chunk // by column
}

// chunk describes one column of a row group. Offsets count from the row
// group's first byte until place moves them.
type chunk struct {
	column  table.Column
	meta    format.ColumnMetaData
	index   format.ColumnIndex
	offsets format.OffsetIndex
	bounds  []bounds // by page
	rows    int64    // of the pages so far
	start   int
	sum     sum // of money
}

// newChunk begins a column at byte start of the row group.
func newChunk(c table.Column, start int) chunk {
	return chunk{column: c, start: start, meta: format.ColumnMetaData{
		Type: physicalTypes[c.Kind], PathInSchema: []string{c.Name}, Codec: format.Zstd,
	}}
}

// dictionary appends the page of a dictionary of n texts or numbers to the row group.
func (c *chunk) dictionary(out []byte, n int, body, compressed []byte) []byte {
	h := header(format.DictionaryPage, body, compressed)
	h.DictionaryPageHeader = thrift.New(format.DictionaryPageHeader{NumValues: int32(n), Encoding: format.Plain})
	out = c.append(out, h, format.Plain, compressed)
	c.meta.DictionaryPageOffset = int64(c.start)
	return out
}

// page appends a page of values to the row group.
func (c *chunk) page(out []byte, p *page, encoding format.Encoding, b bounds, body, compressed []byte) []byte {
	h := header(format.DataPage, body, compressed)
	h.DataPageHeader = thrift.New(format.DataPageHeader{
		NumValues: int32(p.rows), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		Statistics: format.Statistics{NullCount: int64(p.nulls), MinValue: b.smallest, MaxValue: b.largest},
	})
	at := len(out)
	out = c.append(out, h, encoding, compressed)
	c.offsets.PageLocations = append(c.offsets.PageLocations, format.PageLocation{
		Offset: int64(at), CompressedPageSize: int32(len(out) - at), FirstRowIndex: c.rows,
	})
	c.rows += int64(p.rows)
	c.bounds = append(c.bounds, b)
	c.index.NullPages = append(c.index.NullPages, p.values() == 0)
	c.index.NullCounts = append(c.index.NullCounts, int64(p.nulls))
	c.index.MinValues = append(c.index.MinValues, append([]byte{}, b.smallest...))
	c.index.MaxValues = append(c.index.MaxValues, append([]byte{}, b.largest...))
	return out
}

func header(t format.PageType, body, compressed []byte) *format.PageHeader {
	return &format.PageHeader{
		Type: t, UncompressedPageSize: int32(len(body)), CompressedPageSize: int32(len(compressed)),
		CRC: int32(crc32.ChecksumIEEE(compressed)),
	}
}

// append adds a header and the page after it.
func (c *chunk) append(out []byte, h *format.PageHeader, encoding format.Encoding, compressed []byte) []byte {
	text := marshal(h)
	c.count(h.Type, encoding)
	c.meta.TotalUncompressedSize += int64(len(text)) + int64(h.UncompressedPageSize)
	return append(append(out, text...), compressed...)
}

// count notes how many pages of a type are in an encoding.
func (c *chunk) count(t format.PageType, encoding format.Encoding) {
	for i := range c.meta.EncodingStats {
		if s := &c.meta.EncodingStats[i]; s.PageType == t && s.Encoding == encoding {
			s.Count++
			return
		}
	}
	c.meta.EncodingStats = append(c.meta.EncodingStats, format.PageEncodingStats{PageType: t, Encoding: encoding, Count: 1})
	c.meta.Encoding = append(c.meta.Encoding, encoding)
}

// finish completes a column of so many rows that ends at a byte of the group.
func (c *chunk) finish(rows, end int) {
	c.meta.NumValues = int64(rows)
	c.meta.TotalCompressedSize = int64(end - c.start)
	c.meta.DataPageOffset = c.offsets.PageLocations[0].Offset
	if c.column.Nullable {
		c.meta.Encoding = append(c.meta.Encoding, format.RLE) // of the levels
	}
	all := bounds{}
	for i, b := range c.bounds {
		all = all.and(b, c.column.Kind)
		c.meta.Statistics.NullCount += c.index.NullCounts[i]
	}
	c.meta.Statistics.MinValue, c.meta.Statistics.MaxValue = all.smallest, all.largest
	c.index.BoundaryOrder = orderOf(c.column.Kind, c.bounds)
}

// place moves the offsets of a row group that begins at a byte of the file.
func (c *chunk) place(start int64) {
	c.meta.DataPageOffset += start
	if c.meta.EncodingStats[0].PageType == format.DictionaryPage {
		c.meta.DictionaryPageOffset += start
	}
	for i := range c.offsets.PageLocations {
		c.offsets.PageLocations[i].Offset += start
	}
}

// marshal returns what Parquet's compact form of a header or footer is.
func marshal(v any) []byte {
	text, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		panic("sinks: " + err.Error()) // a struct in memory always marshals
	}
	return text
}
