package clv

import (
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/models"
)

// A customer who bought today, alive for certain: median 48·(√2 − 1) = 19.88
// weeks, 139.2 days, rounded up to 140; a tenth of such have bought after
// 48·(0.9^−½ − 1) = 2.596 weeks, 18.2 days, nine tenths after 48·(√10 − 1) = 103.8
// weeks, 726.5 days. Who is more likely gone has none, and neither has who is
// expected after the year 9999.
func TestNextPurchase(t *testing.T) {
	asOf := calendar.Date(2024, 1, 1)
	scored := func(r, alive float64, x int32) *Value {
		score := models.NewScorer(models.Geometric{Family: models.MBGNBD, R: r, Alpha: 12, A: 1, B: 1}, 7, 0, nil, nil, nil).Score(x, 0, 36*7)
		score.Alive = alive
		return &Value{score: score}
	}
	for i, want := range []calendar.Day{asOf + 19, asOf + 140, asOf + 727} {
		if day, ok := scored(1, 0.5, 1).nextPurchase(asOf)[i].Get(); !ok || day != want {
			t.Errorf("expected on %v, want %v", day, want)
		}
	}
	for name, value := range map[string]*Value{"gone": scored(1, 0.4999, 1), "without a prediction": {}} {
		for _, next := range value.nextPurchase(asOf) {
			if day, ok := next.Get(); ok {
				t.Errorf("%s: expected on %v", name, day)
			}
		}
	}
	if day, ok := scored(1e-4, 1, 0).nextPurchase(asOf)[1].Get(); ok {
		t.Errorf("after the year 9999: %v", day)
	}
}
