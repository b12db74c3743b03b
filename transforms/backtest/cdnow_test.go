package backtest

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
)

// shared returns a file beside the repository, which is too large or not ours to
// commit. Without it the test is skipped, except where CI = true.
func shared(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", filepath.FromSlash(path)))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared/%s is missing", path)
		}
		t.Skipf("shared/%s is not beside the repository", path)
	}
	return content
}

// cdnow returns the purchases of the customers of the CDNOW sample, the
// purchases of a day merged.
func cdnow(t *testing.T) [][]visit {
	t.Helper()
	byCustomer := map[string][]int{}
	for lines := bufio.NewScanner(strings.NewReader(string(shared(t, "data/cdnow/CDNOW_sample.txt")))); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		date := fields[2]
		day, ok := calendar.ParseDay(date[:4] + "-" + date[4:6] + "-" + date[6:])
		if !ok {
			t.Fatalf("no date: %s", date)
		}
		byCustomer[fields[1]] = append(byCustomer[fields[1]], int(day))
	}
	var customers [][]visit
	for _, days := range byCustomer {
		slices.Sort(days)
		customers = append(customers, visitsOf(slices.Compact(days)...))
	}
	return customers
}

// Weekly tracking of CDNOW agrees with BTYD 2.4.3 at its own parameters: 78 weeks
// of actual repeat purchases exactly, of expected ones to 1e-8, as far as BTYD's
// series for ₂F₁ goes. BTYD's week w ends 7w days after the first purchase of all
// in what it expects and a day earlier in what it counts; so it is compared with
// weeks that begin on Thursday and on Wednesday.
func TestTrackingOfCDNOWAgreesWithBTYD(t *testing.T) {
	var reference struct {
		Sample struct {
			Programs struct {
				BTYD struct {
					BG struct {
						Params struct{ R, Alpha, A, B float64 }
					} `json:"bgnbd"`
				}
			}
			Weekly struct {
				Week     []int
				Actual   []int64   `json:"BTYD_cdnowSummary_cu_tracking"`
				Expected []float64 `json:"bgnbd_expected_cumulative"`
			} `json:"tracking_weekly"`
		} `json:"cdnow_sample"`
	}
	if err := json.Unmarshal(shared(t, "reference/cdnow.json"), &reference); err != nil {
		t.Fatal(err)
	}
	d := dailyOf(shardOf(calendar.Date(1998, 6, 30), cdnow(t)...))
	p, want := reference.Sample.Programs.BTYD.BG.Params, reference.Sample.Weekly
	m := modelOf(t, models.BGNBD, p.R, p.Alpha, p.A, p.B)
	const wednesday, thursday = 2, 3
	asOf := calendar.Date(1998, 6, 30)
	counted := weekly(d.Track(cohort.NewFrame(calendar.Calendar{WeekStart: wednesday}, asOf, nil), []Tracked{m}, nil))
	expected := weekly(d.Track(cohort.NewFrame(calendar.Calendar{WeekStart: thursday}, asOf+1, nil), []Tracked{m}, nil))[1:]
	if len(want.Week) != 78 || len(counted) != 78 || len(expected) != 78 {
		t.Fatalf("%d, %d and %d weeks, want 78", len(want.Week), len(counted), len(expected))
	}
	for i, week := range want.Week {
		if got, _ := counted[i].ActualCumulative.Get(); got != want.Actual[i] {
			t.Errorf("week %d: %d repeat purchases, want %d", week, got, want.Actual[i])
		}
		if got, _ := expected[i].ExpectedCumulative.Get(); math.Abs(got/want.Expected[i]-1) > 1e-8 {
			t.Errorf("week %d: %v expected, want %v", week, got, want.Expected[i])
		}
	}
}

func weekly(rows []Tracking) (weeks []Tracking) {
	for _, r := range rows {
		if g, ok := r.Grain.Get(); ok && g == calendar.ByWeek {
			weeks = append(weeks, r)
		}
	}
	return weeks
}
