package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// partPages are the pages of a part: 32 MiB of a table as it is usually stored.
const partPages = 4096

// postgresRequest is what the readers of one Open have in common.
type postgresRequest struct {
	source  *postgresSource
	schema  *arrow.Schema // the columns asked for
	columns []postgresColumn
	until   string // condition of the rows that are wanted, "" for all
	rows    int    // at most so many in a batch
	tables  string // oids of the tables that are cut into parts
	work    *queue // of parts
	memory  *table.Memory
}

// hold begins the transaction of a session, takes the lock on every table that
// is read, and cuts them into parts. The lock comes before the snapshot: to a
// snapshot from before a TRUNCATE the table would be empty.
func (r *postgresRequest) hold(ctx context.Context, session *postgresSession) error {
	if err := session.begin(ctx, ""); err != nil {
		return err
	}
	if err := session.exec(ctx, r.selection("")+" LIMIT 0"); err != nil {
		return err
	}
	if err := r.unchanged(ctx, session); err != nil {
		return err
	}
	size, err := session.size(ctx, r.source.relation)
	if err != nil {
		return err
	}
	r.tables = size.oids
	r.work = &queue{units: int(max(1, (size.pages+r.source.partPages-1)/r.source.partPages))}
	return nil
}

// unchanged checks that what is locked is what was described: values of another
// type would be misread, and another table has other parts.
func (r *postgresRequest) unchanged(ctx context.Context, session *postgresSession) error {
	changed := func(what string) error {
		return pipeline.Errorf(pipeline.ClassTemporary, r.source.place(), "run again when nobody alters it", "%s has changed since it was described", what)
	}
	if r.source.options.Query == "" {
		if now, err := session.resolve(ctx, ""); err != nil {
			return err
		} else if now != r.source.relation {
			return changed("the table")
		}
	}
	columns, err := session.columns(ctx, r.source.relation)
	if err != nil {
		return err
	}
	for _, c := range r.columns {
		if !slices.ContainsFunc(columns, c.isSame) {
			return changed(fmt.Sprintf("column %q", c.name))
		}
	}
	return nil
}

// share opens as many readers as there is work for, on the snapshot of a
// session that holds the locks until they do.
func (r *postgresRequest) share(ctx context.Context, first *postgresSession, wanted int) ([]pipeline.Reader, error) {
	row, err := first.row(ctx, "SELECT pg_catalog.pg_export_snapshot()")
	if err != nil {
		return nil, err
	}
	var readers []pipeline.Reader
	for range readersFor(r.work.units, wanted) {
		session, err := r.source.connect(ctx)
		if err == nil {
			readers = append(readers, r.reader(session))
			err = r.follow(ctx, session, *row[0])
		}
		if err != nil {
			for _, reader := range readers {
				_ = reader.Close() // nothing has been read
			}
			return nil, err
		}
	}
	return readers, nil
}

// follow makes a session see a snapshot, and holds the locks of hold.
func (r *postgresRequest) follow(ctx context.Context, session *postgresSession, snapshot string) error {
	if err := session.begin(ctx, snapshot); err != nil {
		return err
	}
	return session.exec(ctx, r.selection("")+" LIMIT 0")
}

// selection is the SELECT of the rows that meet a condition and are wanted.
func (r *postgresRequest) selection(condition string) string {
	statement := "SELECT " + selectList(r.columns) + " FROM " + r.source.relation.from
	where := " WHERE "
	for _, c := range []string{condition, r.until} {
		if c != "" {
			statement += where + c
			where = " AND "
		}
	}
	return statement
}

// part is the condition of the rows of a part. The last one has no end, so that
// a table that has grown since it was measured is read to its end.
func (r *postgresRequest) part(i int) string {
	if r.work.units == 1 {
		return ""
	}
	from := int64(i) * r.source.partPages
	// A partition attached while others are read would come with some parts only.
	condition := fmt.Sprintf("tableoid IN (%s) AND ctid >= '(%d,0)'", r.tables, from)
	if i < r.work.units-1 {
		condition += fmt.Sprintf(" AND ctid < '(%d,0)'", from+r.source.partPages)
	}
	return condition
}

// origin names a part.
func (r *postgresRequest) origin(i int) string {
	if r.work.units == 1 {
		return r.source.place()
	}
	return fmt.Sprintf("%s, pages from %d", r.source.place(), int64(i)*r.source.partPages)
}

// bytes is the share of the bytes described that a part stands for.
func (r *postgresRequest) bytes(i int) int64 {
	total, parts := max(0, r.source.bytes), int64(r.work.units)
	return total*int64(i+1)/parts - total*int64(i)/parts
}

