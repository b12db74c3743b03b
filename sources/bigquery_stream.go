package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// bigQueryStream reads one stream of a session, from where it is after each
// interruption.
type bigQueryStream struct {
	read   *bigQueryRead
	name   string
	origin string
	rows   int64 // that have been received

	// The current connection, if there is one.
	answers storagepb.BigQueryRead_ReadRowsClient
	cancel  context.CancelFunc
	decoder *arrowDecoder
}

// next returns the next rows as they come, io.EOF after the last. Attempts are
// counted anew from each of them.
func (s *bigQueryStream) next(ctx context.Context) (record arrow.Record, err error) {
	err = s.read.source.pace.retry.Retry(ctx, func() (err error) {
		if record, err = s.receive(ctx); err != nil {
			s.hangUp()
		}
		return err
	})
	if err == nil || err == io.EOF {
		return record, err
	}
	return nil, s.failure(ctx, err)
}

// receive waits for the next rows, on a new connection if there is none.
func (s *bigQueryStream) receive(ctx context.Context) (arrow.Record, error) {
	if s.answers == nil {
		if err := s.connect(ctx); err != nil {
			return nil, err
		}
	}
	// The connection outlives this call, and ends with the context of any.
	defer context.AfterFunc(ctx, s.cancel)()
	for {
		silence := time.AfterFunc(s.read.source.pace.stall, s.cancel)
		answer, err := s.answers.Recv()
		silence.Stop()
		if err != nil {
			return nil, err
		}
		if answer.GetRowCount() > 0 {
			return s.decode(answer)
		}
	}
}

func (s *bigQueryStream) connect(ctx context.Context) (err error) {
	connected, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	defer context.AfterFunc(ctx, cancel)()
	s.answers, err = s.read.client.ReadRows(connected, &storagepb.ReadRowsRequest{ReadStream: s.name, Offset: s.rows})
	return err
}

// decode returns the rows of an answer, which must be as many as it says.
func (s *bigQueryStream) decode(answer *storagepb.ReadRowsResponse) (arrow.Record, error) {
	if s.decoder == nil {
		s.decoder = newArrowDecoder(s.read.schema, s.read.memory)
	}
	record, err := s.decoder.decode(answer.GetArrowRecordBatch().GetSerializedRecordBatch())
	if err != nil {
		return nil, s.damaged("%v", err)
	}
	if record.NumRows() != answer.GetRowCount() {
		got := record.NumRows()
		record.Release()
		return nil, s.damaged("it has %d rows and says that it has %d", got, answer.GetRowCount())
	}
	s.rows += record.NumRows()
	return record, nil
}

// damaged is an answer that is not what it should be.
func (s *bigQueryStream) damaged(format string, args ...any) error {
	return pipeline.Errorf(pipeline.ClassTemporary, s.origin, "run it again; if it stays, please report it",
		"what came after %d rows is damaged: %s", s.rows, fmt.Sprintf(format, args...))
}

// hangUp ends the connection.
func (s *bigQueryStream) hangUp() {
	if s.cancel != nil {
		s.cancel()
	}
	if s.decoder != nil {
		s.decoder.release()
	}
	s.answers, s.cancel, s.decoder = nil, nil, nil
}

// failure gives an error of the stream its class and place. The session was
// granted, so that it is not the request that is wrong: what is refused now is a
// session or a stream that is no more.
func (s *bigQueryStream) failure(ctx context.Context, err error) error {
	var known *pipeline.Error
	if ctx.Err() == nil && errors.As(err, &known) {
		return err
	}
	failed := s.read.source.failure(ctx, err, needsSession)
	if errors.As(failed, &known) {
		known.Place = s.origin
		if kind := cloud.KindOf(err); kind == cloud.Missing || kind == cloud.Invalid || kind == cloud.Unknown {
			known.Class, known.Hint = pipeline.ClassTemporary, "run it again: a session ends after six hours"
		}
	}
	return failed
}
