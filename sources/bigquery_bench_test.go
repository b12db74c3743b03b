package sources

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"google.golang.org/grpc"

	"github.com/perennial-clv/perennial/pipeline"
)

// benchStorage sends the same answers on every stream.
type benchStorage struct {
	storagepb.UnimplementedBigQueryReadServer
	schema  *arrow.Schema
	answers []*storagepb.ReadRowsResponse
	streams int
}

func (s *benchStorage) CreateReadSession(context.Context, *storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
	session := &storagepb.ReadSession{Schema: &storagepb.ReadSession_ArrowSchema{ArrowSchema: &storagepb.ArrowSchema{SerializedSchema: schemaMessage(s.schema)}}}
	for i := range s.streams {
		session.Streams = append(session.Streams, &storagepb.ReadStream{Name: fmt.Sprint(i)})
	}
	return session, nil
}

func (s *benchStorage) ReadRows(_ *storagepb.ReadRowsRequest, stream storagepb.BigQueryRead_ReadRowsServer) error {
	for _, answer := range s.answers {
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

const (
	benchAnswer  = 8 << 10 // rows of an answer: BigQuery sends about a thousand to ten thousand
	benchStreams = 4
)

// benchAnswers are answers of rows as transactions have them: a key, a time, an
// amount, and a text that repeats.
func benchAnswers(n int, lz4 bool) (*arrow.Schema, []*storagepb.ReadRowsResponse) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "customer_id", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "occurred_at", Type: instant, Nullable: true},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 38, Scale: 9}, Nullable: true}, {Name: "country", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	random := rand.New(rand.NewPCG(1, 2))
	var answers []*storagepb.ReadRowsResponse
	for range n {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for range benchAnswer {
			b.Field(0).(*array.Int64Builder).Append(random.Int64N(1_000_000))
			b.Field(1).(*array.TimestampBuilder).Append(arrow.Timestamp(1_600_000_000_000_000 + random.Int64N(1e14)))
			b.Field(2).(*array.Decimal128Builder).Append(decimal128.FromI64(random.Int64N(100_000) * 10_000_000))
			b.Field(3).(*array.StringBuilder).Append(fmt.Sprint("country ", random.IntN(37)))
		}
		answers = append(answers, &storagepb.ReadRowsResponse{RowCount: benchAnswer, Rows: &storagepb.ReadRowsResponse_ArrowRecordBatch{
			ArrowRecordBatch: &storagepb.ArrowRecordBatch{SerializedRecordBatch: rowsMessage(b.NewRecord(), lz4)},
		}})
	}
	return schema, answers
}

// BenchmarkReadBigQuery reads four streams from a service in the same process,
// beside the bare client, which receives the same answers and decodes them with a
// reader each, as the samples of the client do.
func BenchmarkReadBigQuery(b *testing.B) {
	for _, lz4 := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "lz4"}[lz4], func(b *testing.B) {
			schema, answers := benchAnswers(32, lz4)
			rows := int64(len(answers) * benchAnswer * benchStreams)
			f := fakeBigQuery{counted: rows, fields: []fakeField{
				{Name: "customer_id", Type: "INTEGER"}, {Name: "occurred_at", Type: "TIMESTAMP"}, {Name: "amount", Type: "NUMERIC"}, {Name: "country", Type: "STRING"},
			}}
			f.start(b, BigQuery{})
			f.storage = benchServer(b, &benchStorage{schema: schema, answers: answers, streams: benchStreams})
			s := f.source(b, BigQuery{})
			d, err := s.Describe(b.Context(), "")
			if err != nil {
				b.Fatal(err)
			}
			client, err := s.service.ReadClient(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			beside(b, rows, func() { drain(b, s, fieldNames(d.Columns), rows) }, func() { receiveBare(b, client, schemaMessage(schema), rows) })
		})
	}
}

func benchServer(b *testing.B, s *benchStorage) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := grpc.NewServer()
	storagepb.RegisterBigQueryReadServer(server, s)
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(server.Stop)
	return listener.Addr().String()
}

// drain opens the source and reads all of it with two readers.
func drain(b *testing.B, s pipeline.Source, columns []string, want int64) {
	readers, err := s.Open(b.Context(), pipeline.Request{Columns: columns, Readers: 2})
	if err != nil {
		b.Fatal(err)
	}
	counts := make([]int64, len(readers))
	var all sync.WaitGroup
	for i, r := range readers {
		all.Go(func() {
			defer r.Close()
			for {
				batch, err := r.Next(b.Context())
				if err == io.EOF {
					return
				}
				if err != nil {
					b.Error(err)
					return
				}
				counts[i] += batch.Record.NumRows()
				batch.Record.Release()
			}
		})
	}
	all.Wait()
	checkCounts(b, counts, want)
}

// receiveBare receives all answers and decodes them into nothing.
func receiveBare(b *testing.B, client *storage.BigQueryReadClient, schema []byte, want int64) {
	counts := make([]int64, 2)
	var all sync.WaitGroup
	for i := range counts {
		all.Go(func() {
			for stream := i; stream < benchStreams; stream += len(counts) {
				answers, err := client.ReadRows(b.Context(), &storagepb.ReadRowsRequest{ReadStream: fmt.Sprint(stream)})
				for err == nil {
					var answer *storagepb.ReadRowsResponse
					if answer, err = answers.Recv(); err == nil {
						counts[i] += decodeBare(b, schema, answer)
					}
				}
				if err != io.EOF {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	checkCounts(b, counts, want)
}

func decodeBare(b *testing.B, schema []byte, answer *storagepb.ReadRowsResponse) int64 {
	message := io.MultiReader(bytes.NewReader(schema), bytes.NewReader(answer.GetArrowRecordBatch().GetSerializedRecordBatch()))
	reader, err := ipc.NewReader(message)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer reader.Release()
	record, err := reader.Read()
	if err != nil {
		b.Error(err)
		return 0
	}
	return record.NumRows()
}

func checkCounts(b *testing.B, counts []int64, want int64) {
	if got := counts[0] + counts[1]; got != want {
		b.Fatalf("got %d rows, want %d", got, want)
	}
}
