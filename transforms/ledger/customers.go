package ledger

import (
	"encoding/binary"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Customers are customers as columns, one entry each: what is left of them
// once their days were looked at. They are ordered by (hash, key bytes).
type Customers struct {
	Keys         Keys
	First, Last  []calendar.Day // first and last purchase; meaningless without one
	PurchaseDays []int32        // 0: no purchase, and everything below is 0
	Orders       []int32
	GrossSales   []int64
	Refunds      []int64 // ≤ 0
	Contribution []int64 // meaningless unless every kept row has one (Totals.MissingContribution)
	FirstValue   []int64 // of the first purchase
	RepeatValue  []int64 // of all later purchases together
	Attributes   []Coded // in the order of the mapping, of the first purchase

	// Taken and LastTaken are how many opportunities a customer took, and which was
	// the last, counted from 1 (0 if none); absent unless Shard.Take was asked.
	Taken, LastTaken []int32
}

// Len returns the number of customers.
func (c *Customers) Len() int { return len(c.PurchaseDays) }

// HasPurchase reports whether customer i has a purchase.
func (c *Customers) HasPurchase(i int) bool { return c.PurchaseDays[i] > 0 }

// Net returns the net revenue of customer i.
func (c *Customers) Net(i int) int64 { return c.GrossSales[i] + c.Refunds[i] }

// X returns the number of repeat purchase days of customer i, who has a purchase.
func (c *Customers) X(i int) int32 { return c.PurchaseDays[i] - 1 }

// Keys are the keys of customers: texts, or integers of 8 bytes each.
type Keys struct {
	bytes []byte
	end   []uint32
}

// Len returns the number of keys.
func (k *Keys) Len() int { return len(k.end) }

// At returns key i, which must not be changed.
func (k *Keys) At(i int) Key {
	from := uint32(0)
	if i > 0 {
		from = k.end[i-1]
	}
	return k.bytes[from:k.end[i]:k.end[i]]
}

func (k *Keys) add(key Key) {
	k.bytes = append(k.bytes, key...)
	k.end = append(k.end, uint32(len(k.bytes)))
}

// Coded is a column of texts of which there are few: customer i has
// Values[Codes[i]], and none, as without a purchase, where the code is negative.
type Coded struct {
	Values []string
	Codes  []int32
	places []uint32 // of the values in the vocabulary
}

// Value returns the text of customer i, empty where there is none.
func (c *Coded) Value(i int) string {
	if code := c.Codes[i]; code >= 0 {
		return c.Values[code]
	}
	return ""
}

// Place returns the place of customer i's text among the vocabulary's values of
// the attribute; not ok where there is none.
func (c *Coded) Place(i int) (place int, ok bool) {
	if code := c.Codes[i]; code >= 0 {
		return int(c.places[code]), true
	}
	return 0, false
}

// Append appends the customers' bytes, which Decode reads back.
func (c *Customers) Append(b []byte) []byte {
	b = appendUint32s(b, c.Keys.end)
	b = append(b, c.Keys.bytes...)
	b = appendInt32s(b, c.First)
	b = appendInt32s(b, c.Last)
	b = appendInt32s(b, c.PurchaseDays)
	b = appendInt32s(b, c.Orders)
	for _, column := range [][]int64{c.GrossSales, c.Refunds, c.Contribution, c.FirstValue, c.RepeatValue} {
		for _, v := range column {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
	}
	for i := range c.Attributes {
		b = appendUint32s(b, c.Attributes[i].places)
		b = appendInt32s(b, c.Attributes[i].Codes)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(c.Taken)))
	b = appendInt32s(b, c.Taken)
	return appendInt32s(b, c.LastTaken)
}

func appendUint32s(b []byte, column []uint32) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(column)))
	for _, v := range column {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func appendInt32s[T ~int32](b []byte, column []T) []byte {
	for _, v := range column {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// Decode replaces the customers by those of b, whose attributes have values of
// a vocabulary, in the memory that is there as far as it suffices. Their keys
// are part of b, which must not change while they are of use.
func (c *Customers) Decode(b []byte, v *Vocabulary) {
	d := decoder{b}
	n := int(d.uint32())
	c.Keys.end = int32s(&d, c.Keys.end, n)
	c.Keys.bytes = nil
	if n > 0 {
		c.Keys.bytes = d.take(int(c.Keys.end[n-1]))
	}
	c.First, c.Last = int32s(&d, c.First, n), int32s(&d, c.Last, n)
	c.PurchaseDays, c.Orders = int32s(&d, c.PurchaseDays, n), int32s(&d, c.Orders, n)
	for _, column := range []*[]int64{&c.GrossSales, &c.Refunds, &c.Contribution, &c.FirstValue, &c.RepeatValue} {
		*column = int64s(&d, *column, n)
	}
	if len(c.Attributes) != len(v.values) {
		c.Attributes = make([]Coded, len(v.values))
	}
	for i := range c.Attributes {
		a := &c.Attributes[i]
		a.places = int32s(&d, a.places, int(d.uint32()))
		a.Values = a.Values[:0]
		for _, place := range a.places {
			a.Values = append(a.Values, v.values[i][place])
		}
		a.Codes = int32s(&d, a.Codes, n)
	}
	n = int(d.uint32())
	c.Taken, c.LastTaken = int32s(&d, c.Taken, n), int32s(&d, c.LastTaken, n)
}

// int32s reads n numbers, in the memory of column as far as it suffices.
func int32s[T ~int32 | ~uint32](d *decoder, column []T, n int) []T {
	raw := d.take(4 * n)
	column = slices.Grow(column[:0], n)[:n]
	for i := range column {
		column[i] = T(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return column
}

// int64s reads n numbers, in the memory of column as far as it suffices.
func int64s(d *decoder, column []int64, n int) []int64 {
	raw := d.take(8 * n)
	column = slices.Grow(column[:0], n)[:n]
	for i := range column {
		column[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return column
}
