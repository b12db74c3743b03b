package main

import (
	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sinks"
	"github.com/perennial-clv/perennial/sources"
)

// adapters are the sources and sinks of this program, by their key in the job file.
func adapters() jobs.Adapters {
	return jobs.Adapters{
		Sources: map[string]func(jobs.Decode) (pipeline.Source, error){
			"csv":     adapt(sources.NewCSV),
			"parquet": adapt(sources.NewParquet),
		},
		Sinks: map[string]func(jobs.Decode) (pipeline.Sink, error){
			"parquet": adapt(sinks.NewParquet),
		},
	}
}

// adapt makes a constructor that takes options one that decodes them first.
func adapt[O, A any](construct func(O) (A, error)) func(jobs.Decode) (A, error) {
	return func(decode jobs.Decode) (A, error) {
		var options O
		if err := decode(&options); err != nil {
			return *new(A), err
		}
		return construct(options)
	}
}
