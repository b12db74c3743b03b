package sinks

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// errHeld says that another process has a lock.
var errHeld = errors.New("locked by another process")

// claim is a date that this process holds: the locked file _locks/<as_of>.
// While a run holds the date the file also names the run, so that who finds
// it after the run was killed knows which staging folder to settle. It is
// emptied when the run ends, and never deleted: a lock of a deleted file
// would keep nobody out.
type claim struct {
	asOf string
	path string
	file *os.File
	disk disk
}

// claim takes a date. ClassBusy says that another run has it.
func (s *parquetSink) claim(asOf string) (*claim, error) {
	c, err := s.openClaim(asOf)
	if err != nil {
		return nil, err
	}
	err = lock(c.file, false)
	if err == nil {
		return c, nil
	}
	holder := cmp.Or(c.holder(), "(yet unnamed)")
	c.file.Close()
	if errors.Is(err, errHeld) {
		return nil, pipeline.Errorf(pipeline.ClassBusy, s.root, "try again when that run has ended; a lock never outlives its process",
			"run %s holds %s: %w", holder, asOf, err)
	}
	return nil, cannotLock(c.path, err)
}

func cannotLock(path string, err error) error {
	return pipeline.Errorf(pipeline.ClassUsage, path, "use a folder of a local disk", "the file system cannot lock: %w", err)
}

func (s *parquetSink) openClaim(asOf string) (*claim, error) {
	c := &claim{asOf: asOf, path: filepath.Join(s.root, locksDir, asOf), disk: s.disk}
	err := s.disk.do("open lock", c.path, func() (err error) {
		c.file, err = os.OpenFile(c.path, os.O_RDWR|os.O_CREATE, 0o644)
		return err
	})
	return c, err
}

// holder returns the run named in the claim, "" if none is. A name that was
// cut off by a power failure lacks its end of line and counts as none: its
// run had staged nothing yet.
func (c *claim) holder() string {
	content, err := io.ReadAll(io.NewSectionReader(c.file, 0, 1<<12))
	name, whole := strings.CutSuffix(string(content), "\n")
	if err != nil || !whole || !isName(name) {
		return ""
	}
	return name
}

// write names the run that holds the date, durably, before it stages.
func (c *claim) write(runID string) error {
	err := c.disk.do("write", c.path, func() error {
		_, err := c.file.WriteAt([]byte(runID+"\n"), 0)
		return err
	})
	if err != nil {
		return err
	}
	return c.disk.do("sync", c.path, c.file.Sync)
}

// clear takes the run's name off the claim: nothing of it is left to settle.
func (c *claim) clear() error {
	return c.disk.do("truncate", c.path, func() error { return c.file.Truncate(0) })
}

// free gives the date back.
func (c *claim) free() {
	unlock(c.file)
	c.file.Close()
}
