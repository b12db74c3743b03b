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
