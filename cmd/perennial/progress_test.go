package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// By hand: 3 of 8 are 37.5 %, 38 rounded half-even; 5/8 are left of what took
// 30 s for 3/8: 50 s. 1,500,000 rows in 30 s are 50,000 a second. The
// words take 52 columns, the brackets and their distance 4: at 80 columns 24
// are left, of which 3/8 are 9, and never more than 40, of which 15.
func TestABarFillsItsLineAndLeavesOutFromTheRight(t *testing.T) {
	p := pipeline.Progress{Done: 3, Total: 8, Rows: 1_500_000}
	for width, want := range map[int]string{
		0:   "",
		5:   "compu",
		20:  "compute    38 %",
		40:  "compute    38 %  0:50 left  1500K rows",
		60:  "compute    38 %  0:50 left  1500K rows    50K rows/s",
		80:  "compute    38 %  0:50 left  1500K rows    50K rows/s  [=========               ]",
		200: "compute    38 %  0:50 left  1500K rows    50K rows/s  [===============                         ]",
	} {
		if got := barLine("compute", p, 30*time.Second, width); got != want {
			t.Errorf("width %d: got\n%q\nwant\n%q", width, got, want)
		}
	}
	for width := range 201 {
		if got := barLine("compute", p, 30*time.Second, width); len(got) > width {
			t.Errorf("width %d: %q has %d columns", width, got, len(got))
		}
	}
}

func TestABarWithoutATotalCounts(t *testing.T) {
	for _, p := range []pipeline.Progress{
		{Done: 5, Total: -1, Rows: 12_345},
		{Done: 0, Total: 1000, Rows: 12_345}, // the source does not say what its batches stand for
	} {
		want := "read        12K rows   1234 rows/s"
		if got := barLine("read", p, 10*time.Second, 100); got != want {
			t.Errorf("%+v: got %q, want %q", p, got, want)
		}
	}
}

// A total may have been estimated too low.
func TestABarNeverPassesItsEnd(t *testing.T) {
	got := barLine("read", pipeline.Progress{Done: 12, Total: 10, Rows: 12}, time.Second, 100)
	if !strings.Contains(got, "100 %  0:00 left") || strings.Contains(got, " ]") {
		t.Errorf("got %q, want a full bar", got)
	}
}

func TestCountsAndDurationsAreShort(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 9_999: "9999", 10_000: "10K", 9_999_499: "9999K", 9_999_500: "10M", 1 << 60: "1152922T"} {
		if got := short(n); got != want {
			t.Errorf("short(%d) is %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0:00", 59600 * time.Millisecond: "1:00", 3599 * time.Second: "59:59", 3723 * time.Second: "1:02:03"} {
		if got := minutes(d); got != want {
			t.Errorf("minutes(%v) is %s, want %s", d, got, want)
		}
	}
}

// A stage shows nothing before the pace allows it, then at most once a pace.
func TestProgressIsShownAtItsPace(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var shown []string
	p := &pace{now: func() time.Time { return now }, every: 100 * time.Millisecond, show: func(stage string, p pipeline.Progress, elapsed time.Duration) {
		shown = append(shown, fmt.Sprint(stage, " ", p.Done, " ", elapsed))
	}}
	p.begin("read")
	for i := range 25 { // every 10 ms: at 0 ms, 10 ms, …, 240 ms
		p.tell(pipeline.Progress{Done: int64(i)})
		now = now.Add(10 * time.Millisecond)
	}
	p.begin("compute")
	p.tell(pipeline.Progress{})
	if got, want := strings.Join(shown, ", "), "read 10 100ms, read 20 200ms"; got != want {
		t.Errorf("shown: %s, want %s", got, want)
	}
}

// screen is what a terminal of one line shows after a text, and the lines
// above it.
func screen(text string) (above []string, line string) {
	var cells []rune
	at := 0
	for _, r := range text {
		switch r {
		case '\r':
			at = 0
		case '\n':
			above, cells, at = append(above, strings.TrimRight(string(cells), " ")), nil, 0
		default:
			for len(cells) <= at {
				cells = append(cells, ' ')
			}
			cells[at] = r
			at++
		}
	}
	return above, strings.TrimRight(string(cells), " ")
}

func TestABarIsErasedBeforeAnythingElseIsWritten(t *testing.T) {
	var out bytes.Buffer
	b := &bar{to: &out, width: func() int { return 80 }}
	b.show("compute", pipeline.Progress{Done: 1, Total: 2, Rows: 10}, time.Second)
	b.show("read", pipeline.Progress{Total: -1, Rows: 10}, time.Second)
	if _, line := screen(out.String()); line != "read         10 rows     10 rows/s" {
		t.Errorf("the second bar shows %q, want no rest of the first", line)
	}
	fmt.Fprint(&out, "^C") // the terminal's echo
	fmt.Fprintln(b, "a warning")
	b.show("value", pipeline.Progress{Done: 1, Total: 2, Rows: 10}, time.Second)
	b.erase()
	b.erase()
	fmt.Fprintln(&out, "error: something")
	above, line := screen(out.String())
	if got := strings.Join(above, "|"); got != "a warning|error: something" || line != "" {
		t.Errorf("the terminal shows %q and %q, want the two lines alone", got, line)
	}
}
