package sinks

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// dictionary gives the distinct texts of a row group's column ids in the order
// in which they come. A number is a text of its eight bytes.
type dictionary struct {
	texts []byte
	ends  []uint32 // where each text begins in texts, and where the last ends
	ids   []int32  // of each value of the row group
	slots []slot   // open addressing by sign
	used  []uint32 // slots that are not empty, by id
	seen  []int32  // by id: the page that last had it, counted from 1

	labels [table.MaxLabels]int32 // by place among a column's labels: id + 1; 0 where it has none
}

// slot is a place of a text in the table.
type slot struct {
	sign sign
	next int32 // id + 1; 0 where the slot is empty
}

// dictionarySlots keeps the table at most half full.
const dictionarySlots = 2 * dictionaryValues

func newDictionary() *dictionary {
	return &dictionary{slots: make([]slot, dictionarySlots)}
}

// reset forgets all texts.
func (d *dictionary) reset() {
	for _, at := range d.used {
		d.slots[at] = slot{}
	}
	d.texts, d.ends, d.ids = d.texts[:0], append(d.ends[:0], 0), d.ids[:0]
	d.used, d.seen = d.used[:0], d.seen[:0]
	d.labels = [table.MaxLabels]int32{}
}

func (d *dictionary) len() int { return len(d.used) }

func (d *dictionary) text(id int32) []byte { return d.texts[d.ends[id]:d.ends[id+1]] }

// addTexts gives the texts of a page ids, and reports false where there are
// more than a dictionary may have.
func (d *dictionary) addTexts(p *page) bool {
	start := p.ends[0]
	var before []byte // the text before, which many columns have again and again
	for _, end := range p.ends[1:] {
		text := p.texts[start:end]
		start = end
		if before != nil && bytes.Equal(text, before) {
			d.ids = append(d.ids, d.ids[len(d.ids)-1])
			continue
		}
		before = text
		id, ok := d.id(signOf(text), text)
		if !ok {
			return false
		}
		d.ids = append(d.ids, id)
	}
	return true
}

// addLabels gives texts ids by their places among labels, and reports false
// where there are more than a dictionary may have.
func (d *dictionary) addLabels(places []uint8, labels []string) bool {
	for _, place := range places {
		if d.labels[place] == 0 {
			text := []byte(labels[place])
			id, ok := d.id(signOf(text), text)
			if !ok {
				return false
			}
			d.labels[place] = id + 1
		}
		d.ids = append(d.ids, d.labels[place]-1)
	}
	return true
}

// addNumbers gives numbers ids, and reports false where there are more than a
// dictionary may have, and where one is not finite.
func (d *dictionary) addNumbers(values []float64) bool {
	var text [8]byte
	for _, v := range values {
		n := math.Float64bits(v)
		binary.LittleEndian.PutUint64(text[:], n)
		id, ok := d.id(sign{n, n, 8}, text[:])
		if !ok || v-v != 0 {
			return false
		}
		d.ids = append(d.ids, id)
	}
	return true
}

// id returns the id of a text, and false where it would need one and none is
// left.
func (d *dictionary) id(s sign, text []byte) (int32, bool) {
	at := s.slot()
	for d.slots[at].next != 0 && !d.holds(at, s, text) {
		at = (at + 1) % dictionarySlots
	}
	if d.slots[at].next == 0 && !d.put(at, s, text) {
		return 0, false
	}
	return d.slots[at].next - 1, true
}

// holds reports whether a slot that is not empty is that of a text.
func (d *dictionary) holds(at uint32, s sign, text []byte) bool {
	held := &d.slots[at]
	return held.sign == s && (s.length <= signBytes || bytes.Equal(text, d.text(held.next-1)))
}

// put gives a text the next id, and reports false where none is left.
func (d *dictionary) put(at uint32, s sign, text []byte) bool {
	if d.len() == dictionaryValues || len(d.texts)+len(text) > dictionaryBytes {
		return false
	}
	d.texts = append(d.texts, text...)
	d.ends = append(d.ends, uint32(len(d.texts)))
	d.used = append(d.used, at)
	d.seen = append(d.seen, 0)
	d.slots[at] = slot{s, int32(d.len())}
	return true
}

// sign stands for a text: for one of at most signBytes its bytes, so that
// equal signs are equal texts; for a longer one a hash.
type sign struct {
	front, back uint64
	length      uint32
}

const signBytes = 16

func signOf(text []byte) sign {
	s := sign{length: uint32(len(text))}
	switch n := len(text); {
	case n > signBytes:
		s.front = xxh3.Hash(text)
	case n >= 8:
		s.front, s.back = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	case n >= 4:
		s.front, s.back = uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
	case n > 0:
		s.front = uint64(text[0]) | uint64(text[n/2])<<8 | uint64(text[n-1])<<16
	}
	return s
}

// slot returns where in the table to look first: the folded product of the
// sign's halves, each mixed with digits of pi.
func (s sign) slot() uint32 {
	high, low := bits.Mul64(s.front^0x243f6a8885a308d3, s.back^uint64(s.length)^0x13198a2e03707344)
	return uint32(high^low) % dictionarySlots
}

// bounds returns the bounds of a page, counted from 1, whose values have ids.
func (d *dictionary) bounds(ids []int32, page int32) bounds {
	if len(ids) == 0 {
		return bounds{}
	}
	low, high := d.text(ids[0]), d.text(ids[0])
	for _, id := range ids {
		if d.seen[id] == page {
			continue
		}
		d.seen[id] = page
		if text := d.text(id); bytes.Compare(text, low) < 0 {
			low = text
		} else if bytes.Compare(text, high) > 0 {
			high = text
		}
	}
	return cutBounds(low, high)
}

// plain appends the dictionary as its page has it: each text after its
// length in four bytes, numbers as they are.
func (d *dictionary) plain(b []byte, k table.Kind) []byte {
	if k == table.Number {
		return append(b, d.texts...)
	}
	for id := range d.len() {
		text := d.text(int32(id))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return b
}
