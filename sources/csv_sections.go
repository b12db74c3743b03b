package sources

import (
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
)

// sectionBytes is about how long a section is: long beside the buffers that
// are read beyond its end, short beside a file worth cutting.
const sectionBytes = 4 << 20

// section is consecutive rows of a file that one reader reads: a whole file,
// or a part of one that begins and ends between two rows.
type section struct {
	number  int         // in the order of files and rows
	part    int         // index of the file
	isFirst bool        // of the file
	begin   int64       // the byte, after a byte order mark
	bytes   int64       // to where the next section begins; toEnd for the last
	row     int64       // number of the first row
	rows    int64       // without the header line; toEnd for the last
	line    int64       // at begin
	columns []string    // of the file; nil for a whole one
	stored  fs.FileInfo // of the file, before its first section; nil for a whole one and in object stores
	open    openFile    // the file, in which the rows have been passed over; nil if it is to be opened
}

// toEnd is as many rows or bytes as there are.
const toEnd = math.MaxInt64

// text returns what is stored from the section's beginning on. It goes on
// beyond its end, for a quote that opens in the last row may have to be looked
// for there, but nothing is read of that before it is wanted.
func (s section) text(stored io.ReaderAt) io.Reader {
	if s.bytes == toEnd {
		return io.NewSectionReader(stored, s.begin, toEnd-s.begin)
	}
	end := s.begin + s.bytes
	return io.MultiReader(io.NewSectionReader(stored, s.begin, s.bytes), io.NewSectionReader(stored, end, toEnd-end))
}

// plan says to an object which bytes will be read.
func (s section) plan() {
	if o, ok := s.open.(*openObject); ok {
		to := min(s.begin+s.bytes, o.version.Size)
		o.plan(&stretch{from: s.begin, to: to, request: to - s.begin})
	}
}

// unopened is the section for others than who has it.
func (s section) unopened() section {
	s.open = nil
	return s
}

// close closes what take has opened.
func (s section) close() {
	if s.open != nil {
		s.open.Close()
	}
}

// isStored reports whether a path still names the file that the section is of.
// A file may grow; one that another has replaced, or that has been cut short,
// would add rows of its own to those already read.
func (s section) isStored(path string) bool {
	if s.stored == nil {
		return true
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(now, s.stored) && now.Size() >= s.stored.Size()
}

// sections deals the files of one Open to its readers: whoever is free takes
// the next section, in the order of files and rows.
//
// Small, compressed and UTF-16 files are dealt whole. A larger one is cut into
// sections where rows begin. Where that is, which number a row has and on which
// line it stands is known only to who has passed over all rows before, quotes
// and all; but to pass over rows takes a small part of the time of reading
// them. So the readers take turns: one passes over a section, then reads it
// while another passes over the next. Nothing is guessed, and each row is what
// it is to one reader of the whole file.
type sections struct {
	source *csvSource
	isCut  bool          // large files are cut
	turn   chan struct{} // holds a value while a reader passes over rows
	next   section       // the section that comes next, as far as it is known; of whose turn it is

	mu     sync.Mutex
	begun  map[int]section // by number: dealt and not yet read to the end
	failed error           // ends the reading for all
}

func newSections(s *csvSource, isCut bool) *sections {
	return &sections{source: s, isCut: isCut, turn: make(chan struct{}, 1), begun: map[int]section{}}
}

// estimate returns about how many sections there are.
func (s *sections) estimate() int {
	n := 0
	for part, file := range s.source.files {
		n++
		if s.cuts(part) {
			n += int(file.size / s.source.sectionBytes)
		}
	}
	return n
}

// cuts reports whether a file is cut.
func (s *sections) cuts(part int) bool {
	file := s.source.files[part]
	return s.isCut && file.size >= 2*s.source.sectionBytes && isPlain(file.path) && s.source.format.encoding.isBytes
}

// take deals the next section, io.EOF after the last one. Where a section has
// failed it returns that error: nobody need read on. What it has opened is read
// within w.
func (s *sections) take(w *within) (section, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-w.ctx.Done():
		return section{}, w.ctx.Err()
	}
	taken, err := s.find(w)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failed != nil:
		taken.close()
		return section{}, s.failed
	case err == nil:
		s.begun[taken.number] = taken.unopened()
	}
	return taken, err
}

// find returns the next section.
func (s *sections) find(w *within) (section, error) {
	switch {
	case s.next.part == len(s.source.files):
		return section{}, io.EOF
	case s.next.columns == nil && !s.enter(w): // between files
		return s.takeRest(), nil
	default:
		return s.cut(w)
	}
}

// enter begins the next file and reports whether it is to be cut. One that does
// not open is not: its reader says why.
func (s *sections) enter(w *within) bool {
	s.next.isFirst, s.next.row, s.next.line = true, 1, 1
	if !s.cuts(s.next.part) {
		return false
	}
	from := s.source.files[s.next.part]
	if from.object == nil {
		info, err := os.Stat(from.path)
		if err != nil {
			return false
		}
		s.next.stored = info
	}
	file, err := s.source.format.open(w, from)
	if err != nil {
		return false
	}
	defer file.Close()
	s.next.begin, s.next.columns = file.mark, file.columns
	return file.columns != nil
}

// takeRest takes all that is left of the next file.
func (s *sections) takeRest() section {
	taken := s.next
	taken.bytes, taken.rows = toEnd, toEnd
	s.next = section{number: taken.number + 1, part: taken.part + 1}
	return taken
}

// cut takes a section of the next file, which it leaves open: where it took a
// request to pass over the rows none is needed to read them. Where rows cannot be
// passed over it goes on to the end of the file, and its reader says why.
func (s *sections) cut(w *within) (section, error) {
	stored, err := s.source.files[s.next.part].open(w)
	if err != nil {
		return s.takeRest(), nil
	}
	taken := s.next
	taken.bytes, taken.open = s.source.sectionBytes, stored
	taken.plan()
	t := newTokens(taken.text(stored), s.source.format.comma)
	t.next = taken.line
	taken.bytes, taken.rows, err = t.passOver(w.ctx, s.source.sectionBytes)
	if err != nil {
		taken.close()
	}
	switch {
	case w.ctx.Err() != nil:
		taken.close()
		return section{}, w.ctx.Err()
	case err != nil:
		return s.takeRest(), nil
	}
	if taken.isFirst && s.source.format.hasHeaderLine() {
		taken.rows--
	}
	s.next = section{
		number: taken.number + 1, part: taken.part, begin: taken.begin + taken.bytes,
		row: taken.row + taken.rows, line: t.next, columns: taken.columns, stored: taken.stored,
	}
	return taken, nil
}

// end notes that a section has been read to its end.
func (s *sections) end(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.begun, number)
}

// fail notes the error that ends the reading.
func (s *sections) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
}

// before returns the sections before one that have been dealt and not yet been
// read to their end, in their order.
func (s *sections) before(number int) []section {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []section
	for i := range number {
		if begun, ok := s.begun[i]; ok {
			found = append(found, begun)
		}
	}
	return found
}
