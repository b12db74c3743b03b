package sources

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"cloud.google.com/go/bigquery"
	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow/go/v17/arrow"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// bigQueryRead is one Open: a session of the storage API, whose streams its
// readers share.
type bigQueryRead struct {
	source *bigQuerySource
	client *storage.BigQueryReadClient
	wanted *arrow.Schema
	batch  int // at most so many rows in one

	// From the session on.
	streams []string
	schema  []byte       // of what the streams deliver, as Arrow writes it
	columns []wireColumn // of wanted
	work    *queue       // of streams
	memory  *table.Memory

	expected  int64        // rows of all streams, counted apart
	delivered atomic.Int64 // rows of the streams that have ended
	ended     atomic.Int64 // streams
	open      atomic.Int64 // readers
}

// openQuery runs the query and begins to read its result.
func (r *bigQueryRead) openQuery(ctx context.Context, jobs *bigQueryJobs) error {
	s := r.source
	if err := s.allow(s.queryBytes, queryPrice.of(s.queryBytes)); err != nil {
		return err
	}
	job, err := jobs.run(ctx, s.options.Query)
	if err != nil {
		return s.failure(ctx, err, needsQuery)
	}
	result, metadata, err := jobs.result(ctx, job)
	if err != nil {
		return s.failure(ctx, err, needsQuery)
	}
	r.expected = int64(metadata.NumRows)
	session, err := r.session(ctx, result, metadata.NumBytes, "", time.Time{})
	if err != nil {
		return err
	}
	return r.begin(session)
}

// openTable begins to read the table as it was at one moment, at which its rows
// are counted as well. The moment is the service's own.
func (r *bigQueryRead) openTable(ctx context.Context, jobs *bigQueryJobs, until *pipeline.Until) error {
	s := r.source
	restriction := bigQueryDialect.until(until, s.schema)
	plan, err := jobs.dryRun(ctx, s.countSQL(restriction, s.snapshot))
	if err != nil {
		return s.failure(ctx, err, needsQuery)
	}
	at := s.snapshot
	if at.IsZero() {
		at = plan.at
	}
	session, err := r.session(ctx, s.table, s.bytes, restriction, at)
	if err != nil {
		return err
	}
	read := session.GetEstimatedTotalBytesScanned()
	if err := s.allow(read+plan.bytes, readPrice.of(read)+queryPrice.of(plan.bytes)); err != nil {
		return err
	}
	if r.expected, err = jobs.count(ctx, s.countSQL(restriction, at)); err != nil {
		return s.failure(ctx, err, needsQuery)
	}
	return r.begin(session)
}

// session asks for streams of the columns that are wanted.
func (r *bigQueryRead) session(ctx context.Context, t tableName, bytes int64, restriction string, at time.Time) (session *storagepb.ReadSession, err error) {
	lz4 := storagepb.ArrowSerializationOptions_LZ4_FRAME
	wanted := &storagepb.ReadSession{
		Table: t.resource(), DataFormat: storagepb.DataFormat_ARROW, TraceId: "perennial",
		ReadOptions: &storagepb.ReadSession_TableReadOptions{
			SelectedFields: fieldNames(r.wanted), RowRestriction: restriction,
			OutputFormatSerializationOptions: &storagepb.ReadSession_TableReadOptions_ArrowSerializationOptions{
				ArrowSerializationOptions: &storagepb.ArrowSerializationOptions{BufferCompression: lz4},
			},
		},
	}
	if !at.IsZero() {
		wanted.TableModifiers = &storagepb.ReadSession_TableModifiers{SnapshotTime: timestamppb.New(at)}
	}
	request := &storagepb.CreateReadSessionRequest{
		Parent: "projects/" + r.source.options.Project, ReadSession: wanted, MaxStreamCount: streamsFor(bytes),
	}
	err = r.source.pace.try(ctx, func(ctx context.Context) (err error) {
		session, err = r.client.CreateReadSession(ctx, request)
		return err
	})
	if err != nil {
		return nil, r.source.failure(ctx, err, needsSession)
	}
	return session, nil
}

func fieldNames(schema *arrow.Schema) []string {
	var names []string
	for _, f := range schema.Fields() {
		names = append(names, f.Name)
	}
	return names
}

