package pipeline

import (
	"context"
	"errors"
	"fmt"
)

// Class says what kind of failure an Error is. Its number is the exit code of
// the command, so that a scheduler can decide by it; see the README.
type Class int

const (
	ClassInternal   Class = 1  // a bug of ours
	ClassUsage      Class = 2  // wrong usage or job file; a sink that belongs to another job
	ClassPermission Class = 3  // authentication or permission
	ClassSource     Class = 4  // the source does not have the promised shape
	ClassQuality    Class = 5  // a quality gate failed; the previous result stays published
	ClassCost       Class = 6  // the cost guard refused
	ClassBusy       Class = 7  // another run holds this job and date
	ClassTemporary  Class = 75 // temporary failure; a later attempt may succeed
)

// String returns the class's name as it stands in the summary.
func (c Class) String() string {
	switch c {
	case ClassUsage:
		return "usage"
	case ClassPermission:
		return "permission"
	case ClassSource:
		return "source"
	case ClassQuality:
		return "quality"
	case ClassCost:
		return "cost"
	case ClassBusy:
		return "busy"
	case ClassTemporary:
		return "temporary"
	default:
		return "internal"
	}
}

// Exit is an exit code of the command, with its meaning.
type Exit struct {
	Code    int
	Meaning string
	Retry   string // no, later or yes; empty where nothing failed
	Action  string // what to do, as sentences
}

// Exits are the exit codes in order: of success, of the classes, and of the
// signals SIGINT and SIGTERM, which are 128 and their number.
var Exits = []Exit{
	{0, "done", "", ""},
	{int(ClassInternal), "internal error (a bug)", "no", "Please report it with the message and the job file."},
	{int(ClassUsage), "wrong usage or job file; as-of day not over yet; output of another job", "no", "Follow the hint: the command or the job file must change."},
	{int(ClassPermission), "authentication or permission", "no", "Let the user that runs the job read the source and write the sink."},
	{int(ClassSource), "the source does not have the promised shape", "no", "A file, a column or a type is not as the job file says: compare the message with the source, then change either."},
	{int(ClassQuality), "a quality gate failed, the previous result stays published; from check: damaged", "no", "Look at the message, and at the quarantine for rows that cannot be read. The gates are rules.max_rejected_rate, rules.max_staleness, rules.min_volume, the columns that were published before, and the laws in run_checks. What is damaged a run of that date replaces."},
	{int(ClassCost), "the cost guard refused", "no", "Raise the limit, or read less."},
	{int(ClassBusy), "another run holds this job and date", "later", "Wait until that run has ended. On a local disk a lock never outlives its process; in BigQuery and object stores it ends some minutes after it."},
	{int(ClassTemporary), "temporary failure; from check: not published yet", "yes", "Run it again; nothing was published."},
	{128 + 2, interrupted, "yes", "Run it again."},
	{128 + 15, interrupted, "yes", "Run it again."},
}

const interrupted = "interrupted; nothing half-written"

// Error is a failure that stops a run. It never carries a customer's data:
// positions, counts and column names are enough.
type Error struct {
	Class   Class
	Stage   string // what the run was doing: "read", "stage", "publish", …; may be empty
	Table   string // the table concerned, if any
	Place   string // where: file:line:column, or file, row group and row; may be empty
	Message string // what is wrong, lower case, without a full stop
	Hint    string // what a person can do about it; may be empty
	Err     error  // the cause, if any, whose text is part of Message
}

// Error returns place and message.
func (e *Error) Error() string {
	if e.Place == "" {
		return e.Message
	}
	return e.Place + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error of a class at a place ("" if there is none) with a
// hint ("" if there is none). An error among the arguments of %w is its cause.
func Errorf(class Class, place, hint, format string, args ...any) *Error {
	message := fmt.Errorf(format, args...)
	return &Error{Class: class, Place: place, Message: message.Error(), Hint: hint, Err: errors.Unwrap(message)}
}

// isCancellation reports whether err only says that a context has ended.
func isCancellation(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// ClassOf returns the class of the first Error in err's chain. A cancelled
// context is temporary, everything unknown is internal.
func ClassOf(err error) Class {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Class
	case isCancellation(err):
		return ClassTemporary
	default:
		return ClassInternal
	}
}

// HintOf returns what a person can do about the first Error in err's chain;
// empty if there is none, or nothing to do.
func HintOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
