package jobs

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// Dictionary is what can be explained: all of it, or what a topic names.
type Dictionary struct {
	Tables []TableEntry `json:"tables,omitempty"`
	Keys   []Key        `json:"keys,omitempty"`
	Terms  []Terms      `json:"terms,omitempty"`

	isWhole bool
}

// TableEntry explains a table.
type TableEntry struct {
	Name    string        `json:"table_name"`
	Doc     string        `json:"description,omitempty"` // empty where only columns were asked for
	Key     []string      `json:"key"`
	Columns []ColumnEntry `json:"columns"`
}

// ColumnEntry explains a column, in the words of table_columns.
type ColumnEntry struct {
	Name       string `json:"column_name"`
	Type       string `json:"data_type"`
	Unit       string `json:"unit,omitempty"`
	IsKey      bool   `json:"is_key"`
	Additivity string `json:"additivity"`
	Doc        string `json:"description"`
	Null       string `json:"null_meaning,omitempty"`
}

// Terms are words of one kind with their meanings.
type Terms struct {
	Kind   string        `json:"kind"`   // one of them, as exit code
	Title  string        `json:"-"`      // all of them, as Exit codes
	Where  string        `json:"column"` // the column in which they stand; empty where in none
	Intro  string        `json:"-"`
	Listed []ledger.Term `json:"terms"`

	Symbols string `json:"symbols,omitempty"` // what the symbols in the meanings stand for
}

// Topic returns the topic that names all of the kind, as exit_codes.
func (t *Terms) Topic() string { return strings.ReplaceAll(strings.ToLower(t.Title), " ", "_") }

// NewDictionary returns everything that can be explained of a program with
// these adapters and of tables with these attributes.
func NewDictionary(adapters Adapters, attributes []string) *Dictionary {
	d := &Dictionary{Keys: Keys(adapters), Terms: allTerms(), isWhole: true}
	for _, s := range Catalogue(false, attributes) {
		d.Tables = append(d.Tables, tableEntry(s))
	}
	return d
}

// allTerms are the words beside tables, columns and keys, by kind.
func allTerms() []Terms {
	return []Terms{
		{Kind: "exclusion reason", Title: "Exclusion reasons", Where: "run_exclusions.reason", Intro: "Why a row is in no other table. A row has the first reason that applies, in this order.", Listed: ledger.ReasonTerms},
		{Kind: "check", Title: "Checks", Where: "run_checks.check_name", Intro: "What a run checks before it publishes.", Listed: checkTerms()},
		{Kind: "prediction status", Title: "Prediction statuses", Where: "customers.prediction_status", Intro: "How far the prediction of a customer can be trusted.", Listed: clv.Statuses},
		{Kind: "lifecycle stage", Title: "Lifecycle stages", Where: "customers.lifecycle_stage", Intro: "Where a customer stands by days since the last purchase. The limits are in run_checks.", Listed: clv.Stages},
		{Kind: "value tier", Title: "Value tiers", Where: "customers.value_tier", Intro: "Classes of value_percentile.", Listed: clv.Tiers},
		{Kind: "formula", Title: "Formulas", Where: "clv_formulas.method", Intro: "How customer value is reckoned elsewhere.", Listed: clv.MethodTerms(), Symbols: clv.FormulaSymbols},
		{Kind: "formula warning", Title: "Formula warnings", Where: "clv_formulas.warning", Intro: "Why a formula's value is to be read with care.", Listed: clv.FormulaWarnings},
		{Kind: "model family", Title: "Model families", Where: "models.family", Intro: "The models that are fitted.", Listed: models.Families},
		{Kind: "fit status", Title: "Fit statuses", Where: "models.status", Intro: "What became of a fit.", Listed: models.FitStatuses},
		{Kind: "definition", Title: "Definitions", Intro: "How the values of a customer are computed.", Listed: clv.Definitions},
		{Kind: "column of every table", Title: "Columns of every table", Intro: "What every table has beside its own columns.", Listed: []ledger.Term{{Name: partition.Name, Doc: partition.Doc}}},
		{Kind: "word", Title: "Words", Intro: "What the words mean that tables and documents use.", Listed: glossary},
		{Kind: "exit code", Title: "Exit codes", Intro: "What the exit code of a command means, and whether a scheduler should try again.", Listed: exitTerms()},
	}
}

func checkTerms() []ledger.Term {
	var terms []ledger.Term
	for i := range Checks {
		terms = append(terms, ledger.Term{Name: Checks[i].Name, Doc: Checks[i].Doc()})
	}
	return terms
}

