package sources

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// messages is where a stream comes from; a message is valid until the next.
type messages interface {
	Receive() (pgproto3.BackendMessage, error)
}

// copyStream reads the rows of COPY … TO STDOUT (FORMAT binary). The server
// sends a message for each row, but need not, and only what lies between header
// and trailer counts.
type copyStream struct {
	from    messages
	fields  [][]byte // of a row; nil for null
	size    int      // of that row in the stream
	data    []byte   // received, not yet read
	left    bytes.Buffer
	isLeft  bool // data is the content of left, else of the last message
	started bool // the header has been read
	ended   bool // the trailer has been read
	counted int64
	told    int64 // rows, by the server; -1 before it says so
}

// newCopyStream returns the stream of a statement that has been sent, which
// selects so many columns.
func newCopyStream(from messages, columns int) *copyStream {
	return &copyStream{from: from, fields: make([][]byte, columns), told: -1}
}

// row returns the fields of the next row, which are valid until the next call.
// It returns io.EOF once the server has ended the rows, said how many there
// were, and is ready for another statement.
func (s *copyStream) row() ([][]byte, error) {
	for {
		switch complete, err := s.parse(); {
		case err != nil:
			return nil, err
		case complete:
			s.counted++
			return s.fields, nil
		}
		if err := s.receive(); err != nil {
			return nil, err
		}
	}
}

// copySignature begins the header; flags of which none is known, and the length
// of an extension follow.
const copySignature = "PGCOPY\n\xff\r\n\x00"

// parse reads a row into the fields; false if data holds none to its end.
func (s *copyStream) parse() (bool, error) {
	if !s.started {
		if complete, err := s.header(); !complete || err != nil {
			return false, err
		}
	}
	if s.ended {
		if len(s.data) > 0 {
			return false, errMalformed
		}
		return false, nil
	}
	if len(s.data) < 2 {
		return false, nil
	}
	switch count := int16(binary.BigEndian.Uint16(s.data)); {
	case count == -1:
		s.ended = true
		s.consume(2)
		return s.parse()
	case int(count) != len(s.fields):
		return false, errMalformed
	}
	at := 2
	for i := range s.fields {
		if len(s.data)-at < 4 {
			return false, nil
		}
		size := int(int32(binary.BigEndian.Uint32(s.data[at:])))
		at += 4
		switch {
		case size == -1:
			s.fields[i] = nil
			continue
		case size < 0:
			return false, errMalformed
		case len(s.data)-at < size:
			return false, nil
		}
		s.fields[i] = s.data[at : at+size : at+size]
		at += size
	}
	s.consume(at)
	s.size = at
	return true, nil
}

// header reads what comes before the rows; false if it is not whole.
func (s *copyStream) header() (bool, error) {
	const flags = len(copySignature)
	const extension = flags + 4
	if len(s.data) < extension+4 {
		return false, nil
	}
	more := int(int32(binary.BigEndian.Uint32(s.data[extension:])))
	if string(s.data[:flags]) != copySignature || binary.BigEndian.Uint32(s.data[flags:]) != 0 || more < 0 {
		return false, errMalformed
	}
	if len(s.data) < extension+4+more {
		return false, nil
	}
	s.started = true
	s.consume(extension + 4 + more)
	return true, nil
}

// consume takes n bytes off the data.
func (s *copyStream) consume(n int) {
	s.data = s.data[n:]
	if s.isLeft {
		s.left.Next(n)
	}
}

// receive takes the next message; the data then begin with what was left.
func (s *copyStream) receive() error {
	if len(s.data) == 0 {
		s.isLeft = false
	} else if !s.isLeft {
		s.left.Reset()
		s.left.Write(s.data)
		s.data, s.isLeft = s.left.Bytes(), true
	}
	message, err := s.from.Receive()
	if err != nil {
		return err
	}
	switch m := message.(type) {
	case *pgproto3.CopyData:
		s.add(m.Data)
		return nil
	case *pgproto3.CommandComplete:
		s.told = pgconn.NewCommandTag(string(m.CommandTag)).RowsAffected()
		return nil
	case *pgproto3.ErrorResponse:
		return pgconn.ErrorResponseToPgError(m)
	case *pgproto3.ReadyForQuery:
		return s.end()
	case *pgproto3.CopyOutResponse, *pgproto3.CopyDone, *pgproto3.NoticeResponse, *pgproto3.ParameterStatus, *pgproto3.NotificationResponse:
		return nil
	default:
		return errMalformed
	}
}

func (s *copyStream) add(data []byte) {
	if s.isLeft {
		s.left.Write(data)
		data = s.left.Bytes()
	}
	s.data = data
}

// end is where the server wants another statement: every row must have come.
func (s *copyStream) end() error {
	switch {
	case !s.ended || len(s.data) > 0:
		return errMalformed
	case s.told != s.counted:
		return fmt.Errorf("%w: it counts %d rows and has sent %d", errMalformed, s.told, s.counted)
	}
	return io.EOF
}
