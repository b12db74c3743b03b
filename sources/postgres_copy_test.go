package sources

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// spoken is a stream of messages that ends as a lost connection does.
type spoken []pgproto3.BackendMessage

func (s *spoken) Receive() (pgproto3.BackendMessage, error) {
	if len(*s) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	message := (*s)[0]
	*s = (*s)[1:]
	return message, nil
}

// copyOf is what the server sends for rows of fields.
func copyOf(rows ...[]string) []byte {
	b := append([]byte(copySignature), 0, 0, 0, 0, 0, 0, 0, 3, 'e', 'x', 't')
	for _, row := range rows {
		b = binary.BigEndian.AppendUint16(b, uint16(len(row)))
		for _, field := range row {
			if field == "null" {
				b = binary.BigEndian.AppendUint32(b, 0xffffffff)
				continue
			}
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(field))), field...)
		}
	}
	return append(b, 0xff, 0xff)
}

// speak cuts a stream into messages of a size, and ends it as the server does.
func speak(stream []byte, size int, rows int) *spoken {
	s := spoken{&pgproto3.CopyOutResponse{}}
	for len(stream) > 0 {
		n := min(size, len(stream))
		s = append(s, &pgproto3.CopyData{Data: stream[:n:n]})
		stream = stream[n:]
	}
	s = append(s, &pgproto3.CopyDone{}, &pgproto3.CommandComplete{CommandTag: fmt.Appendf(nil, "COPY %d", rows)}, &pgproto3.ReadyForQuery{TxStatus: 'T'})
	return &s
}

// hear reads a stream to its end.
func hear(from messages, columns int) (string, error) {
	stream := newCopyStream(from, columns)
	var rows []string
	for {
		fields, err := stream.row()
		if err != nil {
			return strings.Join(rows, "\n"), err
		}
		texts := make([]string, len(fields))
		for i, field := range fields {
			texts[i] = string(field)
			if field == nil {
				texts[i] = "null"
			}
		}
		rows = append(rows, strings.Join(texts, "|"))
	}
}

func TestCopyIsTheSameInMessagesOfAnySize(t *testing.T) {
	rows := [][]string{{"a", "null"}, {"", strings.Repeat("long", 100)}, {"null", "null"}, {"Zoë", "b"}}
	stream := copyOf(rows...)
	for size := 1; size <= len(stream); size++ {
		got, err := hear(speak(stream, size, len(rows)), 2)
		if want := lines(rows); err != io.EOF || got != want {
			t.Fatalf("messages of %d bytes: got %q, %v; want %q", size, got, err, want)
		}
	}
}

func TestCopyThatIsNotWholeIsAnError(t *testing.T) {
	stream := copyOf([]string{"a", "b"}, []string{"c", "d"})
	for n := range len(stream) {
		if _, err := hear(speak(stream[:n], 7, 2), 2); !errors.Is(err, errMalformed) {
			t.Errorf("the first %d bytes of %d: got %v, want %v", n, len(stream), err, errMalformed)
		}
	}
	for name, c := range map[string]struct {
		stream        []byte
		columns, rows int
	}{
		"a row was lost":     {stream, 2, 3},
		"a row too many":     {stream, 2, 1},
		"another column":     {stream, 3, 2},
		"after the end":      {append(stream[:len(stream):len(stream)], 0), 2, 2},
		"no trailer":         {stream[:len(stream)-2], 2, 2},
		"another format":     {[]byte("1\tZoë\n2\tAnn\nand so on\n"), 2, 2},
		"flags":              {append([]byte(copySignature), 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 2, 0},
		"a negative length":  {append([]byte(copySignature), 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe), 1, 1},
		"a header too short": {[]byte(copySignature), 2, 0},
	} {
		if _, err := hear(speak(c.stream, 1000, c.rows), c.columns); !errors.Is(err, errMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, errMalformed)
		}
	}
	unfinished := *speak(stream, 1000, 2)
	for n := range len(unfinished) - 1 {
		part := unfinished[:n]
		if _, err := hear(&part, 2); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the first %d messages of %d: got %v, want %v", n, len(unfinished), err, io.ErrUnexpectedEOF)
		}
	}
}

func FuzzCopyIsNeverShort(f *testing.F) {
	f.Add(copyOf([]string{"a", "null"}, []string{"", "b"}), 3, 2)
	f.Add(copyOf(), 100, 0)
	f.Add([]byte("PGCOPY"), 1, 0)
	f.Fuzz(func(t *testing.T, stream []byte, size, rows int) {
		if size < 1 {
			return
		}
		got, err := hear(speak(stream, size, rows), 2)
		if whole, wholeErr := hear(speak(stream, len(stream)+1, rows), 2); got != whole || (err == io.EOF) != (wholeErr == io.EOF) {
			t.Errorf("messages of %d bytes: got %q, %v; as one: %q, %v", size, got, err, whole, wholeErr)
		}
		if err == io.EOF && rows > 0 && strings.Count(got, "\n")+1 != rows {
			t.Errorf("the server counts %d rows, and these end well: %q", rows, got)
		}
	})
}

func FuzzCopiedValuesNeverPanic(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 2, 0, 123})
	f.Add([]byte{0, 2, 0, 0, 0x40, 0, 0, 2, 0, 1, 0x1f, 0x40})
	f.Add([]byte("text"))
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, c := range []struct{ oid, modifier uint32 }{{20, 0}, {21, 0}, {23, 0}, {700, 0}, {701, 0}, {16, 0}, {1082, 0}, {1114, 0}, {1184, 0}, {25, 0}, {1700, 9<<16 | 2 + 4}, {1700, 38<<16 | 38 + 4}} {
			column := postgresColumnOf(pgconn.FieldDescription{DataTypeOID: c.oid, TypeModifier: int32(c.modifier)}).collect(space{memory: new(table.Memory), batch: 4})
			_ = column.put(value)
			column.show(value)
			column.null(1)
			column.take().Release()
		}
	})
}
