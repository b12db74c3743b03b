package sinks

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// Parquet is the job file's sink.parquet: tables as Parquet files in a folder.
type Parquet struct {
	Path     string `yaml:"path" default:"required" doc:"folder on a local disk, created if missing, where relative paths start at the folder the command runs in; or a place in a bucket, as gs://bucket/folder or s3://bucket/folder"`
	KeepAsOf string `yaml:"keep_as_of" absent:"nothing is ever removed" doc:"the as-of dates that stay once a newer one is published: terms joined by +, of which 35d keeps the dates at most 35 days before the one being published, month_ends the last days of civil months and year_ends those of years"`
}

// NewParquet returns a sink that publishes tables as Parquet files under
// o.Path, on a local disk or in an object store; see the package comment for the
// layout and the protocols. It also implements pipeline.Quarantine,
// pipeline.Expiry and pipeline.Prober. It looks at the options alone, neither at
// the disk nor at the store: a path that is neither, and a keep_as_of that means
// nothing, is ClassUsage.
func NewParquet(o Parquet) (pipeline.Sink, error) {
	keep, err := parseKeeping(o.KeepAsOf)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(o.Path) == "":
		return nil, pipeline.Errorf(pipeline.ClassUsage, "path", "name the folder for the tables, for example path: out", "an empty path")
	case cloud.IsLocation(o.Path):
		return newBucketSink(o.Path, keep)
	case strings.Contains(o.Path, "://"):
		return nil, pipeline.Errorf(pipeline.ClassUsage, "path", "name a folder on a local disk, or a place as gs://bucket/folder or s3://bucket/folder",
			"%s is no place for tables", o.Path)
	}
	return &parquetSink{root: filepath.Clean(o.Path), keeping: keep, cut: publishedCut}, nil
}

// parquetSink is a folder of published tables.
type parquetSink struct {
	root    string
	keeping *keeping // nil: every date stays
	cut     cut
	disk    disk
}

// Names of what stands beside the tables in the sink's folder.
const (
	runsDir       = "_runs"
	stagingDir    = "_staging"
	locksDir      = "_locks"
	quarantineDir = "_quarantine"
)

// Begin claims r.AsOf by a file lock and settles what killed runs have left.
func (s *parquetSink) Begin(ctx context.Context, r pipeline.RunKey) (pipeline.Publication, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkKey(r); err != nil {
		return nil, err
	}
	if err := s.makeRoot(); err != nil {
		return nil, inStage("begin", "", err)
	}
	c, err := s.claim(r.AsOf)
	if err != nil {
		return nil, inStage("begin", "", err)
	}
	p, err := s.begin(ctx, r, c)
	if err != nil {
		c.free()
		return nil, inStage("begin", "", err)
	}
	return p, nil
}

// begin does what follows once the date is claimed.
func (s *parquetSink) begin(ctx context.Context, r pipeline.RunKey, c *claim) (*publication, error) {
	if err := s.settle(c); err != nil {
		return nil, err
	}
	if err := s.settleOthers(r.AsOf); err != nil {
		return nil, err
	}
	if err := s.checkOwner(ctx, r.Job); err != nil {
		return nil, err
	}
	dir := s.staging(r.RunID)
	if exists(dir) { // another date's: naming it here would give it to this one
		return nil, pipeline.Errorf(pipeline.ClassInternal, dir, "", "another run has the id %s", r.RunID)
	}
	if err := c.write(r.RunID); err != nil {
		return nil, err
	}
	if err := s.disk.mkdir(dir); err != nil {
		return nil, err
	}
	return &publication{sink: s, key: r, claim: c, dir: dir}, nil
}

// makeRoot creates the sink's folder and those of its bookkeeping.
func (s *parquetSink) makeRoot() error {
	if err := s.disk.mkdirAll(s.root); err != nil {
		return err
	}
	for _, dir := range []string{locksDir, stagingDir, runsDir} {
		if err := s.disk.mkdirAll(filepath.Join(s.root, dir)); err != nil {
			return err
		}
	}
	return s.disk.syncDir(s.root)
}

// checkOwner refuses a folder whose newest journal is another job's.
func (s *parquetSink) checkOwner(ctx context.Context, job string) error {
	latest, err := s.Latest(ctx)
	if err != nil {
		return err
	}
	return checkOwner(s.root, latest, job)
}

func checkOwner(place string, latest *pipeline.Journal, job string) error {
	if latest == nil || latest.Job == job {
		return nil
	}
	return pipeline.Errorf(pipeline.ClassUsage, place, "one output folder belongs to one job: give this job another sink.parquet.path",
		"the tables here are of job %q, not of %q", latest.Job, job)
}

// staging returns the folder of what a run has staged.
func (s *parquetSink) staging(runID string) string {
	return filepath.Join(s.root, stagingDir, runID)
}

// partition returns the folder of a date in a table's folder under base.
func partition(base, table, asOf string) string {
	return filepath.Join(base, table, "as_of_date="+asOf)
}

// checkKey refuses what would lead out of the sink's folder.
func checkKey(r pipeline.RunKey) error {
	if err := checkDate(r.AsOf); err != nil {
		return err
	}
	if !isName(r.RunID) {
		return pipeline.Errorf(pipeline.ClassInternal, "", "", "run id %q has other characters than letters, digits, - and _", r.RunID)
	}
	return nil
}

func checkDate(asOf string) error {
	if _, err := time.Parse(time.DateOnly, asOf); err != nil {
		return pipeline.Errorf(pipeline.ClassUsage, "", "write it as YYYY-MM-DD", "as-of date %q is no date", asOf)
	}
	return nil
}

// checkTable refuses a schema that cannot be stored: a programmer's mistake.
func checkTable(t table.Schema) error {
	if !isName(t.Name) || strings.HasPrefix(t.Name, "_") {
		return pipeline.Errorf(pipeline.ClassInternal, "", "", "table name %q is no name of a folder", t.Name)
	}
	if len(t.Columns) == 0 {
		return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s has no columns", t.Name)
	}
	seen := make(map[string]bool, len(t.Columns))
	for _, c := range t.Columns {
		if seen[c.Name] {
			return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s has two columns %s", t.Name, c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// isName reports whether s is one or more ASCII letters, digits, '-' and '_'.
func isName(s string) bool {
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return s != ""
}
