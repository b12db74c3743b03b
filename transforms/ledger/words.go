package ledger

import (
	"fmt"
	"maps"
	"slices"
)

// A word stands for a value of an attribute: the number of the intake that
// met it, and the value's number there. Rows carry words instead of texts.
const wordBits = 20

// MaxIntakes is how many intakes a run may have; MaxValues is how many
// distinct values an attribute may have: what has more is no property of
// customers by which anybody compares them.
const (
	MaxIntakes = 1 << (32 - wordBits)
	MaxValues  = 1 << wordBits
)

// WordsError says that an attribute has more than MaxValues distinct values.
type WordsError struct{ Attribute Attribute }

// Error names the attribute.
func (e *WordsError) Error() string {
	return fmt.Sprintf("attribute %s (column %q) has more than %d distinct values", e.Attribute.Name, e.Attribute.Column, MaxValues)
}

// words are the values of one attribute that an intake has met.
type words struct {
	base   uint32
	number map[string]uint32
	values []string
}

// of returns the word of a value, and false if there is no room for it.
func (w *words) of(value []byte) (uint32, bool) {
	n, ok := w.number[string(value)]
	if !ok {
		if len(w.values) == MaxValues {
			return 0, false
		}
		if w.number == nil {
			w.number = map[string]uint32{}
		}
		n = uint32(len(w.values))
		w.values = append(w.values, string(value))
		w.number[w.values[n]] = n
	}
	return w.base | n, true
}

// noAttribute is the value of an attribute that is null in the source.
const noAttribute = "(none)"

// readColumn sets the words of the rows that are kept so far, and reports
// whether there was room for all.
func (w *words) readColumn(c *column, fate []Fate, into []uint32) bool {
	var text, last []byte
	var word uint32
	hasLast, ok := false, true
	for i := range into {
		if fate[i] != Kept {
			continue
		}
		if c.isNull(i) {
			text = append(text[:0], noAttribute...)
		} else {
			text = c.appendText(text[:0], i)
		}
		if !hasLast || string(text) != string(last) {
			if word, ok = w.of(text); !ok {
				return false
			}
			hasLast, last = true, append(last[:0], text...)
		}
		into[i] = word
	}
	return true
}

// Vocabulary is the values of all attributes that the intakes of a run have
// met, by their words.
type Vocabulary struct {
	values [][]string  // [attribute]: distinct, in order
	places [][][]int32 // [attribute][intake]: where each of its values stands among them
}

// NewVocabulary puts the words of intakes together, which are numbered in the
// order given. It fails with a WordsError.
func NewVocabulary(b *Binding, intakes ...*Intake) (*Vocabulary, error) {
	v := &Vocabulary{}
	for a, attribute := range b.mapping.Attributes {
		distinct := map[string]int32{}
		for _, in := range intakes {
			for _, value := range in.words[a].values {
				distinct[value] = 0
			}
		}
		if len(distinct) > MaxValues {
			return nil, &WordsError{attribute}
		}
		values := slices.Sorted(maps.Keys(distinct))
		for i, value := range values {
			distinct[value] = int32(i)
		}
		places := make([][]int32, len(intakes))
		for n, in := range intakes {
			for _, value := range in.words[a].values {
				places[n] = append(places[n], distinct[value])
			}
		}
		v.values, v.places = append(v.values, values), append(v.places, places)
	}
	return v, nil
}

// Values returns the distinct values of an attribute, in order.
func (v *Vocabulary) Values(attribute int) []string { return v.values[attribute] }

// place returns where the value of a word stands among all of an attribute's,
// which are in order.
func (v *Vocabulary) place(attribute int, word uint32) int32 {
	return v.places[attribute][word>>wordBits][word&(MaxValues-1)]
}