func exitTerms() []ledger.Term {
	var terms []ledger.Term
	for _, e := range pipeline.Exits {
		doc := strings.ToUpper(e.Meaning[:1]) + e.Meaning[1:] + "."
		if e.Retry != "" {
			doc += " Retry: " + e.Retry + ". " + e.Action
		}
		terms = append(terms, ledger.Term{Name: strconv.Itoa(e.Code), Doc: doc})
	}
	return terms
}

func tableEntry(s table.Schema) TableEntry {
	e := TableEntry{Name: s.Name, Doc: s.Doc, Key: s.Key}
	for _, c := range s.Columns {
		e.Columns = append(e.Columns, columnEntry(c, slices.Contains(s.Key, c.Name)))
	}
	return e
}

func columnEntry(c table.Column, isKey bool) ColumnEntry {
	return ColumnEntry{c.Name, c.Kind.String(), c.Unit, isKey, string(c.Additivity), c.Doc, c.Null}
}

// Find returns what a topic names: a table, table.column, a column of any
// table, a key of the job file by its path or its last part, with what stands
// below it, a term, or all terms of a kind. Its error names the nearest topic.
func (d *Dictionary) Find(topic string) (*Dictionary, error) {
	topic = strings.Join(strings.Fields(topic), " ")
	found := &Dictionary{}
	for _, t := range d.Tables {
		if e, ok := t.find(topic); ok {
			found.Tables = append(found.Tables, e)
		}
	}
	for _, k := range d.Keys {
		if k.isNamed(topic) {
			found.Keys = append(found.Keys, k)
		}
	}
	for _, t := range d.Terms {
		if t.Listed = t.find(topic); t.Listed != nil {
			found.Terms = append(found.Terms, t)
		}
	}
	if found.Tables == nil && found.Keys == nil && found.Terms == nil {
		hint := "perennial explain lists all topics"
		if near := Nearest(topic, d.Topics()); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		return nil, pipeline.Errorf(pipeline.ClassUsage, "", hint, "there is nothing to explain about %q", topic)
	}
	return found, nil
}

// find returns the table, or the column of it that a topic names.
func (t TableEntry) find(topic string) (TableEntry, bool) {
	if topic == t.Name {
		return t, true
	}
	column := strings.TrimPrefix(topic, t.Name+".")
	if column != topic && column == partition.Name {
		t.Doc, t.Columns = "", []ColumnEntry{columnEntry(partition, true)}
		return t, true
	}
	i := slices.IndexFunc(t.Columns, func(c ColumnEntry) bool { return c.Name == column })
	if i < 0 {
		return t, false
	}
	t.Doc, t.Columns = "", t.Columns[i:i+1]
	return t, true
}

// element is an element of a list in a path, as --set and errors have it.
var element = regexp.MustCompile(`\[[0-9]+\]`)

// isNamed reports whether a topic names the key, by its path or its last part,
// or one that it stands below.
func (k *Key) isNamed(topic string) bool {
	below, ok := strings.CutPrefix(k.Path, element.ReplaceAllString(topic, "[]"))
	return k.Name() == topic || ok && (below == "" || below[0] == '.' || below[0] == '[')
}

// find returns the terms that a topic names: one by its name, with its kind in
// front or not, or all by the kind or the column in which they stand.
func (t *Terms) find(topic string) []ledger.Term {
	if topic == t.Topic() || topic == t.Where && t.Where != "" {
		return t.Listed
	}
	kind, name := "", topic
	if space := strings.LastIndexByte(topic, ' '); space >= 0 {
		kind, name = topic[:space], topic[space+1:]
	}
	if kind != "" && !strings.HasPrefix(t.Kind+" ", kind+" ") {
		return nil
	}
	i := slices.IndexFunc(t.Listed, func(term ledger.Term) bool {
		stem, ok := strings.CutSuffix(term.Name, "<name>")
		return term.Name == name || ok && strings.HasPrefix(name, stem)
	})
	if i < 0 {
		return nil
	}
	return t.Listed[i : i+1]
}

// Topics returns all topics, for completion and suggestions.
func (d *Dictionary) Topics() []string {
	var topics []string
	for _, t := range d.Tables {
		topics = append(topics, t.Name)
		for _, c := range t.Columns {
			topics = append(topics, t.Name+"."+c.Name, c.Name)
		}
	}
	for _, k := range d.Keys {
		topics = append(topics, k.Path)
	}
	for i := range d.Terms {
		topics = append(topics, d.Terms[i].Topic())
		for _, term := range d.Terms[i].Listed {
			topics = append(topics, term.Name)
		}
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}
