package backtest

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/models"
)

// oneByOne runs tasks one after the other.
func oneByOne(n int, task func(i int)) {
	for i := range n {
		task(i)
	}
}

// learnt are customers as of an origin, and what a model expects of them within a
// horizon, beside what came.
func learnt(h *Histories, origin calendar.Day, horizon int, m Tracked, family models.Family) (*calibration, *prediction, *outcome) {
	past := h.AsOf(origin)
	c := &calibration{past: past, states: slices.Collect(past.States()), settings: clv.Settings{TimeUnit: clv.TimeUnit{Days: m.DaysPerUnit}}}
	c.days = newCrowd(c.states, m.DaysPerUnit)
	p := c.byModel(&models.Fit{Family: family}, m.Model, horizon, oneByOne)
	return c, p, c.outcome(horizon)
}

// Conditional expectations of CDNOW by frequency: purchases in the 39 weeks after
// 1997-09-30, at the estimates of "own reference" in shared/reference/cdnow.json,
// whose means they are to 1e-8, as far as the estimates are written. Customers and
// what came are equal.
func TestConditionalExpectationsOfCDNOWAgreeWithTheReference(t *testing.T) {
	var reference struct {
		Sample struct {
			Programs struct {
				Own struct {
					MBG struct {
						Params struct{ R, Alpha, A, B float64 }
					} `json:"mbgcnbd_k1"`
				} `json:"own_reference"`
			}
			Conditional struct {
				ByFrequency map[string]struct {
					Customers      int64
					Actual, MBGNBD float64
				} `json:"conditional_expectations_by_frequency_39w"`
			} `json:"conditional_expectations"`
		} `json:"cdnow_sample"`
	}
	if err := json.Unmarshal(shared(t, "reference/cdnow.json"), &reference); err != nil {
		t.Fatal(err)
	}
	const weeks39 = 273
	end := calendar.Date(1998, 6, 30)
	p := reference.Sample.Programs.Own.MBG.Params
	c, expected, came := learnt(historiesOf(MaxSample, shardOf(end, cdnow(t)...)), end-weeks39, weeks39,
		modelOf(t, models.MBGNBD, p.R, p.Alpha, p.A, p.B), models.MBGNBD)
	rows := c.track(expected, came, weeks39)
	want := reference.Sample.Conditional.ByFrequency
	for _, r := range rows[:len(want)] {
		x, _ := r.Bucket.Get()
		name := strconv.FormatInt(x, 10)
		if x == frequencies-1 {
			name += "+"
		}
		w, n := want[name], float64(r.Customers)
		if r.Customers != w.Customers || math.Abs(float64(r.Actual)-w.Actual*n) > 1e-9 || math.Abs(r.Expected/n/w.MBGNBD-1) > 1e-8 {
			t.Errorf("%d repeat purchases: %d customers, %v expected each, %d came; want %+v", x, r.Customers, r.Expected/n, r.Actual, w)
		}
		if !r.IsHoldout || r.Type != ByFrequency || r.Start != calendar.Date(1997, 10, 1) || r.End != end || r.ModelID != "mbg_nbd/all/all" {
			t.Errorf("a row is %+v", r)
		}
	}
	wantSameSums(t, rows)
}

// wantSameSums compares the sums over the classes of both kinds, which are of the
// same customers.
func wantSameSums(t *testing.T, rows []Tracking) {
	t.Helper()
	var customers, actual [2]int64
	var expected [2]float64
	for _, r := range rows {
		kind := 0
		if r.Type == ByRecency {
			kind = 1
		}
		customers[kind] += r.Customers
		actual[kind] += r.Actual
		expected[kind] += r.Expected
	}
	if customers[0] != customers[1] || actual[0] != actual[1] || math.Abs(expected[0]/expected[1]-1) > 1e-12 {
		t.Errorf("customers %v, actual %v, expected %v: want two equal", customers, actual, expected)
	}
}

// As of day 400, with 30 days to come, by NBD with r = 2 and α = 4 weeks, which
// expects (2 + x)/(4 + T)·t: of a customer who bought last on day 373, 27 days
// ago; of one on day 372, 28 days ago; of one on day 0; of one who comes on day
// 401 nothing, for nobody knew.
func TestClassesOfSilenceAreOfFourWeeks(t *testing.T) {
	h := historiesOf(MaxSample, shardOf(1000, visitsOf(100, 373, 405), visitsOf(372, 431), visitsOf(0, 401, 430), visitsOf(401)))
	c, p, came := learnt(h, 400, 30, modelOf(t, models.NBD, 2, 4), models.NBD)
	rows := c.track(p, came, 30)
	wantSameSums(t, rows)
	type class struct {
		bucket, actual int64
		expected       float64
	}
	var got []class
	for _, r := range rows {
		if bucket, _ := r.Bucket.Get(); r.Type == ByRecency {
			got = append(got, class{bucket, r.Actual, r.Expected})
		}
	}
	const weeks = 30 / 7.
	want := []class{{0, 1, 3 / (4 + 300/7.) * weeks}, {28, 0, 2 / (4 + 28/7.) * weeks}, {364, 2, 2 / (4 + 400/7.) * weeks}}
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i, w := range want {
		if got[i].bucket != w.bucket || got[i].actual != w.actual || !near(got[i].expected, w.expected) {
			t.Errorf("got %+v, want %+v", got[i], w)
		}
	}
}
