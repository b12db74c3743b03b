package sources

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// arrowDecoder decodes the messages of Arrow's IPC format that BigQuery sends
// one by one: the schema with the session, then rows without it.
type arrowDecoder struct {
	schema   []byte
	memory   memory.Allocator
	messages arrowMessages
	reader   *ipc.Reader // nil before the first rows, and after an error
}

func newArrowDecoder(schema []byte, m memory.Allocator) *arrowDecoder {
	return &arrowDecoder{schema: schema, memory: m}
}

// decode returns the rows of a message. They are copied out of it, and
// decompressed where they were compressed.
func (d *arrowDecoder) decode(message []byte) (arrow.Record, error) {
	if d.reader == nil {
		d.messages.waiting = append(d.messages.waiting[:0], d.schema)
		reader, err := ipc.NewReaderFromMessageReader(&d.messages, ipc.WithAllocator(d.memory))
		if err != nil {
			return nil, err
		}
		d.reader = reader
	}
	d.messages.waiting = append(d.messages.waiting[:0], message)
	record, err := d.reader.Read()
	if err != nil {
		d.release()
		return nil, err
	}
	record.Retain() // the reader lets go of its own hold with the next
	return record, nil
}

// release frees what the decoder holds. It may be called twice.
func (d *arrowDecoder) release() {
	if d.reader != nil {
		d.reader.Release()
		d.reader = nil
	}
}

// columnsOf returns the columns that a schema's message says.
func columnsOf(schema []byte) (*arrow.Schema, error) {
	reader, err := ipc.NewReaderFromMessageReader(&arrowMessages{waiting: [][]byte{schema}})
	if err != nil {
		return nil, err
	}
	defer reader.Release()
	return reader.Schema(), nil
}

// arrowMessages is an ipc.MessageReader of messages that are at hand.
type arrowMessages struct {
	waiting [][]byte
	current *ipc.Message
}

var errMessage = errors.New("a message of Arrow is cut short")

// Message implements ipc.MessageReader: four bytes of ones, the length of what
// describes the body, that, and the body.
func (m *arrowMessages) Message() (*ipc.Message, error) {
	const head = 8
	if len(m.waiting) == 0 {
		return nil, io.EOF
	}
	b := m.waiting[0]
	m.waiting = m.waiting[1:]
	if len(b) < head || binary.LittleEndian.Uint32(b) != math.MaxUint32 {
		return nil, errMessage
	}
	length := int64(binary.LittleEndian.Uint32(b[4:]))
	if length < head || length > int64(len(b)-head) {
		return nil, errMessage
	}
	m.Release()
	m.current = ipc.NewMessage(memory.NewBufferBytes(b[head:head+length]), memory.NewBufferBytes(b[head+length:]))
	if m.current.BodyLen() > int64(len(b)-head)-length {
		return nil, errMessage
	}
	return m.current, nil
}

// Release implements ipc.MessageReader: it frees the current message.
func (m *arrowMessages) Release() {
	if m.current != nil {
		m.current.Release()
		m.current = nil
	}
}

// Retain implements ipc.MessageReader; there is one holder.
func (m *arrowMessages) Retain() {}
