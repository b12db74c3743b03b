package retention_test

import (
	"cmp"
	"fmt"
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// shardOf makes a shard of customers given by the days of their purchases,
// each of value 1.
func shardOf(customers ...[]calendar.Day) *ledger.Shard {
	s := &ledger.Shard{}
	for i, days := range customers {
		for _, day := range days {
			s.Days.Day = append(s.Days.Day, day)
			s.Days.Orders = append(s.Days.Orders, 1)
			s.Days.GrossSales = append(s.Days.GrossSales, 1_0000)
			s.Days.Refunds = append(s.Days.Refunds, 0)
			s.Days.Contribution = append(s.Days.Contribution, 0)
			s.Days.IsPurchase = append(s.Days.IsPurchase, true)
		}
		s.End(ledger.Key{byte(i)})
	}
	return s
}

func frame(asOf calendar.Day) *cohort.Frame {
	return cohort.NewFrame(calendar.Calendar{}, asOf, []calendar.Grain{calendar.ByMonth})
}

func grid(f *cohort.Frame, shards ...*ledger.Shard) *retention.Grid {
	g := &retention.Grid{}
	for i := range g.MaxOffset {
		g.MaxOffset[i] = math.MaxInt32
	}
	for _, s := range shards {
		g.AddShard(f, cohort.NewView(f, s))
	}
	return g
}

// periods returns all rows of cohort_periods.
func periods(f *cohort.Frame, g *retention.Grid) []retention.CohortPeriod {
	var rows []retention.CohortPeriod
	for _, part := range g.Parts(f) {
		rows = append(rows, g.Periods(f, part, false)...)
	}
	return rows
}

func curves(f *cohort.Frame, g *retention.Grid, survival *retention.Survival) []retention.CurvePoint {
	var pools retention.Pools
	pools.AddPeriods(periods(f, g))
	return retention.Curves(f, &pools, survival, &retention.Expected{})
}

// Two customers of January; one bought again on 10 February. On 31 March the
// calendar offsets 0 to 2 are complete.
func ExampleGrid_Periods() {
	f := frame(calendar.Date(2024, 3, 31))
	g := grid(f, shardOf(
		[]calendar.Day{calendar.Date(2024, 1, 5), calendar.Date(2024, 2, 10)},
		[]calendar.Day{calendar.Date(2024, 1, 20)},
	))
	for _, p := range periods(f, g) {
		if p.CohortStart == calendar.Date(2024, 1, 1) && p.Mode == retention.ByCalendar {
			fmt.Println(p.Offset, p.Retained, "of", p.Exposed, "retained,", p.Repeated, "repeated,", p.ExposedCumulativeNet/1_0000, "in all")
		}
	}
	// Output:
	// 0 0 of 2 retained, 0 repeated, 2 in all
	// 1 1 of 2 retained, 1 repeated, 3 in all
	// 2 0 of 2 retained, 1 repeated, 3 in all
}

// Kaplan–Meier by hand: waits of 10 days (event), 20 days (censored), 30 days
// (event) and 30 days (censored). S(10) = 3/4, S(30) = 3/4 × 1/2.
func TestSurvivalByHand(t *testing.T) {
	asOf := calendar.Date(2024, 3, 1)
	f := frame(asOf)
	s := shardOf(
		[]calendar.Day{asOf - 50, asOf - 40}, []calendar.Day{asOf - 20},
		[]calendar.Day{asOf - 60, asOf - 30}, []calendar.Day{asOf - 30},
	)
	var survival retention.Survival
	survival.AddShard(f, cohort.NewView(f, s))
	points := map[int32]retention.CurvePoint{}
	for _, p := range curves(f, grid(f, s), &survival) {
		if p.Type == retention.SurvivalToSecond {
			points[p.Offset] = p
		}
	}
	for _, c := range []struct {
		day                int32
		atRisk, events     int64
		rate, greenwoodSum float64
	}{
		{0, 4, 0, 1, 0}, {10, 4, 1, 0.75, 1. / (4 * 3)}, {20, 3, 0, 0.75, 1. / 12}, {30, 2, 1, 0.375, 1./12 + 1./2},
	} {
		p := points[c.day]
		rate, _ := p.Rate.Get()
		low, _ := p.Low.Get()
		want := max(0, c.rate-numeric.Z90*c.rate*math.Sqrt(c.greenwoodSum))
		if p.Exposed != c.atRisk || p.Events != c.events || math.Abs(rate-c.rate) > 1e-15 || math.Abs(low-want) > 1e-15 {
			t.Errorf("day %d: at risk %d, events %d, rate %v from %v; want %+v from %v", c.day, p.Exposed, p.Events, rate, low, c, want)
		}
	}
	if _, beyond := points[31]; beyond || len(points) != 31 {
		t.Errorf("%d points, want days 0 to 30", len(points))
	}
}

// A cohort that is not mature never changes what older cohorts say about an
// offset that it has not reached.
func TestImmatureCohortsLeaveLaterOffsetsAlone(t *testing.T) {
	f := frame(calendar.Date(2024, 6, 30))
	old := shardOf([]calendar.Day{calendar.Date(2024, 1, 5), calendar.Date(2024, 5, 10)}, []calendar.Day{calendar.Date(2024, 1, 9)})
	young := shardOf([]calendar.Day{calendar.Date(2024, 5, 5)}, []calendar.Day{calendar.Date(2024, 6, 9)})
	at := func(shards ...*ledger.Shard) map[string]retention.CurvePoint {
		points := map[string]retention.CurvePoint{}
		for _, p := range curves(f, grid(f, shards...), &retention.Survival{}) {
			points[fmt.Sprint(p.Type, p.Mode, p.Offset)] = p
		}
		return points
	}
	before, after := at(old), at(old, young)
	for key, p := range before {
		if p.Offset >= 2 && after[key] != p {
			t.Errorf("%s was %+v, is %+v", key, p, after[key])
		}
	}
}

// Retained in an offset ≤ retained in it or later; repeated never falls;
// one-time buyers give zero everywhere.
func TestBoundsOfOneCohort(t *testing.T) {
	f := frame(calendar.Date(2024, 12, 31))
	s := shardOf(
		[]calendar.Day{calendar.Date(2024, 1, 31), calendar.Date(2024, 2, 29), calendar.Date(2024, 8, 1)},
		[]calendar.Day{calendar.Date(2024, 1, 31)}, []calendar.Day{calendar.Date(2024, 1, 1), calendar.Date(2024, 1, 2)},
	)
	var repeated [2]int64
	for _, p := range periods(f, grid(f, s)) {
		if p.Retained > p.RetainedOrLater || p.RetainedOrLater > p.Exposed || p.CohortStart == calendar.Date(2024, 1, 1) && p.Exposed == 3 && p.Repeated < repeated[p.Mode] {
			t.Errorf("%s offset %d: %+v", p.Mode, p.Offset, p)
		}
		repeated[p.Mode] = max(repeated[p.Mode], p.Repeated)
	}
	for _, p := range periods(f, grid(f, shardOf([]calendar.Day{calendar.Date(2024, 1, 31)}))) {
		if p.Retained+p.RetainedOrLater+p.Repeated != 0 {
			t.Errorf("a one-time buyer was retained: %+v", p)
		}
	}
}

// A large table comes in several parts, which together are in the order of the
// key, each row once, and pool to the same curves as the whole.
func TestPartsAreTheTableInOrder(t *testing.T) {
	const days = 700 // day cohorts: some 490,000 rows
	asOf := calendar.Date(2024, 12, 31)
	f := cohort.NewFrame(calendar.Calendar{}, asOf, []calendar.Grain{calendar.ByDay})
	var customers [][]calendar.Day
	for i := range calendar.Day(days) {
		customers = append(customers, []calendar.Day{asOf - i})
	}
	g := grid(f, shardOf(customers...))
	parts := g.Parts(f)
	if len(parts) < 2 {
		t.Fatalf("%d parts, want several", len(parts))
	}
	var last retention.CohortPeriod
	rows := 0
	for _, part := range parts {
		for _, p := range g.Periods(f, part, false) {
			if rows > 0 && cmp.Or(cmp.Compare(last.CohortStart, p.CohortStart), cmp.Compare(last.Mode, p.Mode), cmp.Compare(last.Offset, p.Offset)) >= 0 {
				t.Fatalf("%v %v %d comes after %v %v %d", p.CohortStart, p.Mode, p.Offset, last.CohortStart, last.Mode, last.Offset)
			}
			last = p
			rows++
		}
	}
	if want := 2 * days * (days + 1) / 2; rows != want || g.Rows() != int64(want) {
		t.Errorf("%d rows, %d announced, want %d", rows, g.Rows(), want)
	}
}
