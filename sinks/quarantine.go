package sinks

import (
	"context"
	"io"
	"path/filepath"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// Keep replaces the quarantine of a date, one file in _quarantine/<as_of>/,
// by rows; without rows it removes the folder. The rows stay the caller's.
func (s *parquetSink) Keep(ctx context.Context, asOf string, t table.Schema, rows arrow.Record) error {
	if err := checkDate(asOf); err != nil {
		return err
	}
	if err := checkTable(t); err != nil {
		return err
	}
	return inStage("quarantine", t.Name, s.keep(ctx, asOf, t, rows))
}

func (s *parquetSink) keep(ctx context.Context, asOf string, t table.Schema, rows arrow.Record) error {
	base := filepath.Join(s.root, quarantineDir)
	live, staged := filepath.Join(base, asOf), filepath.Join(base, "."+asOf)
	if rows.NumRows() == 0 && !exists(live) {
		return nil
	}
	// What a killed run has left there is of no use.
	for _, left := range []string{staged, staged + oldSuffix} {
		if err := s.disk.removeAll(left); err != nil {
			return err
		}
	}
	if rows.NumRows() == 0 {
		if err := s.disk.rename(live, staged); err != nil {
			return err
		}
		return s.disk.removeAll(staged)
	}
	if err := s.disk.mkdirAll(staged); err != nil {
		return err
	}
	if _, err := newTableWriter(partFolder{s.disk, staged}, t, s.cut).write(ctx, 1, once(rows)); err != nil {
		s.disk.removeAll(staged)
		return err
	}
	if err := s.disk.syncDir(staged); err != nil {
		return err
	}
	if err := s.swap(staged, live); err != nil {
		return err
	}
	for _, replaced := range []string{staged, staged + oldSuffix} {
		if err := s.disk.removeAll(replaced); err != nil {
			return err
		}
	}
	return s.disk.syncDir(base)
}

// once delivers one record, which stays its owner's.
func once(r arrow.Record) func() (arrow.Record, error) {
	done := false
	return func() (arrow.Record, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		r.Retain()
		return r, nil
	}
}
