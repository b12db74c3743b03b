package sources

import (
	"bytes"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// fileKind is a kind of file that is no delimited text.
type fileKind struct{ start, kind, hint string }

// binaryKinds are what files begin with that no text begins with.
var binaryKinds = []fileKind{
	{"PK\x03\x04", "a spreadsheet or a zip archive", "save the sheet as CSV, or unpack the archive"},
	{"\xd0\xcf\x11\xe0", "an old spreadsheet", "save the sheet as CSV"},
	{"PAR1", "Parquet", "read it by source.parquet, and give it a name that ends with .parquet"},
	{"%PDF", "a PDF", "ask for the data as CSV or Parquet"},
	{"\x1f\x8b", "compressed by gzip", "give it a name that ends with .gz"},
	{"\x28\xb5\x2f\xfd", "compressed by zstd", "give it a name that ends with .zst"},
	{"BZh", "compressed by bzip2", "give it a name that ends with .bz2"},
}

// textKinds are texts of another structure, without blanks and in small
// letters. A table of text might begin so, but no export of transactions does.
var textKinds = []fileKind{
	{`{"`, "JSON", "convert it to CSV or Parquet"},
	{`[{`, "JSON", "convert it to CSV or Parquet"},
	{"<!doctype", "a web page", "is this what the shop exported, and not a page to log in?"},
	{"<html", "a web page", "is this what the shop exported, and not a page to log in?"},
	{"<?xml", "XML", "convert it to CSV or Parquet"},
}

// longestKind is how many bytes the longest beginning of binaryKinds has.
const longestKind = 4

// checkBinary reports a file that is no text, by its first bytes.
func checkBinary(path string, start []byte) error {
	for _, k := range binaryKinds {
		if bytes.HasPrefix(start, []byte(k.start)) {
			return k.error(path)
		}
	}
	return nil
}

// checkKind reports a file that is no delimited text, by its beginning. Text
// has no zero byte there.
func checkKind(path string, start []byte) error {
	if err := checkBinary(path, start); err != nil {
		return err
	}
	const looked = 8_000
	start = start[:min(looked, len(start))]
	begins := strings.ToLower(strings.Join(strings.Fields(string(start)), ""))
	for _, k := range textKinds {
		if strings.HasPrefix(begins, k.start) {
			return k.error(path)
		}
	}
	if bytes.IndexByte(start, 0) >= 0 {
		return pipeline.Errorf(pipeline.ClassSource, path, "if it is compressed its name must end with .gz, .zst or .bz2", "this is not delimited text but a binary file")
	}
	return nil
}

func (k *fileKind) error(path string) error {
	return pipeline.Errorf(pipeline.ClassSource, path, k.hint, "this is not delimited text but %s", k.kind)
}
