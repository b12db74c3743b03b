package jobs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Key is one key of a job file: what may be written there, what it means, and
// what holds where it is left out. Keys are read off File and the adapters'
// options, by their tags:
//
//	yaml     the name
//	doc      the meaning, for people
//	default  the value that holds without it, as a job file would say it; or
//	         required; or one of these: exactly one of the keys marked so
//	absent   instead of default: what holds without it, in words
//	one_of   the words that may be written there, or in a list there
//
// A type that may be written in several ways has a method Forms, which returns
// a value of each: a text that is not empty stands for that word alone, a list
// that is not empty for a list of its words.
type Key struct {
	Path       string   `json:"path"`              // dotted; [] after the name of a list leads into it
	Value      string   `json:"value"`             // what may be written, in words
	Default    string   `json:"default,omitempty"` // as it would be written; empty where there is none
	Absent     string   `json:"absent,omitempty"`  // what holds without it, in words
	OneOf      []string `json:"one_of,omitempty"`
	Doc        string   `json:"doc"`
	IsRequired bool     `json:"is_required"`

	isAlternative bool
	shape         shape
}

// Name returns the last part of the key's path.
func (k *Key) Name() string { return k.Path[strings.LastIndexByte(k.Path, '.')+1:] }

// Without returns what holds where the key is left out, for people.
func (k *Key) Without() string {
	switch {
	case k.IsRequired:
		return "required"
	case k.isAlternative:
		return "one of these"
	case k.Default != "":
		return k.Default
	default:
		return k.Absent
	}
}

// Keys returns all keys of a job file with these adapters, in the order of the
// file, each before what stands below it.
func Keys(adapters Adapters) []Key {
	var all []Key
	var add func([]Key)
	add = func(keys []Key) {
		for _, k := range keys {
			all = append(all, k)
			add(k.shape.below())
		}
	}
	add(fileShape(adapters).keys)
	return all
}

// shape is what may be written at a key.
type shape struct {
	kind  shapeKind
	words []string // of a text: nothing else may be written
	item  *shape   // of a list, and of a mapping by names of the user's choice
	keys  []Key    // of a mapping
	forms []shape  // any of them
}

type shapeKind int

const (
	aText shapeKind = iota
	aNumber
	aWholeNumber
	aTruth
	aList
	names // a mapping by names of the user's choice
	aMapping
	anyForm
)

// below returns the keys that stand below, in whichever form.
func (s *shape) below() []Key {
	keys := s.keys
	if s.item != nil {
		keys = append(keys, s.item.below()...)
	}
	for i := range s.forms {
		keys = append(keys, s.forms[i].below()...)
	}
	return keys
}

// String says what may be written.
func (s *shape) String() string {
	switch s.kind {
	case aNumber:
		return "number"
	case aWholeNumber:
		return "whole number"
	case aTruth:
		return "true or false"
	case aList:
		return "list of " + s.item.inList()
	case names:
		return "name: " + s.item.String() + ", …"
	case aMapping:
		return s.written()
	case anyForm:
		var forms []string
		for i := range s.forms {
			forms = append(forms, s.forms[i].String())
		}
		return strings.Join(forms, ", or ")
	default:
		return orWords(s.words, "text")
	}
}

// inList says what may be written in a list; many words are left to the key's
// meaning.
func (s *shape) inList() string {
	const most = 5
	if len(s.words) > most {
		return "text"
	}
	return strings.ReplaceAll(s.String(), ", or ", " or ")
}

// written returns a mapping as it would be written on one line.
func (s *shape) written() string {
	var keys []string
	for i := range s.keys {
		keys = append(keys, s.keys[i].Name())
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

// orWords returns "a, b or c", or what to say without any words.
func orWords(words []string, otherwise string) string {
	switch n := len(words); n {
	case 0:
		return otherwise
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}

// formed is a type that may be written in several ways.
type formed interface{ Forms() []any }

// keyReader reads shapes off Go values. options are the adapters', by path.
type keyReader struct{ options map[string]any }

// fileShape returns the shape of a whole job file.
func fileShape(adapters Adapters) shape {
	r := keyReader{options: map[string]any{}}
	for name, a := range adapters.Sources {
		r.options["source."+name] = a.Options
	}
	for name, a := range adapters.Sinks {
		r.options["sink."+name] = a.Options
	}
	return r.shape(reflect.ValueOf(File{}), "", nil)
}

// shape returns what may be written for a Go value at a path.
func (r *keyReader) shape(v reflect.Value, path string, words []string) shape {
	if v.Kind() == reflect.Pointer {
		return r.shape(reflect.Zero(v.Type().Elem()), path, words)
	}
	if f, ok := v.Interface().(formed); ok {
		s := shape{kind: anyForm}
		for _, form := range f.Forms() {
			s.forms = append(s.forms, r.shape(reflect.ValueOf(form), path, words))
		}
		return s
	}
	switch v.Kind() {
	case reflect.Bool:
		return shape{kind: aTruth}
	case reflect.Int:
		return shape{kind: aWholeNumber}
	case reflect.String:
		return textShape(v, words)
	case reflect.Slice:
		for i := range v.Len() {
			words = append(words, v.Index(i).String())
		}
		item := r.shape(reflect.Zero(v.Type().Elem()), path+"[]", words)
		return shape{kind: aList, item: &item}
	case reflect.Map:
		item := r.shape(reflect.Zero(v.Type().Elem()), path, words)
		return shape{kind: names, item: &item}
	case reflect.Struct:
		return shape{kind: aMapping, keys: r.keys(v, path)}
	default:
		panic(fmt.Sprintf("jobs: no job file can hold a %s, at %s", v.Type(), path))
	}
}

func textShape(v reflect.Value, words []string) shape {
	switch {
	case v.Type() == reflect.TypeFor[number]():
		return shape{kind: aNumber}
	case v.String() != "":
		return shape{words: []string{v.String()}}
	default:
		return shape{words: words}
	}
}

// keys returns the keys of a struct; of an adapter's, those of its options.
func (r *keyReader) keys(v reflect.Value, path string) []Key {
	var keys []Key
	for i, field := range slices.Collect(v.Type().Fields()) {
		name, ok := field.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		at, value := join(path, name), v.Field(i)
		if field.Type == reflect.TypeFor[located]() {
			options, ok := r.options[at]
			if !ok {
				continue // a technology that this version does not have
			}
			value = reflect.ValueOf(options)
		}
		keys = append(keys, r.key(field.Tag, value, at))
	}
	return keys
}

// key returns the key that a field's tag describes.
func (r *keyReader) key(tag reflect.StructTag, value reflect.Value, path string) Key {
	k := Key{Path: path, Doc: tag.Get("doc"), Default: tag.Get("default"), Absent: tag.Get("absent")}
	if words := tag.Get("one_of"); words != "" {
		k.OneOf = strings.Split(words, ",")
	}
	switch k.Default {
	case "required":
		k.Default, k.IsRequired = "", true
	case "one of these":
		k.Default, k.isAlternative = "", true
	}
	k.shape = r.shape(value, path, k.OneOf)
	k.Value = k.shape.String()
	return k
}
