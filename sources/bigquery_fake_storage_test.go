package sources

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/perennial-clv/perennial/pipeline"
)

// fakeStorage is the storage API.
type fakeStorage struct {
	storagepb.UnimplementedBigQueryReadServer
	fake *fakeBigQuery
}

// failed returns what a step of gRPC fails with.
func (fault *fakeFault) failed(ctx context.Context) error {
	switch {
	case fault == nil:
		return nil
	case fault.waits:
		<-ctx.Done()
		return ctx.Err()
	case fault.status != nil:
		return fault.status
	case fault.code == http.StatusForbidden:
		return status.Error(codes.PermissionDenied, "it fails")
	case fault.tamper != nil:
		return nil
	default:
		return status.Error(codes.Unavailable, "it fails")
	}
}

func (s *fakeStorage) CreateReadSession(ctx context.Context, r *storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
	f := s.fake
	if err := f.step("CreateReadSession").failed(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.sessions = append(f.sessions, r)
	f.mu.Unlock()
	session := &storagepb.ReadSession{EstimatedTotalBytesScanned: f.bytes}
	for i := range f.streams {
		session.Streams = append(session.Streams, &storagepb.ReadStream{Name: fmt.Sprint(i, " ", strings.Join(r.ReadSession.ReadOptions.SelectedFields, ","))})
		if i == 0 {
			first := selected(f.streams[i][0], r.ReadSession.ReadOptions.SelectedFields)
			session.Schema = &storagepb.ReadSession_ArrowSchema{ArrowSchema: &storagepb.ArrowSchema{SerializedSchema: schemaMessage(first.Schema())}}
		}
	}
	return session, nil
}

func (s *fakeStorage) ReadRows(r *storagepb.ReadRowsRequest, stream storagepb.BigQueryRead_ReadRowsServer) error {
	f := s.fake
	if err := f.step("ReadRows").failed(stream.Context()); err != nil {
		return err
	}
	f.mu.Lock()
	f.offsets = append(f.offsets, r.Offset)
	f.active++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.active--
	}()
	var part int
	var columns string
	if _, err := fmt.Sscan(r.ReadStream, &part, &columns); err != nil {
		return status.Error(codes.InvalidArgument, "no such stream")
	}
	skip := r.Offset
	if f.rewinds {
		skip = 0
	}
	for _, record := range f.streams[part] {
		if skip >= record.NumRows() {
			skip -= record.NumRows()
			continue
		}
		record = selected(record.NewSlice(skip, record.NumRows()), strings.Split(columns, ","))
		skip = 0
		if isOver, err := s.send(stream, record); isOver || err != nil {
			return err
		}
	}
	if fault := f.step("end"); fault != nil && !fault.clean {
		return fault.failed(stream.Context())
	}
	return nil
}

// send sends rows, and reports whether the stream ends there as if all was well.
func (s *fakeStorage) send(stream storagepb.BigQueryRead_ReadRowsServer, record arrow.Record) (isOver bool, err error) {
	fault := s.fake.step("answer")
	if fault != nil && fault.clean {
		return true, nil
	}
	if err := fault.failed(stream.Context()); err != nil && !fault.isLate {
		return false, err
	}
	answer := &storagepb.ReadRowsResponse{RowCount: record.NumRows(), Rows: &storagepb.ReadRowsResponse_ArrowRecordBatch{
		ArrowRecordBatch: &storagepb.ArrowRecordBatch{SerializedRecordBatch: rowsMessage(record, s.fake.lz4)},
	}}
	if fault != nil && fault.tamper != nil {
		fault.tamper(answer)
	}
	if err := stream.Send(answer); err != nil {
		return false, err
	}
	return false, fault.failed(stream.Context())
}

// selected returns some columns of a record, in the record's order, as BigQuery
// does.
func selected(record arrow.Record, names []string) arrow.Record {
	var fields []arrow.Field
	var columns []arrow.Array
	for i, f := range record.Schema().Fields() {
		if slices.Contains(names, f.Name) {
			fields, columns = append(fields, f), append(columns, record.Column(i))
		}
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, record.NumRows())
}

// schemaMessage is a schema as one message of Arrow.
func schemaMessage(schema *arrow.Schema) []byte {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(schema))
	_ = w.Close()
	return b.Bytes()[:b.Len()-endOfStream]
}

const endOfStream = 8 // bytes, behind the last message

// rowsMessage is rows as one message of Arrow.
func rowsMessage(record arrow.Record, lz4 bool) []byte {
	options := []ipc.Option{ipc.WithSchema(record.Schema())}
	if lz4 {
		options = append(options, ipc.WithLZ4())
	}
	var b bytes.Buffer
	w := ipc.NewWriter(&b, options...)
	if err := w.Write(record); err != nil {
		panic(err)
	}
	_ = w.Close()
	return b.Bytes()[len(schemaMessage(record.Schema())) : b.Len()-endOfStream]
}

// readThem reads everything with two readers, and returns the rows as texts,
// sorted, and the first error.
func readThem(ctx context.Context, s pipeline.Source) ([]string, error) {
	d, err := s.Describe(ctx, "2024-03-31")
	if err != nil {
		return nil, err
	}
	readers, err := s.Open(ctx, pipeline.Request{Columns: fieldNames(d.Columns), Rows: 7, Readers: 2})
	if err != nil {
		return nil, err
	}
	var all sync.WaitGroup
	rows, errs := make([][]string, len(readers)), make([]error, len(readers))
	for i, r := range readers {
		all.Go(func() { rows[i], errs[i] = readRows(ctx, r) })
	}
	all.Wait()
	sorted := slices.Concat(rows...)
	slices.Sort(sorted)
	for _, err := range errs {
		if err != nil {
			return sorted, err
		}
	}
	return sorted, nil
}

func readRows(ctx context.Context, r pipeline.Reader) (rows []string, err error) {
	defer r.Close()
	for {
		batch, err := r.Next(ctx)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		for i := range int(batch.Record.NumRows()) {
			rows = append(rows, strings.Join(cellsOf(batch.Record, i), "|"))
		}
		batch.Record.Release()
	}
}