func (r *postgresRequest) reader(session *postgresSession) *reader {
	columns := make([]copiedColumn, len(r.columns))
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		columns[i], names[i] = c.collect(space{memory: r.memory, batch: r.rows}), c.name
	}
	return &reader{batches: &postgresReader{postgresRequest: r, session: session, columns: columns, names: names}}
}

// postgresReader delivers whole parts, one after the other.
type postgresReader struct {
	*postgresRequest
	session *postgresSession // nil once it is closed
	columns []copiedColumn
	names   []string

	stream *copyStream // of the current part, nil between parts
	part   int
	done   int64 // rows of the part that have been delivered
}

// next returns the next batch of the current part, or else of those after it.
func (r *postgresReader) next(ctx context.Context) (pipeline.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return pipeline.Batch{}, err
		}
		if r.stream == nil {
			if err := r.enter(); err != nil {
				return pipeline.Batch{}, r.source.failure(ctx, err)
			}
			if r.stream == nil {
				return pipeline.Batch{}, io.EOF
			}
		}
		batch, err := r.fill(ctx)
		if err != nil || batch.Record != nil {
			return batch, err
		}
	}
}

// enter begins the next part. There is no stream if none is left.
func (r *postgresReader) enter() error {
	part, ok := 0, false
	if r.session != nil {
		part, ok = r.work.take()
	}
	if !ok {
		return r.leave()
	}
	statement := "COPY (" + r.selection(r.postgresRequest.part(part)) + ") TO STDOUT (FORMAT binary)"
	frontend := r.session.conn.Frontend()
	frontend.SendQuery(&pgproto3.Query{String: statement})
	if err := frontend.Flush(); err != nil {
		return err
	}
	r.stream, r.part, r.done = newCopyStream(frontend, len(r.columns)), part, 0
	return nil
}

// past is a deadline that makes a read that waits return at once.
var past = time.Unix(1, 0)

// fill returns a batch of the current part; one without a record if the part
// has no more rows.
func (r *postgresReader) fill(ctx context.Context) (pipeline.Batch, error) {
	conn := r.session.conn.Conn()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(past) })
	defer stop()
	batch := pipeline.Batch{Origin: r.origin(r.part), Part: r.part, FirstRow: r.done + 1}
	rows, size := 0, 0
	for ; rows < r.rows && size < batchText; rows++ {
		values, err := r.stream.row()
		if err == io.EOF {
			r.stream = nil
			break
		}
		if err == nil {
			err = r.put(&batch, rows, values)
		}
		if err != nil {
			return pipeline.Batch{}, r.broken(ctx, err)
		}
		size += r.stream.size
	}
	if err := ctx.Err(); err != nil {
		return pipeline.Batch{}, err
	}
	if rows == 0 {
		return pipeline.Batch{}, nil
	}
	if r.done == 0 {
		batch.Bytes = r.bytes(r.part)
	}
	r.done += int64(rows)
	batch.Record = r.record(rows)
	return batch, nil
}

// broken gives an error of the stream its class.
func (r *postgresReader) broken(ctx context.Context, err error) error {
	if errors.Is(err, errMalformed) && ctx.Err() == nil {
		return pipeline.Errorf(pipeline.ClassSource, r.origin(r.part), "read with a server that is PostgreSQL, without anything between that changes what it sends", "%v", err)
	}
	return r.source.failure(ctx, err)
}

// put appends a row to the columns, as a fault if a value cannot be read.
func (r *postgresReader) put(batch *pipeline.Batch, row int, values [][]byte) error {
	for i, c := range r.columns {
		if values[i] == nil {
			c.null(1)
			continue
		}
		err := c.put(values[i])
		if err == nil {
			continue
		}
		reason, ok := err.(unreadable)
		if !ok {
			return err
		}
		forgetRow(r.columns, i)
		batch.Faults = append(batch.Faults, pipeline.Fault{Index: row, Reason: fmt.Sprintf("column %q: %s", r.names[i], reason), Raw: quarantined(r.columns, r.names, values)})
		return nil
	}
	return nil
}

// record hands over what the columns have collected.
func (r *postgresReader) record(rows int) arrow.Record {
	columns := make([]arrow.Array, len(r.columns))
	for i, c := range r.columns {
		columns[i] = c.take()
	}
	return newRecord(r.schema, columns, rows)
}

// leave frees the connection. A statement that is running is stopped.
func (r *postgresReader) leave() error {
	session := r.session
	switch {
	case session == nil:
	case r.stream == nil:
		session.close()
	default:
		session.stop()
	}
	r.session, r.stream = nil, nil
	return nil
}
