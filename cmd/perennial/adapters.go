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
		Sources: map[string]jobs.Adapter[pipeline.Source]{
			"bigquery": jobs.AdapterOf(sources.NewBigQuery),
			"csv":      jobs.AdapterOf(sources.NewCSV),
			"duckdb":   jobs.AdapterOf(sources.NewDuckDB),
			"parquet":  jobs.AdapterOf(sources.NewParquet),
			"postgres": jobs.AdapterOf(sources.NewPostgres),
		},
		Sinks: map[string]jobs.Adapter[pipeline.Sink]{
			"bigquery": jobs.AdapterOf(sinks.NewBigQuery),
			"parquet":  jobs.AdapterOf(sinks.NewParquet),
		},
	}
}
