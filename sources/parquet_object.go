package sources

import (
	"cmp"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go/format"
)

// How a Parquet file in an object store is read: each request takes as long as a
// few hundred kilobytes do, so that bytes nobody wants cost less than another
// request.
const (
	footerBytes  = 128 << 10 // read with the last eight bytes: the footer of most files
	smallObject  = 4 << 20   // files up to so many bytes are read at once
	widestGap    = 1 << 20   // between two chunks that one request reads
	wholeBytes   = 16 << 20  // row groups up to so many bytes are read at once
	chunkBytes   = 32 << 20  // of larger ones, what is held of all columns
	leastRequest = 2 << 20
	mostRequest  = 8 << 20
)

// planFooter reads the end of the file, or all of a small file that is to be read.
func (f *parquetFile) planFooter(isRead bool) {
	if f.object == nil {
		return
	}
	size := f.size
	length := min(size, footerBytes)
	if isRead && size <= smallObject {
		length = size
	}
	f.end = &stretch{from: size - length, to: size, request: length}
	f.object.plan(f.end)
}

// planLongFooter reads a footer that planFooter has read too little of.
func (f *parquetFile) planLongFooter(footer int64) {
	if length := footer + footerTail; f.object != nil && length > f.size-f.end.from {
		f.end = &stretch{from: f.size - length, to: f.size, request: length}
		f.object.plan(f.end)
	}
}

// units returns the row groups as they are dealt: each alone, but in an object
// store as many together as few requests read, where that leaves enough units for
// every reader.
func (s *parquetSource) units(readers int) [][]rowGroup {
	const unitsPerReader = 4 // so that the last one is not waited for long
	total := int64(0)
	for _, g := range s.groups {
		total += g.bytes
	}
	most := min(wholeBytes, total/int64(unitsPerReader*max(1, readers)))
	var units [][]rowGroup
	bytes := int64(0)
	for i, g := range s.groups {
		bytes += g.bytes
		if i > 0 && s.files[g.file].object != nil && s.groups[i-1].file == g.file && bytes <= most {
			last := &units[len(units)-1]
			*last = append(*last, g)
			continue
		}
		units, bytes = append(units, s.groups[i:i+1:i+1]), g.bytes
	}
	return units
}

// planChunks reads the chunks of these columns in row groups: all by few requests
// if they are small together, else each by its own. Of a damaged file it plans
// nothing: reading it will say so.
func (f *parquetFile) planChunks(groups []rowGroup, columns *arrow.Schema) {
	if f.object == nil {
		return
	}
	var chunks []*stretch
	for _, g := range groups {
		for _, field := range columns.Fields() {
			i := f.column(field.Name)
			if i < 0 || g.index >= len(f.groups) {
				return
			}
			chunk := chunkOf(f.chunk(g.index, f.columns[i]))
			if chunk.from < 0 || chunk.to < chunk.from || chunk.to > f.size {
				return
			}
			chunks = append(chunks, chunk)
		}
	}
	f.object.plan(append(requests(chunks, columns.NumFields()), f.end)...)
}

// chunkOf is where a chunk is stored.
func chunkOf(c *format.ColumnMetaData) *stretch {
	from := c.DataPageOffset
	if c.DictionaryPageOffset > 0 {
		from = min(from, c.DictionaryPageOffset)
	}
	return &stretch{from: from, to: from + c.TotalCompressedSize}
}

// requests joins chunks that are near each other if all of them are few bytes, and
// says how much each request reads, of so many columns at a time.
func requests(stretches []*stretch, columns int) []*stretch {
	joined, all := joined(stretches)
	if all <= wholeBytes {
		for _, s := range joined {
			s.request = s.to - s.from
		}
		return joined
	}
	each := min(max(chunkBytes/int64(columns), leastRequest), mostRequest)
	for _, s := range stretches {
		s.request = min(each, s.to-s.from)
	}
	return stretches
}

// joined returns stretches with no gap between them up to widestGap, in their order,
// and how many bytes they are.
func joined(stretches []*stretch) (joined []*stretch, bytes int64) {
	stretches = slices.Clone(stretches)
	slices.SortFunc(stretches, func(a, b *stretch) int { return cmp.Compare(a.from, b.from) })
	for _, s := range stretches {
		if n := len(joined); n > 0 && s.from-joined[n-1].to <= widestGap {
			joined[n-1].to = max(joined[n-1].to, s.to)
			continue
		}
		joined = append(joined, &stretch{from: s.from, to: s.to})
	}
	for _, s := range joined {
		bytes += s.to - s.from
	}
	return joined, bytes
}
