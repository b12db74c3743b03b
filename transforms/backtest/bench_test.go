package backtest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"gonum.org/v1/gonum/stat/distuv"
)

// simulated are customers of an MBG/NBD with the parameters of CDNOW in days and
// of a Gamma–Gamma, who come within the days from 0 to until.
func simulated(customers int, until calendar.Day, seed uint64) [][]visit {
	random := rand.New(rand.NewPCG(seed, seed))
	list := make([][]visit, customers)
	for i := range list {
		rate := distuv.Gamma{Alpha: 0.53, Beta: 43, Src: random}.Rand()
		leaves := distuv.Beta{Alpha: 0.89, Beta: 1.6, Src: random}.Rand()
		scale := distuv.Gamma{Alpha: 3.7, Beta: 15.4, Src: random}.Rand()
		value := func() int64 { return 1 + int64(1e4*distuv.Gamma{Alpha: 6.2, Beta: scale, Src: random}.Rand()) }
		day := float64(random.IntN(int(until) + 1))
		list[i] = []visit{{calendar.Day(day), value(), 0}}
		for random.Float64() >= leaves {
			if day += 1 + random.ExpFloat64()/rate; day > float64(until) {
				break
			}
			list[i] = append(list[i], visit{calendar.Day(day), value(), 0})
		}
	}
	return list
}

func settingsOf(candidates ...models.Family) *clv.Settings {
	return &clv.Settings{Horizons: []clv.Horizon{clv.Year, clv.Lifetime}, Candidates: candidates, TimeUnit: clv.Week}
}

func frameOf(asOf calendar.Day) *cohort.Frame {
	f := cohort.NewFrame(calendar.Calendar{}, asOf, []calendar.Grain{calendar.ByMonth})
	f.SplitBy = []cohort.Attribute{{Name: "first_digit"}}
	return f
}

func BenchmarkRunOfManyCustomers(b *testing.B) {
	for _, customers := range []int{20_000, MaxSample} {
		b.Run(fmt.Sprint(customers), func(b *testing.B) {
			h := historiesOf(MaxSample, shardOf(730, simulated(customers, 730, 1)...))
			for b.Loop() {
				Run(settingsOf(models.MBGNBD), frameOf(730), h, numeric.Known(calendar.Day(0)), 3, nil, nil)
			}
		})
	}
}
