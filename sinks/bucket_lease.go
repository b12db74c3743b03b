package sinks

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// leaseLife is how long a date stays held without a sign of life. A killed run
// keeps the next one out for so long; a run that computes for longer between its
// signs, which are its staged parts, may be taken over, and then loses only its
// work: what decides is the log of the date.
const leaseLife = 30 * time.Minute

// lease is a date that a run holds: the object _locks/<as_of>, which names it.
// It spares two runs of a date the work of which one would be lost; that one is
// lost, and not half of each, does not rest on it.
type lease struct {
	objects    *objects
	asOf       string
	runID      string
	life       time.Duration
	at         time.Time // when it was last written, by the store's clock
	isTakeover bool      // another run held the date, and may have left something
}

func leaseKey(asOf string) string { return locksDir + "/" + asOf }

func (l *lease) content() []byte { return []byte(l.runID + "\n") }

// claim takes a date, or finds it taken by this very run. ClassBusy says that
// another run has it.
func (s *bucketSink) claim(ctx context.Context, o *objects, asOf, runID string) (*lease, error) {
	l := &lease{objects: o, asOf: asOf, runID: runID, life: s.life}
	for {
		isOurs, err := o.putNew(ctx, leaseKey(asOf), l.content())
		if err != nil {
			return nil, err
		}
		if isOurs {
			_, l.at, err = l.holder(ctx)
			return l, err
		}
		if l.isTakeover {
			return nil, l.busy(ctx) // another has been faster to take over
		}
		if err := l.expire(ctx); err != nil {
			return nil, err
		}
		l.isTakeover = true
	}
}

// expire removes another run's lease once it is old enough, else it is busy.
func (l *lease) expire(ctx context.Context) error {
	holder, at, err := l.holder(ctx)
	if err != nil || holder == "" { // given back meanwhile
		return err
	}
	now, err := l.now(ctx)
	if err != nil {
		return err
	}
	if now.Sub(at) <= l.life {
		return l.busy(ctx)
	}
	return l.objects.remove(ctx, leaseKey(l.asOf))
}

// busy says who holds the date.
func (l *lease) busy(ctx context.Context) error {
	holder, _, err := l.holder(ctx)
	if err != nil {
		return err
	}
	key := l.objects.name(leaseKey(l.asOf))
	return pipeline.Errorf(pipeline.ClassBusy, placeOf(l.objects.location),
		"try again when that run has ended; one that was killed holds the date until "+l.minutes()+" after its last sign of life, or until you remove "+key,
		"run %s holds %s", cmp.Or(holder, "(just ended)"), l.asOf)
}

// holder returns the run that the lease names and when it was written; "" if the
// date is free.
func (l *lease) holder(ctx context.Context) (string, time.Time, error) {
	content, at, err := l.objects.read(ctx, leaseKey(l.asOf))
	return strings.TrimSpace(string(content)), at, err
}

// now returns the store's time, which is when it has written an object just
// written: no other clock can be compared with the lease's. A zero time says that
// a run that is just beginning has taken the object for another's leavings.
func (l *lease) now(ctx context.Context) (time.Time, error) {
	key := stagedKey(l.runID, "clock", l.asOf, "now")
	if err := l.objects.put(ctx, key, nil); err != nil {
		return time.Time{}, err
	}
	found, err := l.objects.look(ctx, key)
	if err != nil || found == nil {
		return time.Time{}, err
	}
	return found.at, l.objects.remove(ctx, key)
}

// check fails with ClassBusy unless the run still holds the date.
func (l *lease) check(ctx context.Context) error {
	holder, _, err := l.holder(ctx)
	if err != nil || holder == l.runID {
		return err
	}
	return l.lost()
}

// blamed returns err, unless the run has lost the date meanwhile: then what it
// staged was taken away, and that is why. A nil lease is never lost.
func (l *lease) blamed(ctx context.Context, err error) error {
	if l == nil {
		return err
	}
	if lost := l.check(ctx); pipeline.ClassOf(lost) == pipeline.ClassBusy {
		return lost
	}
	return err
}

func (l *lease) lost() error {
	return pipeline.Errorf(pipeline.ClassBusy, placeOf(l.objects.location), "look at what the other run says; its result is published, or will be",
		"another run has taken %s over, for this one gave no sign of life for %s", l.asOf, l.minutes())
}

func (l *lease) minutes() string { return fmt.Sprintf("%.0f minutes", l.life.Minutes()) }

// renew is a sign of life, where the last was long ago: now is when the store has
// written something of the run. Stores limit how often an object may be replaced.
func (l *lease) renew(ctx context.Context, now time.Time) error {
	if now.Sub(l.at) < l.life/4 {
		return nil
	}
	if err := l.check(ctx); err != nil {
		return err
	}
	if err := l.objects.put(ctx, leaseKey(l.asOf), l.content()); err != nil {
		return err
	}
	l.at = now
	return nil
}

// free gives the date back, if it is still the run's.
func (l *lease) free(ctx context.Context) error {
	holder, _, err := l.holder(ctx)
	if err != nil || holder != l.runID {
		return err
	}
	return l.objects.remove(ctx, leaseKey(l.asOf))
}
