package sources

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/conformance"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

var schemes = []string{"gs", "s3"}

// onStores runs a test on each object store.
func onStores(t *testing.T, test func(t *testing.T, stores services.Stores, scheme string)) {
	stores := services.ObjectStores(t)
	for _, scheme := range schemes {
		t.Run(scheme, func(t *testing.T) {
			stores.Setenv(t)
			test(t, stores, scheme)
		})
	}
}

// upload writes objects into a bucket.
func upload(t testing.TB, place string, objects map[string]string) {
	t.Helper()
	bucket, err := cloud.OpenBucket(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer bucket.Close()
	for key, content := range objects {
		if err := bucket.WriteAll(t.Context(), key, []byte(content), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// stored returns a new bucket with these objects.
func stored(t testing.TB, stores services.Stores, scheme string, objects map[string]string) string {
	t.Helper()
	place := stores.NewBucket(t, scheme)
	upload(t, place, objects)
	return place
}

func newCSV(t testing.TB, o CSV) *csvSource {
	t.Helper()
	source, err := NewCSV(o)
	if err != nil {
		t.Fatal(err)
	}
	return source.(*csvSource)
}

func newParquet(t testing.TB, paths ...string) *parquetSource {
	t.Helper()
	source, err := NewParquet(Parquet{Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	return source.(*parquetSource)
}

func TestCSVInObjectStoresConformance(t *testing.T) {
	for name, encode := range map[string]func(t testing.TB, text string) string{
		"00.csv":    func(_ testing.TB, text string) string { return text },
		"00.csv.gz": gzipped,
	} {
		onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
			conformance.Source(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
				objects := map[string]string{"else/99.csv": "no,such,columns\n"}
				for i, part := range rows.Parts {
					objects[fmt.Sprintf("shop/%d%s", i, name)] = encode(t, csvText(rows.Columns, part, ",", `"`))
				}
				source := newCSV(t, CSV{Paths: []string{stored(t, stores, scheme, objects) + "/shop/*"}})
				source.sectionBytes = 200
				return source
			})
		})
	}
}

func TestParquetInObjectStoresConformance(t *testing.T) {
	columns := parquet.Group{"id": parquet.String(), "name": parquet.Optional(parquet.String()), "note": parquet.Optional(parquet.String())}
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		conformance.Source(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
			objects := map[string]string{}
			for i, part := range rows.Parts {
				objects[fmt.Sprintf("%02d.parquet", i)] = string(parquetBytes(t, columns, textValues(part), 90))
			}
			return newParquet(t, stored(t, stores, scheme, objects)+"/*.parquet")
		})
	})
}

func TestPatternsOfObjectsAreThoseOfFiles(t *testing.T) {
	objects := map[string]string{}
	for _, key := range []string{"a.csv", "b.csv", "c[1].csv", "c1.csv", "d/a.csv", "d/b.csv", "d/e/a.csv", "d/"} {
		objects[key] = "x\n" + key + "\n"
	}
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		place := stored(t, stores, scheme, objects)
		for _, test := range []struct{ paths, want string }{
			{"a.csv", "a.csv"},
			{"b.csv a.csv b.csv", "a.csv b.csv"},
			{"*.csv", "a.csv b.csv c1.csv c[1].csv"},
			{"c[1].csv", "c[1].csv"}, // which exists
			{`c\[1].csv`, "c[1].csv"},
			{"[ab].csv", "a.csv b.csv"},
			{"d/*", "d/a.csv d/b.csv"},
			{"*/*.csv", "d/a.csv d/b.csv"},
			{"d/*/*.csv", "d/e/a.csv"},
			{"d/?.csv", ""}, // what follows a question mark are options
		} {
			var paths, want []string
			for path := range strings.FieldsSeq(test.paths) {
				paths = append(paths, place+"/"+path)
			}
			for key := range strings.FieldsSeq(test.want) {
				want = append(want, place+"/"+key)
			}
			d, err := newCSV(t, CSV{Paths: paths}).Describe(t.Context(), "")
			if fmt.Sprint(d.Files) != fmt.Sprint(want) || (err != nil) != (want == nil) {
				t.Errorf("%s: got %v, %v; want %v", test.paths, d.Files, err, want)
			}
		}
	})
}

// An object may stand beside files of the disk, and its name has no options.
func TestObjectsAndFilesTogether(t *testing.T) {
	local := write(t, map[string]string{"a.csv": "x\n1\n"})
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		place := stored(t, stores, scheme, map[string]string{"b.csv": "x\n2\n"})
		option := map[string]string{"gs": "?anonymous=true", "s3": "?region=eu-west-1"}[scheme]
		source := newCSV(t, CSV{Paths: []string{place + "/b.csv" + option, local + "/a.csv"}})
		got, err := read(source, 0)
		if err != nil || lines(got.rows) != "1\n2" {
			t.Errorf("got rows %q, %v; want 1 and 2", lines(got.rows), err)
		}
		d, err := source.Describe(t.Context(), "")
		if want := place + "/b.csv, " + local + "/a.csv"; err != nil || d.Name != want {
			t.Errorf("the source is called %q, %v; want %q", d.Name, err, want)
		}
	})
}

