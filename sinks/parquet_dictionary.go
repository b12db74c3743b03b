package sinks

import (
	"bytes"
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// dictionary numbers the distinct texts of a row group's column in the order
// in which they come.
type dictionary struct {
	texts []byte
	ends  []uint32 // where each text begins in texts, and where the last ends
	ids   []int32  // of each value of the row group
	slots []int32  // open addressing by hash: id + 1, 0 where empty
	seen  []int32  // by id: the page that last had it, counted from 1
}

// dictionarySlots keeps the table of slots at most a quarter full.
const dictionarySlots = 4 * dictionaryTexts

func newDictionary() *dictionary {
	return &dictionary{slots: make([]int32, dictionarySlots)}
}

// reset forgets all texts.
func (d *dictionary) reset() {
	clear(d.slots)
	d.texts, d.ends, d.ids, d.seen = d.texts[:0], append(d.ends[:0], 0), d.ids[:0], d.seen[:0]
}

func (d *dictionary) len() int { return len(d.ends) - 1 }

func (d *dictionary) text(id int32) []byte { return d.texts[d.ends[id]:d.ends[id+1]] }

// add numbers the texts of a page, and reports false where there are more
// than a dictionary may have.
func (d *dictionary) add(p *page) bool {
	last := int32(-1)
	for i := range p.values() {
		text := p.text(i)
		if last < 0 || !bytes.Equal(text, d.text(last)) {
			last = d.id(text)
		}
		if d.len() > dictionaryTexts || len(d.texts) > dictionaryBytes {
			return false
		}
		d.ids = append(d.ids, last)
	}
	return true
}

// id returns the number of a text, a new one if it has none.
func (d *dictionary) id(text []byte) int32 {
	slot := xxh3.Hash(text) % dictionarySlots
	for d.slots[slot] != 0 {
		if id := d.slots[slot] - 1; bytes.Equal(text, d.text(id)) {
			return id
		}
		slot = (slot + 1) % dictionarySlots
	}
	id := int32(d.len())
	d.texts = append(d.texts, text...)
	d.ends = append(d.ends, uint32(len(d.texts)))
	d.seen = append(d.seen, 0)
	d.slots[slot] = id + 1
	return id
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
// length in four bytes.
func (d *dictionary) plain(b []byte) []byte {
	for id := range d.len() {
		text := d.text(int32(id))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return b
}
