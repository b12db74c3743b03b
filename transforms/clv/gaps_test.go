package clv

import (
	"testing"

	"github.com/perennial-clv/perennial/transforms/cohort"
)

// gapsOf returns gaps of given days.
func gapsOf(days ...int) *Gaps {
	var g Gaps
	for _, d := range days {
		g.add(d, 1)
	}
	return &g
}

// A refund between purchases makes no gap, nor does who bought once or never.
func TestGapsAreBetweenConsecutivePurchases(t *testing.T) {
	var g, other Gaps
	f := &cohort.Frame{}
	g.AddShard(cohort.NewView(f, threeCustomers()))
	other.AddShard(cohort.NewView(f, baseOf([]purchase{{5, 1_0000, 0}, {12, 0, -1_0000}, {105, 1_0000, 0}})))
	g.Add(&other)
	for days, want := range map[int]int64{100: 2, 113: 1} {
		if got := g.counts[days]; got != want {
			t.Errorf("%d gaps of %d days, want %d", got, days, want)
		}
	}
	if g.Count() != 3 {
		t.Errorf("%d gaps, want 3", g.Count())
	}
}

// The least gap of which at least the share is no longer: of 1 to 4 days, three
// quarters are at most 3 days, and any more than that at most 4.
func TestQuantileIsTheInverseOfTheEmpiricalDistribution(t *testing.T) {
	g := gapsOf(1, 2, 3, 4)
	for thousandths, want := range map[int64]int64{1: 1, 250: 1, 251: 2, 750: 3, 751: 4, 1000: 4} {
		if got := g.quantile(thousandths); got != want {
			t.Errorf("quantile %d/1000 is %d, want %d", thousandths, got, want)
		}
	}
}

// Of 40 gaps of 1 to 40 days there are too few; of 1 to 200 the quantiles are
// 150, 180 and 195.
func TestLifecycleNeedsFiftyGaps(t *testing.T) {
	var days []int
	for d := 1; d <= 200; d++ {
		days = append(days, d)
	}
	if got := gapsOf(days[:49]...).Lifecycle(); got != (Lifecycle{90, 180, 365}) {
		t.Errorf("of 49 gaps: %+v", got)
	}
	if got := gapsOf(days[:50]...).Lifecycle(); got != (Lifecycle{38, 45, 49}) { // 0.75, 0.9 and 0.975 of 50, rounded up
		t.Errorf("of 50 gaps: %+v", got)
	}
	if got := gapsOf(days...).Lifecycle(); got != (Lifecycle{150, 180, 195}) {
		t.Errorf("of 200 gaps: %+v", got)
	}
}

// Each limit belongs to the stage before it; one purchase long ago is not new.
func TestStages(t *testing.T) {
	limits := Lifecycle{10, 20, 30}
	for _, c := range []struct {
		silent, x int64
		want      Stage
	}{
		{10, 0, StageNew}, {11, 0, StageAtRisk}, {31, 0, StageLost}, {10, 1, StageActive}, {10, 3, StageActive},
		{11, 3, StageAtRisk}, {20, 3, StageAtRisk}, {21, 3, StageDormant}, {30, 3, StageDormant}, {31, 3, StageLost},
	} {
		if got := limits.stage(c.silent, c.x); got != c.want {
			t.Errorf("silent for %d, x %d: %s, want %s", c.silent, c.x, got, c.want)
		}
	}
}

func TestTiers(t *testing.T) {
	for percentile, want := range map[int64]Tier{1: TierLow, 49: TierLow, 50: TierMedium, 89: TierMedium, 90: TierHigh, 98: TierHigh, 99: TierTop, 100: TierTop} {
		if got := tierOf(percentile); got != want {
			t.Errorf("percentile %d: %s, want %s", percentile, got, want)
		}
	}
}
