package sinks

import (
	"context"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// bucketSink is a place in an object store with published tables.
type bucketSink struct {
	location cloud.Location
	keeping  *keeping // nil: every date stays
	cut      cut
	life     time.Duration // of a lease

	connecting sync.Mutex
	connected  *objects // nil before the first use
}

func newBucketSink(place string, k *keeping) (pipeline.Sink, error) {
	l, err := cloud.ParseLocation(place)
	if err != nil {
		return nil, err
	}
	return &bucketSink{location: l, keeping: k, cut: publishedCut, life: leaseLife}, nil
}

// objects connects to the store with the first use.
func (s *bucketSink) objects(ctx context.Context) (*objects, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.connecting.Lock()
	defer s.connecting.Unlock()
	if s.connected == nil {
		// The bucket outlives the call: credentials are renewed in its context.
		b, err := cloud.OpenBucket(context.WithoutCancel(ctx), s.location.Bucket)
		if err != nil {
			return nil, err
		}
		s.connected = &objects{bucket: b, location: s.location}
	}
	return s.connected, nil
}

// Begin claims r.AsOf by a lease and settles what killed runs have left.
func (s *bucketSink) Begin(ctx context.Context, r pipeline.RunKey) (pipeline.Publication, error) {
	if err := checkKey(r); err != nil {
		return nil, err
	}
	o, err := s.objects(ctx)
	if err != nil {
		return nil, inStage("begin", "", err)
	}
	l, err := s.claim(ctx, o, r.AsOf, r.RunID)
	if err != nil {
		return nil, inStage("begin", "", err)
	}
	p, err := s.begin(ctx, o, r, l)
	if err != nil {
		_ = l.free(context.WithoutCancel(ctx)) // else it expires
		return nil, inStage("begin", "", err)
	}
	return p, nil
}

// begin does what follows once the date is claimed.
func (s *bucketSink) begin(ctx context.Context, o *objects, r pipeline.RunKey, l *lease) (*bucketPublication, error) {
	h, err := s.settle(ctx, o, l)
	if err != nil {
		return nil, err
	}
	if err := s.checkOwner(ctx, r.Job); err != nil {
		return nil, err
	}
	return &bucketPublication{sink: s, objects: o, key: r, lease: l, base: h, md5: map[string]string{}}, nil
}

// checkOwner refuses a place whose newest journal is another job's.
func (s *bucketSink) checkOwner(ctx context.Context, job string) error {
	latest, err := s.Latest(ctx)
	if err != nil {
		return err
	}
	return checkOwner(placeOf(s.location), latest, job)
}

// Latest returns the journal of the newest date that has one.
func (s *bucketSink) Latest(ctx context.Context) (*pipeline.Journal, error) {
	o, err := s.objects(ctx)
	if err != nil {
		return nil, err
	}
	for {
		dates, err := o.dates(ctx)
		if err != nil || len(dates) == 0 {
			return nil, err
		}
		j, err := o.journal(ctx, dates[len(dates)-1])
		if err != nil || j != nil { // else the date was removed meanwhile
			return j, err
		}
	}
}

// stagedKey returns where a run stages a file of a date of a table.
func stagedKey(runID, table, asOf, name string) string {
	return path.Join(stagingDir, runID, table, "as_of_date="+asOf, name)
}

// partitionKey returns what the keys of a date of a table begin with.
func partitionKey(table, asOf string) string { return table + "/as_of_date=" + asOf + "/" }

// placeOf is a location as a person wrote it, without the store's options.
func placeOf(l cloud.Location) string {
	bucket, _, _ := strings.Cut(l.Bucket, "?")
	if l.Key == "" {
		return bucket
	}
	return bucket + "/" + l.Key
}

// permissions says what to grant to who publishes there.
func permissions(l cloud.Location) string {
	if strings.HasPrefix(l.Bucket, "gs://") {
		return "grant the platform's identity roles/storage.objectAdmin on the bucket"
	}
	return "grant the platform's identity s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects"
}
