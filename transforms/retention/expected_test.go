package retention_test

import (
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// A customer of 5 January has two rolling months complete on 31 March, offsets
// 0 and 1; the model's curve has them and twelve more, marked. It stands between
// bounded and repurchase, of the whole base only.
func TestModelCurveGoesOneYearBeyondWhatWasObserved(t *testing.T) {
	f := frame(calendar.Date(2024, 3, 31))
	f.SplitBy = []cohort.Attribute{{Name: "first_country"}}
	shard := shardOf([]calendar.Day{calendar.Date(2024, 1, 5)}, []calendar.Day{calendar.Date(2024, 3, 20)})
	shard.Attributes = []ledger.Coded{{Values: []string{"DE", "FR"}, Codes: []int32{0, 1}}}
	var pools retention.Pools
	pools.AddPeriods(periods(f, grid(f, shard)))
	expected := retention.Expected{ModelID: "m", Rate: func(g calendar.Grain, offset int32) float64 {
		if g != calendar.ByMonth {
			t.Errorf("asked for grain %s", g)
		}
		return 1 / float64(1+offset)
	}}
	for _, c := range []struct{ maxOffset, want int32 }{{1000, 2 + 12}, {12, 13}, {1, 2}, {0, 1}} {
		expected.MaxOffset[calendar.ByMonth] = c.maxOffset
		points := retention.Curves(f, &pools, &retention.Survival{}, &expected)
		var offsets int32
		for i, p := range points {
			if p.Type != retention.ByModel {
				continue
			}
			rate, _ := p.Rate.Get()
			if p.Dimension != cohort.All || p.Mode != retention.Rolling || p.Offset != offsets || p.IsExtrapolated != (offsets > 1) || rate != 1/float64(1+offsets) || p.ModelID != "m" {
				t.Errorf("point %d: %+v", offsets, p)
			}
			if offsets == 0 && points[i-1].Type != retention.Bounded {
				t.Errorf("the model comes after %s", points[i-1].Type)
			}
			offsets++
		}
		if offsets != c.want {
			t.Errorf("cut at offset %d: %d points, want %d", c.maxOffset, offsets, c.want)
		}
	}
}
