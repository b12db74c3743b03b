// Package calendar decides which civil day and which period a moment falls in.
//
// What goes in is text, integers and instants; what comes out is a Day, a
// number without clock or zone, and the index of a period. All arithmetic of
// cohorts is done on days, never on instants: an hour that the clocks skip or
// repeat can then not move a customer. The package knows no customer, reads no
// clock and never uses the machine's zone.
package calendar
