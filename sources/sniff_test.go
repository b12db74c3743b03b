package sources_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sources"
)

func TestSniffGuessesHowAFileIsWritten(t *testing.T) {
	none := sources.Header{None: true}
	for _, test := range []struct {
		name, text string
		want       sources.CSV // without paths
	}{
		{"commas with a header are the default", "customer,when,amount\na,2024-01-02,3.50\nb,2024-01-03,4\n", sources.CSV{}},
		{"semicolons, although decimal commas are more regular than none", "kunde;datum;betrag\na;2024-01-02;3,50\nb;2024-01-03;4,25\n", sources.CSV{Delimiter: ";"}},
		{"tabs", "customer\twhen\tamount\na\t2024-01-02\t3.50\n", sources.CSV{Delimiter: "\t"}},
		{"bars", "customer|when|amount\na|2024-01-02 10:00:00|3.50\n", sources.CSV{Delimiter: "|"}},
		{"blanks only where nothing else cuts", " 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n", sources.CSV{Delimiter: "whitespace", Header: none}},
		{"blanks inside fields do not count", "customer,when\na b c,2024-01-02 10:00:00\nd e f,2024-01-03 10:00:00\n", sources.CSV{}},
		{"a delimiter in quotes does not count", "customer;what;amount\na;\"b,c,d\";1\nb;\"c,d,e\";2\n", sources.CSV{Delimiter: ";"}},
		{"a first row with a figure is no header", "a,2024-01-02,3.50\nb,2024-01-03,4\n", sources.CSV{Header: none}},
		{"a name twice is still a header", "customer,amount,amount\na,3.50,1\n", sources.CSV{}},
		{"a byte order mark of UTF-8", "\ufeffcustomer,amount\na,1\n", sources.CSV{}},
		{"bytes that are not UTF-8", "k\xe4ufer;betrag\na;1\n", sources.CSV{Delimiter: ";", Encoding: "windows-1252"}},
		{"a late byte that is not UTF-8", "customer,amount\n" + strings.Repeat("a,1\n", 200_000) + "\xe4,1\n", sources.CSV{Encoding: "windows-1252"}},
		{"characters on the borders of blocks", "customer,amount\n" + strings.Repeat("ä€,1\n", 100_000), sources.CSV{}},
		{"an empty file", "", sources.CSV{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "orders.csv")
			checkSniffed(t, path, []byte(test.text), test.want)
		})
	}
}

func TestSniffKnowsUTF16ByMarkOrZeros(t *testing.T) {
	const text = "customer\twhen\tamount\r\na\t2024-01-02\t3.50\r\nb\t2024-01-03\t4.00\r\n"
	little16, big16 := sources.CSV{Delimiter: "\t", Encoding: "utf-16"}, sources.CSV{Delimiter: "\t", Encoding: "utf-16be"}
	for mark, wantBig := range map[string]sources.CSV{"\ufeff": little16, "": big16} {
		units := utf16.Encode([]rune(mark + text))
		var little, big []byte
		for _, u := range units {
			little = append(little, byte(u), byte(u>>8))
			big = append(big, byte(u>>8), byte(u))
		}
		path := filepath.Join(t.TempDir(), "orders.tsv")
		checkSniffed(t, path, little, little16)
		checkSniffed(t, path, big, wantBig)
	}
}

func TestSniffSaysWhatIsNoDelimitedText(t *testing.T) {
	for text, want := range map[string]string{
		"PK\x03\x04\x14\x00": "a spreadsheet or a zip archive",
		"PAR1\x15\x04":       "Parquet",
		"\x1f\x8b\x08\x00\x61\x62\x63\x64\x00\x03": "compressed by gzip",
		"\x01\x02\x00\x00\x61\x62\x63\x64\x00\x03": "a binary file",
		"[\n  {\"a\": 1},\n":                       "JSON",
		"{\"a\": 1}\n":                             "JSON",
		"\n<!DOCTYPE html>\n":                      "a web page",
	} {
		path := filepath.Join(t.TempDir(), "orders.csv")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := sources.Sniff([]string{path})
		if pipeline.ClassOf(err) != pipeline.ClassSource || !strings.HasSuffix(err.Error(), "this is not delimited text but "+want) {
			t.Errorf("%q: got %v, want an error of class source that says %s", text, err, want)
		}
	}
}

func TestSniffDecompresses(t *testing.T) {
	var stored bytes.Buffer
	w := gzip.NewWriter(&stored)
	w.Write([]byte("customer;amount\na;1\n"))
	w.Close()
	checkSniffed(t, filepath.Join(t.TempDir(), "orders.csv.gz"), stored.Bytes(), sources.CSV{Delimiter: ";"})
}

func checkSniffed(t *testing.T, path string, content []byte, want sources.CSV) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	want.Paths = []string{path}
	got, err := sources.Sniff(want.Paths)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Sniff: got %+v, %v; want %+v", got, err, want)
	}
}
