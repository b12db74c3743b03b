package sinks

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/perennial-clv/perennial/pipeline"
)

// latest is the content of _runs/latest.json.
type latest struct {
	AsOf string `json:"as_of_date"`
}

// pending is the content of publish.json in a staging folder: all that is
// needed to finish a publication that was cut short.
type pending struct {
	Journal pipeline.Journal `json:"journal"`
	Dropped []string         `json:"dropped"` // tables that the superseded run has and this one has not
}

func (s *parquetSink) journalPath(asOf string) string {
	return filepath.Join(s.root, runsDir, asOf+".json")
}

func (s *parquetSink) latestPath() string {
	return filepath.Join(s.root, runsDir, "latest.json")
}

func pendingPath(staging string) string { return filepath.Join(staging, "publish.json") }

// Latest returns the journal of the date that latest.json names.
func (s *parquetSink) Latest(ctx context.Context) (*pipeline.Journal, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, err := readJSON[latest](s.latestPath())
	if err != nil || l == nil {
		return nil, err
	}
	if err := checkDate(l.AsOf); err != nil {
		return nil, unreadable(s.latestPath(), err)
	}
	j, err := s.journal(l.AsOf)
	if err == nil && j == nil {
		// A newer date may have been published meanwhile, and this one removed.
		if now, _ := readJSON[latest](s.latestPath()); now != nil && *now != *l {
			return s.Latest(ctx)
		}
		return nil, pipeline.Errorf(pipeline.ClassQuality, s.journalPath(l.AsOf), "restore it, or remove _runs/latest.json and run that date again",
			"the journal that latest.json names is missing")
	}
	return j, err
}

// journal returns the journal of a date, nil if there is none.
func (s *parquetSink) journal(asOf string) (*pipeline.Journal, error) {
	return readJSON[pipeline.Journal](s.journalPath(asOf))
}

// readJSON returns what a small file says, nil if there is no such file.
func readJSON[T any](path string) (*T, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, diskError(path, err)
	}
	var v T
	if err := json.Unmarshal(content, &v); err != nil {
		return nil, unreadable(path, err)
	}
	return &v, nil
}

func unreadable(path string, err error) error {
	return pipeline.Errorf(pipeline.ClassQuality, path, "restore the file, or remove it and run its date again", "damaged: %w", err)
}

// writeJSON replaces a small file.
func (s *parquetSink) writeJSON(path string, v any) error {
	content, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return s.disk.replaceFile(path, append(content, '\n'))
}

// record writes the journal of a date, keeps the one that it supersedes, and
// moves latest.json if the date is the newest. It may be repeated.
func (s *parquetSink) record(j pipeline.Journal) error {
	old, err := s.journal(j.AsOf)
	if err != nil {
		return err
	}
	if old != nil && old.RunID != j.RunID {
		kept := filepath.Join(s.root, runsDir, j.AsOf+"."+old.RunID+".json")
		if err := s.writeJSON(kept, old); err != nil {
			return err
		}
	}
	if err := s.writeJSON(s.journalPath(j.AsOf), j); err != nil {
		return err
	}
	return s.advance(j.AsOf)
}

// advance makes latest.json name asOf unless it names a later date. Runs of
// two dates may do so at once, hence the lock; it is held for one small write.
func (s *parquetSink) advance(asOf string) error {
	c, err := s.openClaim("latest")
	if err != nil {
		return err
	}
	defer c.free()
	if err := lock(c.file, true); err != nil {
		return diskError(c.path, err)
	}
	l, err := readJSON[latest](s.latestPath())
	if err != nil {
		return err
	}
	if l != nil && l.AsOf >= asOf {
		return nil
	}
	return s.writeJSON(s.latestPath(), latest{AsOf: asOf})
}