func TestObjectsThatCannotBeRead(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		place := stored(t, stores, scheme, map[string]string{"shop/a.csv": "x\n1\n", "empty.csv": "", "b.parquet": "PAR1 but not for long", "c.parquet": "a,b\n1,2\n3,4\n"})
		for _, test := range []struct {
			path   string
			class  pipeline.Class
			pieces []string
		}{
			{place + "/shop/b.csv", pipeline.ClassSource, []string{place + "/shop/b.csv: there is no such object"}},
			{place + "/shop", pipeline.ClassSource, []string{"a folder", place + "/shop/*.csv"}},
			{place, pipeline.ClassSource, []string{"a folder", place + "/*.csv"}},
			{place + "/*.tsv", pipeline.ClassSource, []string{place + "/*.tsv: no object matches"}},
			{place + "/[a", pipeline.ClassUsage, []string{"[a"}},
			{place + "-not/a.csv", pipeline.ClassSource, []string{"no such bucket"}},
			{place + "-not/*.csv", pipeline.ClassSource, []string{"no such bucket"}},
			{place + "/a.csv?colour=blue", pipeline.ClassUsage, []string{"colour"}},
			{place + "/empty.csv", pipeline.ClassSource, []string{"empty.csv: the file is empty"}},
		} {
			_, err := newCSV(t, CSV{Paths: []string{test.path}}).Describe(t.Context(), "")
			wantError(t, err, test.class, test.pieces...)
		}
		_, err := newParquet(t, place+"/b.parquet").Describe(t.Context(), "")
		wantError(t, err, pipeline.ClassSource, "b.parquet: the file is cut short")
		_, err = newParquet(t, place+"/c.parquet").Describe(t.Context(), "")
		wantError(t, err, pipeline.ClassSource, "c.parquet: this is not a Parquet file")
	})
}

func TestSniffLooksIntoObjectStores(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		place := stored(t, stores, scheme, map[string]string{"a.csv.gz": gzipped(t, "day;amount\n2024-01-01;5,00\n2024-01-02;6,00\n")})
		got, err := Sniff([]string{place + "/*.gz"})
		if err != nil || got.Delimiter != ";" || got.Header.None {
			t.Errorf("got %+v, %v; want a header and semicolons", got, err)
		}
	})
}

