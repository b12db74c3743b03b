// Package conformance holds the suites that every adapter must pass: Source for
// sources and Sink for sinks. A new adapter is finished when it passes;
// its test hands the suite a function that builds it against a local stand-in
// (a folder, a fake service).
package conformance
