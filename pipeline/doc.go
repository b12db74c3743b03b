// Package pipeline is how data moves through a run; it knows no metric and no
// technology.
package pipeline
