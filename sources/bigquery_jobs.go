package sources

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/bigquery"
)

// bigQueryJobs asks the REST API, which runs queries.
type bigQueryJobs struct {
	source *bigQuerySource
	client *bigquery.Client
}

// jobs returns a client of the REST API, which the caller closes.
func (s *bigQuerySource) jobs(ctx context.Context) (*bigQueryJobs, error) {
	client, err := s.service.Client(ctx)
	if err != nil {
		return nil, err
	}
	return &bigQueryJobs{s, client}, nil
}

func (j *bigQueryJobs) close() {
	_ = j.client.Close() // it holds nothing that could be lost
}

// metadata returns what BigQuery says of a table.
func (j *bigQueryJobs) metadata(ctx context.Context, t tableName) (m *bigquery.TableMetadata, err error) {
	err = j.source.pace.try(ctx, func(ctx context.Context) (err error) {
		m, err = j.client.DatasetInProject(t.project, t.dataset).Table(t.table).Metadata(ctx)
		return err
	})
	return m, err
}

// query returns a query with what every job has: labels, and the as-of day where
// there is one.
func (j *bigQueryJobs) query(sql string) *bigquery.Query {
	q := j.client.Query(sql)
	q.Labels = j.source.options.Labels
	if day := j.source.asOf; day != "" && j.source.options.Query != "" {
		q.Parameters = []bigquery.QueryParameter{{
			Name:  asOfParameter[1:],
			Value: &bigquery.QueryParameterValue{Type: bigquery.StandardSQLDataType{TypeKind: "DATE"}, Value: day},
		}}
	}
	return q
}

// dryRun is what BigQuery says of a query without running it.
type dryRun struct {
	statement string // SELECT, or something else
	schema    bigquery.Schema
	bytes     int64 // that it would read
	location  string
	at        time.Time // when BigQuery was asked, by its own clock
}

func (j *bigQueryJobs) dryRun(ctx context.Context, sql string) (dryRun, error) {
	q := j.query(sql)
	q.DryRun = true
	q.DisableQueryCache = true // a result of the last day would make it say 0 bytes
	var d dryRun
	err := j.source.pace.try(ctx, func(ctx context.Context) error {
		job, err := q.Run(ctx)
		if err != nil {
			return err
		}
		status := job.LastStatus()
		if err := status.Err(); err != nil {
			return err
		}
		if status.Statistics == nil || status.Statistics.CreationTime.IsZero() {
			return errNoStatistics
		}
		d = dryRun{bytes: status.Statistics.TotalBytesProcessed, location: job.Location(), at: status.Statistics.CreationTime}
		if details, ok := status.Statistics.Details.(*bigquery.QueryStatistics); ok {
			d.statement, d.schema = details.StatementType, details.Schema
		}
		return nil
	})
	return d, err
}

var errNoStatistics = errors.New("BigQuery does not say what the query would do, or when it was asked")
