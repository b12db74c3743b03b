package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// dataFile is one file of a source.
type dataFile struct {
	path   string  // as errors name it
	size   int64   // bytes, as stored
	object *object // nil on a local disk
}

// openFile is an open file of either place.
type openFile interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// open opens a file, to be read within the context of each call that reads it.
func (f dataFile) open(w *within) (openFile, error) {
	if f.object != nil {
		return f.object.open(w, f.path), nil
	}
	stored, err := os.Open(f.path)
	if err != nil {
		return nil, openError(f.path, err)
	}
	return stored, nil
}

// changed is a file that is not any more what it was when reading began.
func (f dataFile) changed() error {
	return pipeline.Errorf(pipeline.ClassSource, f.path, "run again when nothing writes to it", "the file has changed while it was read")
}

// checkPaths reports what is wrong with paths without looking at the disk. An
// error's place is the option concerned.
func checkPaths(paths []string) error {
	if len(paths) == 0 {
		return pipeline.Errorf(pipeline.ClassUsage, "paths", "name files, or a pattern such as data/*.csv", "paths is empty")
	}
	for i, path := range paths {
		at := fmt.Sprintf("paths[%d]", i)
		if path == "" {
			return pipeline.Errorf(pipeline.ClassUsage, at, "name a file, or a pattern such as data/*.csv", "paths has an empty entry")
		}
		if cloud.IsLocation(path) {
			if _, err := cloud.ParseLocation(path); err != nil {
				return pipeline.Errorf(pipeline.ClassUsage, at, pipeline.HintOf(err), "%w", err)
			}
		} else if scheme, _, ok := strings.Cut(path, "://"); ok {
			return pipeline.Errorf(pipeline.ClassUsage, at, "copy the files to a local disk, or to gs:// or s3://", "%s:// paths are not supported by this version", scheme)
		}
	}
	return nil
}

// listFiles returns the files that paths name, sorted by path, each once.
// Extension is what the hint for a folder suggests.
func listFiles(ctx context.Context, paths []string, extension string, stores *buckets) ([]dataFile, error) {
	var files []dataFile
	for _, path := range paths {
		list := listLocal
		if cloud.IsLocation(path) {
			list = stores.list
		}
		found, err := list(ctx, path, extension)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.SortStableFunc(files, func(a, b dataFile) int { return strings.Compare(a.path, b.path) })
	for i := 1; i < len(files); i++ {
		if files[i].path == files[i-1].path && files[i].object != nil && files[i].object.bucket != files[i-1].object.bucket {
			return nil, pipeline.Errorf(pipeline.ClassUsage, files[i].path, "name it once, or write the same options each time; two stores need two names of buckets",
				"paths name this object with different options of the store")
		}
	}
	return slices.CompactFunc(files, func(a, b dataFile) bool { return a.path == b.path }), nil
}

// listLocal returns the files of the disk that a path stands for.
func listLocal(_ context.Context, path, extension string) ([]dataFile, error) {
	names, err := expand(path)
	if err != nil {
		return nil, err
	}
	files := make([]dataFile, len(names))
	for i, name := range names {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, openError(name, err)
		case info.IsDir():
			hint := "name its files: " + filepath.Join(name, "*"+extension)
			return nil, pipeline.Errorf(pipeline.ClassSource, name, hint, "this is a folder, not a file")
		case !info.Mode().IsRegular():
			return nil, pipeline.Errorf(pipeline.ClassSource, name, "write the data to a file first: they are read more than once", "this is a pipe or a device, not a file")
		}
		files[i] = dataFile{path: name, size: info.Size()}
	}
	return files, nil
}

// expand returns the names a path stands for. A path that exists is itself,
// even with characters in it that would make it a pattern.
func expand(path string) ([]string, error) {
	path = filepath.Clean(path)
	if _, err := os.Lstat(path); err == nil {
		return []string{path}, nil
	} else if !strings.ContainsAny(path, "*?[") {
		return nil, openError(path, err)
	}
	names, err := filepath.Glob(path)
	if err != nil {
		return nil, pipeline.Errorf(pipeline.ClassUsage, path, "a [ needs its ]; write \\[ for the character itself", "%w", err)
	}
	if len(names) == 0 {
		return nil, pipeline.Errorf(pipeline.ClassSource, path, "check the pattern and the folder the job runs in", "no file matches")
	}
	return names, nil
}

// openError gives an error of opening or reading the file system its class.
func openError(path string, err error) error {
	cause := err
	var p *fs.PathError
	if errors.As(err, &p) {
		cause = p.Err // without the path, which is already the place
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return pipeline.Errorf(pipeline.ClassSource, path, "check the path and the folder the job runs in", "%w", cause)
	case errors.Is(err, fs.ErrPermission):
		return pipeline.Errorf(pipeline.ClassPermission, path, "let the job's user read the file and enter its folders", "%w", cause)
	default:
		return pipeline.Errorf(pipeline.ClassTemporary, path, "", "%w", cause)
	}
}

// described returns the name of a source for people: its paths as written, but
// for the options of an object store.
func described(paths []string) string {
	names := slices.Clone(paths)
	for i, path := range paths {
		if cloud.IsLocation(path) {
			names[i] = unoptioned(path)
		}
	}
	return strings.Join(names, ", ")
}

// totals returns the paths of files and the sum of their sizes.
func totals(files []dataFile) (paths []string, bytes int64) {
	paths = make([]string, len(files))
	for i, f := range files {
		paths[i] = f.path
		bytes += f.size
	}
	return paths, bytes
}

// pick returns the fields of these names, in their order. A name that Describe
// did not list, or Open before Describe, is a programmer's mistake.
func pick(known *arrow.Schema, names []string) *arrow.Schema {
	if known == nil {
		panic("sources: Open before Describe")
	}
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		found, ok := known.FieldsByName(name)
		if !ok {
			panic(fmt.Sprintf("sources: Open asks for column %q, which Describe did not list", name))
		}
		fields[i] = found[0]
	}
	return arrow.NewSchema(fields, nil)
}

// rowsOf returns how many rows a batch of a request has at most.
func rowsOf(r pipeline.Request) int {
	if r.Rows > 0 {
		return r.Rows
	}
	return batchRows
}

// readersFor returns how many readers to open for a number of units: at least
// one, so that an empty source also has a reader that says so.
func readersFor(units, wanted int) int { return max(1, min(units, wanted)) }
