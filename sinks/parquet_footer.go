package sinks

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// part is a Parquet file being written: the magic, row groups, and when it
// ends the page index, the footer, its length and the magic again.
type part struct {
	file   *hashed
	table  table.Schema
	rows   int64
	groups []format.RowGroup // as the footer has them, but for the places of the indexes
	chunks [][]chunk         // by row group and column
}

// magic begins and ends a Parquet file.
const magic = "PAR1"

func (p *part) begin() error {
	_, err := p.file.Write([]byte(magic))
	return err
}

// add writes a row group.
func (p *part) add(g *encodedGroup) error {
	r := format.RowGroup{NumRows: int64(g.rows), FileOffset: p.file.bytes, Ordinal: int16(len(p.groups))}
	for i := range g.chunks {
		c := &g.chunks[i]
		c.place(p.file.bytes)
		r.Columns = append(r.Columns, format.ColumnChunk{MetaData: c.meta})
		r.TotalByteSize += c.meta.TotalUncompressedSize
		r.TotalCompressedSize += c.meta.TotalCompressedSize
	}
	p.groups, p.chunks, p.rows = append(p.groups, r), append(p.chunks, g.chunks), p.rows+int64(g.rows)
	_, err := p.file.Write(g.bytes)
	return err
}

// end writes what follows the row groups.
func (p *part) end() error {
	tail := p.indexes()
	footer := marshal(&format.FileMetaData{
		Version: 2, Schema: schemaOf(p.table), NumRows: p.rows, RowGroups: p.groups, CreatedBy: createdBy,
		KeyValueMetadata: []format.KeyValue{{Key: metadataKey, Value: describe(p.table)}}, ColumnOrders: ordersOf(p.table),
	})
	tail = append(tail, footer...)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(footer)))
	_, err := p.file.Write(append(tail, magic...))
	return err
}

// indexes returns the page index and notes where its pieces will stand: first
// all column indexes, then all offset indexes, for a reader that wants one
// wants it of all columns.
func (p *part) indexes() (tail []byte) {
	for i, chunks := range p.chunks {
		for j := range chunks {
			c, text := &p.groups[i].Columns[j], marshal(&chunks[j].index)
			c.ColumnIndexOffset, c.ColumnIndexLength = p.file.bytes+int64(len(tail)), int32(len(text))
			tail = append(tail, text...)
		}
	}
	for i, chunks := range p.chunks {
		for j := range chunks {
			c, text := &p.groups[i].Columns[j], marshal(&chunks[j].offsets)
			c.OffsetIndexOffset, c.OffsetIndexLength = p.file.bytes+int64(len(tail)), int32(len(text))
			tail = append(tail, text...)
		}
	}
	return tail
}

// ordersOf says that statistics of every column are in the order of its type.
func ordersOf(t table.Schema) []format.ColumnOrder {
	orders := make([]format.ColumnOrder, len(t.Columns))
	for i := range orders {
		orders[i].Value = &format.TypeDefinedOrder{}
	}
	return orders
}