// Memory of a reader is that of its plan, whatever the size of the object.
func TestFewRequestsForManyChunks(t *testing.T) {
	const mb = 1 << 20
	for _, test := range []struct {
		name   string
		chunks [][2]int64
		want   []stretch // from, to, request
	}{
		{"neighbours, in any order", [][2]int64{{2 * mb, 3 * mb}, {4, 2 * mb}}, []stretch{{from: 4, to: 3 * mb, request: 3*mb - 4}}},
		{"a narrow gap", [][2]int64{{0, mb}, {2 * mb, 3 * mb}}, []stretch{{from: 0, to: 3 * mb, request: 3 * mb}}},
		{"a wide gap", [][2]int64{{0, mb}, {2*mb + 1, 3 * mb}}, []stretch{{from: 0, to: mb, request: mb}, {from: 2*mb + 1, to: 3 * mb, request: mb - 1}}},
		{"too much to hold", [][2]int64{{0, 16 * mb}, {16 * mb, 17 * mb}}, []stretch{{from: 0, to: 16 * mb, request: 8 * mb}, {from: 16 * mb, to: 17 * mb, request: mb}}},
	} {
		var chunks []*stretch
		for _, c := range test.chunks {
			chunks = append(chunks, &stretch{from: c[0], to: c[1]})
		}
		var got []stretch
		for _, s := range requests(chunks, len(chunks)) {
			got = append(got, *s)
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// afterDescribe is a source to which something happens between Describe and Open.
type afterDescribe struct {
	pipeline.Source
	do func()
}

func (s afterDescribe) Describe(ctx context.Context, asOf string) (pipeline.Description, error) {
	d, err := s.Source.Describe(ctx, asOf)
	s.do()
	return d, err
}

// storedTwice returns sources of the same content: CSV, compressed, in sections,
// Parquet; each of local files and of objects.
func storedTwice(t *testing.T, stores services.Stores, scheme string) map[string]func() (local, object pipeline.Source) {
	var text strings.Builder
	text.WriteString("a,b\n")
	for i := range 3000 {
		fmt.Fprintf(&text, "%d,\"row\n%d\"\n", i, i*i)
	}
	objects := map[string]string{"a.csv": text.String(), "a.csv.gz": gzipped(t, text.String()), "a.parquet": string(threeGroups(t))}
	dir, place := write(t, objects), stored(t, stores, scheme, objects)
	patience := cloud.Patience{Attempts: 4, First: 1, Most: 1}
	both := map[string]func() (local, object pipeline.Source){}
	for name := range maps.Keys(objects) {
		of := func(folder string) pipeline.Source {
			if name == "a.parquet" {
				s := newParquet(t, folder+"/"+name)
				s.stores.patience = patience
				return s
			}
			s := newCSV(t, CSV{Paths: []string{folder + "/" + name}})
			s.stores.patience = patience
			s.sectionBytes = 5000
			return s
		}
		both[name] = func() (local, object pipeline.Source) { return of(dir), of(place) }
	}
	return both
}

func TestObjectsHaveTheRowsOfFiles(t *testing.T) {
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		for name, sources := range storedTwice(t, stores, scheme) {
			for _, readers := range []int{1, 3} {
				local, object := sources()
				checkSame(t, fmt.Sprintf("%s, %d readers", name, readers), readBy(t, object, readers, 100, true), readBy(t, local, 1, 100, false))
			}
		}
	})
}

// checkSame holds what has been read against what there is.
func checkSame(t testing.TB, what string, got, want whole) {
	t.Helper()
	if got.err != nil || want.err != nil {
		t.Errorf("%s: error %v, want %v", what, got.err, want.err)
		return
	}
	if !maps.Equal(got.rows, want.rows) {
		t.Errorf("%s: %d rows, want %d, or they differ", what, len(got.rows), len(want.rows))
	}
	if got.bytes > want.bytes+want.bytes/10 || got.bytes <= 0 {
		t.Errorf("%s: batches stand for %d bytes, want about %d", what, got.bytes, want.bytes)
	}
}

// What a reader holds of an object is what it has planned, and does not grow
// from plan to plan.
func TestReadersOfObjectsHoldWhatTheyPlan(t *testing.T) {
	const columns, column, request, step = 4, 1 << 20, 128 << 10, 10_000
	onStores(t, func(t *testing.T, stores services.Stores, scheme string) {
		content := make([]byte, columns*column)
		for i := range content {
			content[i] = byte(i * 7 >> 4)
		}
		source := newCSV(t, CSV{Paths: []string{stored(t, stores, scheme, map[string]string{"a.csv": string(content)}) + "/a.csv"}})
		files, err := listFiles(t.Context(), source.paths, "", &source.stores)
		if err != nil {
			t.Fatal(err)
		}
		o := files[0].object.open(&within{t.Context()}, files[0].path)
		defer o.Close()
		got := make([]byte, step)
		for range 3 {
			plan := make([]*stretch, columns)
			for i := range plan {
				plan[i] = &stretch{from: int64(i) * column, to: int64(i+1) * column, request: request}
			}
			o.plan(plan...)
			for at := 0; at+step <= column; at += step { // all columns at once, as rows are read
				for i := range columns {
					if _, err := o.ReadAt(got, int64(i*column+at)); err != nil || string(got) != string(content[i*column+at:][:step]) {
						t.Fatalf("bytes from %d of column %d: %v, or they differ", at, i, err)
					}
				}
			}
			held := cap(o.loose.held)
			for _, s := range o.stretches {
				held += cap(s.held)
			}
			for _, s := range o.spare {
				held += cap(s)
			}
			if held > columns*request {
				t.Errorf("%d bytes are held, want at most %d", held, columns*request)
			}
		}
	})
}

// Two stores may have objects of the same name: none of them is left out.
func TestObjectsOfTheSameNameInTwoStoresAreRefused(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	place := stores.NewBucket(t, "s3")
	b, err := cloud.OpenBucket(t.Context(), place+"?use_path_style=true")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteAll(t.Context(), "a.csv", []byte("x\n1\n"), nil); err != nil {
		t.Fatal(err)
	}
	once, other := place+"/a.csv?use_path_style=true", place+"/*.csv?use_path_style=true&region=eu-west-1"
	if files, err := listFiles(t.Context(), []string{once, once}, ".csv", new(buckets)); err != nil || len(files) != 1 {
		t.Errorf("the same object twice: got %d files, %v; want one", len(files), err)
	}
	if files, err := listFiles(t.Context(), []string{once, other}, ".csv", new(buckets)); pipeline.ClassOf(err) != pipeline.ClassUsage {
		t.Errorf("with other options: got %d files, %v; want an error of class usage", len(files), err)
	}
}
