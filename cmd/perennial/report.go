package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
)

// report prints an error, and the hint where a person can act. What was found
// together, as the problems of a job file, is one error each.
func report(to io.Writer, err error) {
	all := flattened(err)
	for i, one := range all {
		// A hint that several share stands behind the last of them.
		isShared := i+1 < len(all) && pipeline.HintOf(one) == pipeline.HintOf(all[i+1])
		reportOne(to, one, !isShared)
	}
}

// flattened returns an error, or the errors that were found together.
func flattened(err error) []error {
	// Not errors.As: several causes of one error are that error's to tell.
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, one := range several.Unwrap() {
		all = append(all, flattened(one)...)
	}
	return all
}

// reportOne prints to standard error; there is nowhere to report that this failed.
func reportOne(to io.Writer, err error, withHint bool) {
	_, _ = fmt.Fprintf(to, "error: %s\n", oneLine(err.Error()))
	if hint := pipeline.HintOf(err); hint != "" && withHint {
		_, _ = fmt.Fprintf(to, "hint: %s\n", oneLine(hint))
	}
	var e *pipeline.Error
	if errors.As(err, &e) && e.Class == pipeline.ClassInternal && e.Err != nil {
		_, _ = fmt.Fprintln(to, e.Err)
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func newLogger(to io.Writer, f *flags) *slog.Logger {
	if f.log == "text" {
		return slog.New(slog.NewTextHandler(to, nil))
	}
	return slog.New(slog.NewJSONHandler(to, nil))
}

// writeSummary writes the summary to the file that was asked for and, where
// they exist, to the places in which Airflow and Kubernetes look. Only the
// first must succeed.
func writeSummary(w *world, f *flags, s *jobs.Summary) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if info, err := os.Stat(w.xcom); err == nil && info.IsDir() {
		_ = writeFile(filepath.Join(w.xcom, "return.json"), content)
	}
	if s.Message != "" {
		words := fmt.Sprintf("%d %s %s: %s", s.ExitCode, s.Class, s.Stage, s.Message)
		if s.Hint != "" {
			words += " (" + s.Hint + ")"
		}
		_ = appendLine(w.termination, oneLine(words))
	}
	if f.summary == "" {
		return nil
	}
	if err := writeFile(f.summary, content); err != nil {
		return cannotWrite(f.summary, err)
	}
	return nil
}

// cannotWrite says that a file or folder that the user named cannot be
// written, without the temporary names that were used on the way.
func cannotWrite(path string, err error) error {
	cause := err
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		cause = inPath.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return pipeline.Errorf(pipeline.ClassUsage, path, "make its folder first, or choose another", "cannot be written: %w", cause)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return pipeline.Errorf(pipeline.ClassPermission, path, "choose a folder that this user may write", "cannot be written: %w", cause)
	default:
		return pipeline.Errorf(pipeline.ClassTemporary, path, "free some space, or choose another folder", "cannot be written: %w", cause)
	}
}

// writeFile writes a file of one line or more, whole or not at all.
func writeFile(path string, content []byte) error {
	return writeWhole(path, func(to io.Writer) error {
		_, err := to.Write(append(content, '\n'))
		return err
	})
}

// writeWhole writes a file under another name first, so that a file of the
// name is always whole.
func writeWhole(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		// What failed is reported, not that its remains could not be removed.
		_ = os.Remove(file.Name())
	}
	return err
}

// maxTermination is how much Kubernetes keeps of the termination log.
const maxTermination = 4096

// appendLine writes the last words to a file that exists already.
func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line[:min(len(line), maxTermination-1)] + "\n")
	return errors.Join(err, file.Close())
}
