package sources

import (
	"context"
	"time"

	storage "cloud.google.com/go/bigquery/storage/apiv1"

	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// bigQueryPace says how often and how long to try and to wait. Everything is
// bounded: BigQuery has been seen to answer nothing for ever.
type bigQueryPace struct {
	retry cloud.Patience // with what BigQuery refuses for now, and with a stream that is cut off
	poll  cloud.Patience // First and Most: between looks at a job that runs
	call  time.Duration  // one call, with what the client itself tries again
	job   time.Duration  // a job from its start to its end; BigQuery ends queries after six hours
	stall time.Duration  // a stream that delivers nothing counts as cut off
}

var usualPace = bigQueryPace{
	retry: cloud.Patience{},
	poll:  cloud.Patience{First: 200 * time.Millisecond, Most: 5 * time.Second},
	call:  2 * time.Minute,
	job:   6 * time.Hour,
	stall: 10 * time.Minute,
}

// neverAgain takes the generated client's own retries away, which have no bound
// but the context and know nothing of offsets.
var neverAgain = &storage.BigQueryReadCallOptions{}

// try makes a call, again where it fails for now.
func (p bigQueryPace) try(ctx context.Context, call func(context.Context) error) error {
	return p.retry.Retry(ctx, func() error {
		limited, cancel := context.WithTimeout(ctx, p.call)
		defer cancel()
		return call(limited)
	})
}
