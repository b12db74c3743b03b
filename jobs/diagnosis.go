package jobs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// Diagnosis is what is in order and what is not before a job runs.
type Diagnosis struct {
	Job      string    `json:"job"`
	Findings []Finding `json:"findings"`
}

// Finding is one thing that was looked at.
type Finding struct {
	About   string `json:"about"`
	State   string `json:"state"`           // ok, warning or failed
	Class   string `json:"class,omitempty"` // of a failure
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`

	class pipeline.Class
}

// The states of a finding.
const (
	stateOK      = "ok"
	stateWarning = "warning" // a run may fail of it
	stateFailed  = "failed"  // a run would fail
)

// OK notes what is in order.
func (d *Diagnosis) OK(about, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{About: about, State: stateOK, Message: fmt.Sprintf(format, args...)})
}

// Warn notes what a run may fail of.
func (d *Diagnosis) Warn(about, hint, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{About: about, State: stateWarning, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Fail notes what a run would fail of. Each problem of a job file is a finding.
func (d *Diagnosis) Fail(about string, err error) {
	var file *FileError
	if errors.As(err, &file) {
		for _, problem := range file.Unwrap() {
			d.Fail(about, problem)
		}
		return
	}
	class := pipeline.ClassOf(err)
	d.Findings = append(d.Findings, Finding{
		About: about, State: stateFailed, Class: class.String(), Message: err.Error(), Hint: pipeline.HintOf(err), class: class,
	})
}

// Err returns nil if a run would not fail, else an error of the worst class:
// the one that a person must do most about, temporary failures last.
func (d *Diagnosis) Err() error {
	failed := slices.DeleteFunc(slices.Clone(d.Findings), func(f Finding) bool { return f.State != stateFailed })
	if len(failed) == 0 {
		return nil
	}
	worst := slices.MinFunc(failed, func(a, b Finding) int { return cmp.Compare(a.class, b.class) })
	return pipeline.Errorf(worst.class, d.Job, worst.Hint, "a run would fail (%s)", worst.About)
}

// Text returns one line for each finding, and one for each hint.
func (d *Diagnosis) Text() string {
	var b strings.Builder
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%-8s %-11s %s\n", f.State, f.About, f.Message)
		if f.Hint != "" {
			fmt.Fprintf(&b, "%-8s %-11s %s\n", "", "", "hint: "+f.Hint)
		}
	}
	return b.String()
}
