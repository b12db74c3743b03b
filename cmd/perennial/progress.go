package main

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
)

// longStage is how long a stage lasts at least before the log speaks of its
// progress, and between two such lines.
const longStage = 30 * time.Second

// watch makes a run tell its stages and their progress: as a bar on a
// terminal, else as log lines. It returns the log, and what must be called
// before anything else is written to the terminal.
//
// On a terminal the bar stands for the log, unless --log asks for that too:
// warnings are in the summary, and an error is reported at the end.
func watch(w *world, f *flags, run *jobs.Run) (log *slog.Logger, end func()) {
	started := w.now()
	p := &pace{now: w.now}
	if w.isTerminal && f.log != "json" {
		b := &bar{to: w.stderr, width: w.width}
		log, end = slog.New(slog.DiscardHandler), b.erase
		if f.log == "text" {
			log = newLogger(b, f)
		}
		p.every, p.show = redraw, b.show
	} else {
		log, end = newLogger(w.stderr, f), func() {}
		p.every, p.show = longStage, func(stage string, p pipeline.Progress, elapsed time.Duration) {
			fields := []any{"stage", stage, "job", run.Job.Name, "run_id", run.RunID, "rows", p.Rows, "rows_per_second", perSecond(p.Rows, elapsed)}
			if share, isKnown := shareOf(p); isKnown {
				fields = append(fields, "share", math.Round(share*1000)/1000)
			}
			log.Info("progress", fields...)
		}
	}
	run.OnStage = func(stage string) {
		end()
		p.begin(stage)
		log.Info("stage", "stage", stage, "job", run.Job.Name, "as_of_date", run.AsOf.String(), "run_id", run.RunID,
			"seconds", w.now().Sub(started).Round(time.Millisecond).Seconds())
	}
	run.OnProgress = p.tell
	return log, end
}

// pace shows the progress of a run's stages, at most once in a while. Several
// goroutines may tell it; it has none of its own, so that nothing outlives the
// run, and shows nothing while nobody tells it anything.
type pace struct {
	now   func() time.Time
	every time.Duration // and not before a stage is so old: short ones show nothing
	show  func(stage string, p pipeline.Progress, elapsed time.Duration)

	mu           sync.Mutex
	stage        string
	began, shown time.Time
}

// begin notes that a stage begins.
func (p *pace) begin(stage string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage, p.began = stage, p.now()
	p.shown = p.began
}

// tell shows the stage's progress if it is time. Who comes while it is being
// shown does not wait.
func (p *pace) tell(progress pipeline.Progress) {
	if !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	if now := p.now(); now.Sub(p.shown) >= p.every {
		p.shown = now
		p.show(p.stage, progress, now.Sub(p.began))
	}
}

// bar is a line on a terminal that is written over and over. What is written
// to the terminal through it takes the line's place.
type bar struct {
	to    io.Writer
	width func() int // of the terminal

	mu      sync.Mutex
	isShown bool
}

// redraw is how long a bar stands at least before it is drawn again.
const redraw = 100 * time.Millisecond

// show draws a stage's progress over the line before. That a bar cannot be
// drawn is no reason to stop.
func (b *bar) show(stage string, p pipeline.Progress, elapsed time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	columns := b.columns()
	line := barLine(stage, p, elapsed, max(0, columns-len("^C")))
	_, _ = fmt.Fprintf(b.to, "\r%*s\r%s", columns, "", line)
	b.isShown = true
}

// columns returns how many columns may be written to. The terminal's last one
// stays free: some begin a new line behind it.
func (b *bar) columns() int { return max(0, b.width()-1) }

// erase leaves an empty line with the cursor at its beginning.
func (b *bar) erase() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
}

// clear blanks the whole line: the bar, and the ^C of who interrupts.
func (b *bar) clear() {
	if b.isShown {
		_, _ = fmt.Fprintf(b.to, "\r%*s\r", b.columns(), "")
		b.isShown = false
	}
}

// Write erases the bar and writes.
func (b *bar) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	return b.to.Write(text)
}

// barLine returns a line of ASCII, at most so many columns long: the stage,
// how far it is, the time left, rows a second, and a bar in what is left
// of the line. What does not fit is left out from the right, so that the
// share is the last to go.
func barLine(stage string, p pipeline.Progress, elapsed time.Duration, columns int) string {
	line := fmt.Sprintf("%-8s", stage)
	share, isKnown := shareOf(p)
	parts := []string{
		fmt.Sprintf("%5s rows", short(p.Rows)), // as wide while the count grows
		fmt.Sprintf("%5s rows/s", short(perSecond(p.Rows, elapsed))),
	}
	if isKnown {
		left := time.Duration(float64(elapsed) * (1 - share) / share)
		parts = append([]string{fmt.Sprintf("%3.0f %%", 100*share), minutes(left) + " left"}, parts...)
	}
	for _, part := range parts {
		if len(line)+len("  ")+len(part) > columns {
			return line[:min(len(line), columns)]
		}
		line += "  " + part
	}
	const least, most = 10, 40 // columns of the bar proper
	room := min(most, columns-len(line)-len("  []"))
	if !isKnown || room < least {
		return line
	}
	filled := int(share * float64(room))
	return line + "  [" + strings.Repeat("=", filled) + strings.Repeat(" ", room-filled) + "]"
}

// shareOf returns the share of the work that is done, and whether it is known.
// It is at most 1, also where the total was an estimate.
func shareOf(p pipeline.Progress) (float64, bool) {
	if p.Total <= 0 || p.Done <= 0 {
		return 0, false
	}
	return min(1, float64(p.Done)/float64(p.Total)), true
}

func perSecond(rows int64, elapsed time.Duration) int64 {
	return int64(float64(rows) / max(elapsed, time.Millisecond).Seconds())
}

// short writes a count in at most five characters.
func short(n int64) string {
	unit, v := "", float64(n)
	for _, larger := range []string{"K", "M", "G", "T"} {
		if v < 9999.5 {
			break
		}
		unit, v = larger, v/1000
	}
	return fmt.Sprintf("%.0f%s", v, unit)
}

// minutes writes a duration as 1:02:03 or 2:03.
func minutes(d time.Duration) string {
	s := int64(d.Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
