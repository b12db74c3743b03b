package sinks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// entry is an object _runs/<as_of>/<n>.json of a date's log. The newest says what
// is published; each is written only if its number is free, so that of several
// writers one wins. A run that finds what another has left writes an entry that
// changes nothing: then the other, should it live, cannot commit any more, and
// what it has left may be removed.
type entry struct {
	RunID     string            `json:"run_id"`               // who wrote it
	Journal   *pipeline.Journal `json:"journal"`              // what is published from then on; null: nothing
	MD5       map[string]string `json:"md5,omitempty"`        // of the files of the journal, in hex, by path: what stores know of their objects
	Tables    []string          `json:"tables,omitempty"`     // of which the date may have other files than those of the journal
	IsRemoval bool              `json:"is_removal,omitempty"` // the date expired: its quarantine and its log go too
}

// head is the newest entry of a date's log.
type head struct {
	entry
	number int // 0: there is none, and a journal that is there was not written by this sink
	older  []int
}

func logPrefix(asOf string) string { return runsDir + "/" + asOf + "/" }

func entryKey(asOf string, number int) string {
	return fmt.Sprintf("%s%d.json", logPrefix(asOf), number)
}

func journalKey(asOf string) string { return runsDir + "/" + asOf + ".json" }

const latestKey = runsDir + "/latest.json"

// newest returns the head of a date's log. Where there is no log, as where a
// folder was copied from a local disk, the journal says what is published.
func (o *objects) newest(ctx context.Context, asOf string) (head, error) {
	var h head
	numbers, err := o.numbers(ctx, asOf)
	if err != nil {
		return h, err
	}
	if len(numbers) == 0 {
		h.Journal, err = o.journal(ctx, asOf)
		return h, err
	}
	last := len(numbers) - 1
	h.number, h.older = numbers[last], numbers[:last]
	isThere, err := o.readJSON(ctx, entryKey(asOf, h.number), &h.entry)
	if err == nil && !isThere {
		err = pipeline.Errorf(pipeline.ClassTemporary, o.name(entryKey(asOf, h.number)), "", "was listed, and is gone")
	}
	return h, err
}

// numbers returns the numbers of a date's entries in order.
func (o *objects) numbers(ctx context.Context, asOf string) ([]int, error) {
	keys, err := o.names(ctx, logPrefix(asOf))
	var numbers []int
	for _, key := range keys {
		text := strings.TrimSuffix(strings.TrimPrefix(key, logPrefix(asOf)), ".json")
		if n, err := strconv.Atoi(text); err == nil && entryKey(asOf, n) == key {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// isNewest reports whether no entry follows number.
func (o *objects) isNewest(ctx context.Context, asOf string, number int) (bool, error) {
	numbers, err := o.numbers(ctx, asOf)
	return err == nil && (len(numbers) == 0 || numbers[len(numbers)-1] <= number), err
}

// append writes the entry that follows h, and returns it as the new head, unless
// another writer has been faster: then it won nothing. The log is looked at again
// because the entries before a removal are deleted, which frees their numbers.
func (o *objects) append(ctx context.Context, asOf string, h head, e entry) (next head, won bool, err error) {
	next = head{entry: e, number: h.number + 1, older: append(slices.Clone(h.older), h.number)}
	if h.number == 0 {
		next.older = nil
	}
	won, err = o.putNew(ctx, entryKey(asOf, next.number), asJSON(e))
	if err != nil || !won {
		return next, false, err
	}
	won, err = o.isNewest(ctx, asOf, next.number)
	return next, won, err
}

// superseded is the error of who has not won.
func superseded(o *objects, asOf string) error {
	return pipeline.Errorf(pipeline.ClassBusy, placeOf(o.location), "look at what the other run says", "another run has published %s meanwhile, or is about to", asOf)
}

// journal returns the journal of a date as readers see it, nil if there is none.
func (o *objects) journal(ctx context.Context, asOf string) (*pipeline.Journal, error) {
	var j pipeline.Journal
	isThere, err := o.readJSON(ctx, journalKey(asOf), &j)
	if err != nil || !isThere {
		return nil, err
	}
	return &j, nil
}

// dates returns the dates that have a journal, in order.
func (o *objects) dates(ctx context.Context) ([]string, error) {
	keys, err := o.names(ctx, runsDir+"/")
	var dates []string
	for _, key := range keys {
		date := strings.TrimSuffix(strings.TrimPrefix(key, runsDir+"/"), ".json")
		if checkDate(date) == nil && journalKey(date) == key {
			dates = append(dates, date)
		}
	}
	slices.Sort(dates)
	return dates, err
}

// advance makes latest.json name the newest date that has a journal. Runs of
// several dates may do so at once, so it looks again after it has written: who
// writes last has seen all journals.
func (o *objects) advance(ctx context.Context) error {
	for {
		dates, err := o.dates(ctx)
		if err != nil || len(dates) == 0 {
			return err
		}
		newest := latest{AsOf: dates[len(dates)-1]}
		var now latest
		if _, err := o.readJSON(ctx, latestKey, &now); pipeline.ClassOf(err) != pipeline.ClassQuality && err != nil {
			return err
		}
		if now == newest {
			return nil
		}
		if err := o.put(ctx, latestKey, asJSON(newest)); err != nil {
			return err
		}
	}
}

// asJSON returns a small object's content.
func asJSON(v any) []byte {
	content, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("sinks: " + err.Error()) // journals and entries always marshal
	}
	return append(content, '\n')
}
