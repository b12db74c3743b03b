package sources

import (
	"cmp"
	"slices"

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

// planChunks reads the chunks of a row group: all by few requests if they are
// small together, else each by its own.
func (f *parquetFile) planChunks(chunks []*format.ColumnMetaData) {
	if f.object == nil {
		return
	}
	stretches := make([]*stretch, len(chunks))
	for i, c := range chunks {
		from := c.DataPageOffset
		if c.DictionaryPageOffset > 0 {
			from = min(from, c.DictionaryPageOffset)
		}
		if stretches[i] = (&stretch{from: from, to: from + c.TotalCompressedSize}); from < 0 || c.TotalCompressedSize < 0 || stretches[i].to > f.object.version.Size {
			return // the file is damaged, as reading it will say
		}
	}
	f.object.plan(append(requests(stretches), f.end)...)
}

// requests joins stretches that are near each other if all of them are few bytes, and
// says how much each request reads.
func requests(stretches []*stretch) []*stretch {
	joined, all := joined(stretches)
	if all <= wholeBytes {
		for _, s := range joined {
			s.request = s.to - s.from
		}
		return joined
	}
	each := min(max(chunkBytes/int64(len(stretches)), leastRequest), mostRequest)
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