// streamsFor says of how many streams a table is read at most. It depends on the
// table alone: what the parts are must not depend on the machine that reads them.
func streamsFor(bytes int64) int32 {
	const bytesPerStream, most = 32 << 20, 200
	return int32(min(most, 1+bytes/bytesPerStream))
}

// begin takes a session's streams and looks at the columns it will deliver.
func (r *bigQueryRead) begin(session *storagepb.ReadSession) (err error) {
	for _, stream := range session.GetStreams() {
		r.streams = append(r.streams, stream.GetName())
	}
	if len(r.streams) == 0 {
		return r.reconcile()
	}
	r.schema = session.GetArrowSchema().GetSerializedSchema()
	if r.columns, err = wireColumns(r.source.name(), r.schema, r.wanted); err != nil {
		return err
	}
	r.memory = new(table.Memory)
	return nil
}

// readers returns the readers, each with streams of its own while there are any.
func (r *bigQueryRead) readers(wanted int) []pipeline.Reader {
	r.work = &queue{units: len(r.streams)}
	readers := make([]pipeline.Reader, readersFor(len(r.streams), wanted))
	r.open.Store(int64(len(readers)))
	for i := range readers {
		readers[i] = &reader{batches: &bigQueryReader{bigQueryRead: r}}
	}
	return readers
}

// streamEnded counts a stream with so many rows. After the last of all, the rows
// must be as many as there are.
func (r *bigQueryRead) streamEnded(rows int64) error {
	r.delivered.Add(rows)
	if r.ended.Add(1) < int64(len(r.streams)) {
		return nil
	}
	return r.reconcile()
}

// reconcile compares what was delivered with what was counted apart. That too
// little came may be a stream that was cut off without an error, and that too
// much one that began anew: another attempt may go well.
func (r *bigQueryRead) reconcile() error {
	got, want := r.delivered.Load(), r.expected
	switch {
	case got < want:
		return pipeline.Errorf(pipeline.ClassTemporary, r.source.name(), "run it again", "the streams ended after %d of %d rows", got, want)
	case got > want:
		return pipeline.Errorf(pipeline.ClassTemporary, r.source.name(), "run it again", "the streams delivered %d rows, and there are %d", got, want)
	default:
		return nil
	}
}

// readerClosed ends the connection after the last of the readers.
func (r *bigQueryRead) readerClosed() error {
	if r.open.Add(-1) > 0 {
		return nil
	}
	return r.client.Close()
}

// bytesBefore is how many of the described bytes the first rows of all stand for.
func (r *bigQueryRead) bytesBefore(rows int64) int64 {
	if r.source.rows <= 0 {
		return 0
	}
	return int64(float64(rows) / float64(r.source.rows) * float64(r.source.bytes))
}

// origin names a stream for people.
func (r *bigQueryRead) origin(stream int) string {
	return fmt.Sprintf("%s, stream %d", r.source.name(), stream+1)
}

// result returns the table that holds a query's result, and what BigQuery says
// of it.
func (j *bigQueryJobs) result(ctx context.Context, job *bigquery.Job) (tableName, *bigquery.TableMetadata, error) {
	config, err := job.Config()
	if err != nil {
		return tableName{}, nil, err
	}
	query, ok := config.(*bigquery.QueryConfig)
	if !ok || query.Dst == nil {
		return tableName{}, nil, fmt.Errorf("job %s says nothing of its result", job.ID())
	}
	t := tableName{query.Dst.ProjectID, query.Dst.DatasetID, query.Dst.TableID}
	m, err := j.metadata(ctx, t)
	return t, m, err
}

// count runs a query whose result is one number.
func (j *bigQueryJobs) count(ctx context.Context, sql string) (int64, error) {
	job, err := j.run(ctx, sql)
	if err != nil {
		return 0, err
	}
	var values []bigquery.Value
	err = j.source.pace.try(ctx, func(ctx context.Context) error {
		rows, err := job.Read(ctx)
		if err != nil {
			return err
		}
		return rows.Next(&values)
	})
	if err != nil {
		return 0, err
	}
	if len(values) == 1 {
		if n, ok := values[0].(int64); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("job %s counted no rows", job.ID())
}
