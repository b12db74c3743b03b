package sources

import (
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline"
)

// The library (v0.32.0) reads two kinds of column chunks wrongly and tells
// nobody, so that they are refused here.
const (
	flagsHint = "write it with data pages of version 1, or the column as integers or text"
	lz4Hint   = "write it with zstd or snappy"
)

// checkChunk refuses a column chunk whose values would come out wrong.
func checkChunk(place, column string, chunk *format.ColumnMetaData) error {
	switch {
	case chunk.Codec == format.Lz4 || chunk.Codec == format.Lz4Raw:
		// A page that becomes less than three times as long is decompressed into
		// a buffer that is then lost; another page's bytes stand in its place.
		return pipeline.Errorf(pipeline.ClassSource, place, lz4Hint, "column %q is compressed with LZ4, which is not supported", column)
	case chunk.Type == format.Boolean && inRuns(chunk):
		// Runs are rounded up to whole bytes, in which only the first bit is set.
		return pipeline.Errorf(pipeline.ClassSource, place, flagsHint, "column %q has truth values in RLE, which is not supported", column)
	}
	return nil
}

// inRuns reports whether a chunk has values in RLE, as truth values in data
// pages of version 2 often are. Levels always are; only the statistics tell
// them apart where other pages are plain.
func inRuns(chunk *format.ColumnMetaData) bool {
	for _, pages := range chunk.EncodingStats {
		if pages.PageType != format.DictionaryPage && pages.Encoding == format.RLE {
			return true
		}
	}
	return !slices.Contains(chunk.Encoding, format.Plain)
}
