package backtest

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
)

// Daily counts what models of purchases are tracked by: customers by the day of
// their first purchase and by the number of their repeat purchases, and repeat
// purchases by day. Enter shards, and add the parts up.
type Daily struct {
	acquired, repeats cohort.Series[int64] // by day
	frequency         [frequencies]int64   // customers by repeat purchases, the last with so many and more
}

// frequencies are how many numbers of repeat purchases are told apart: 0 to 6,
// and 7 and more, as the papers do.
const frequencies = 8

// AddShard adds the customers of a shard.
func (d *Daily) AddShard(v *cohort.View) {
	for i := range v.Members {
		m := &v.Members[i]
		*d.acquired.At(int32(m.First))++
		d.frequency[min(frequencies-1, v.X(int(m.Customer)))]++
		if m.Second == m.To {
			continue
		}
		from, to := m.Second, m.Last+1
		days, isPurchase := v.Days.Day[from:to], v.Days.IsPurchase[from:to]
		first := days[0]
		repeats := d.repeats.Span(int32(first), int32(days[len(days)-1]))
		for i, day := range days {
			if isPurchase[i] {
				repeats[day-first]++
			}
		}
	}
}

// Add adds other counts.
func (d *Daily) Add(o *Daily) {
	count := func(to, from *int64) { *to += *from }
	d.acquired.Merge(&o.acquired, count)
	d.repeats.Merge(&o.repeats, count)
	for i, n := range o.frequency {
		d.frequency[i] += n
	}
}

// first returns the day of the first purchase of all, and whether there is any.
func (d *Daily) first() (calendar.Day, bool) {
	first, ok := d.acquired.First()
	return calendar.Day(first), ok
}

// customers returns how many there are.
func (d *Daily) customers() int64 {
	sum := int64(0)
	for _, n := range d.frequency {
		sum += n
	}
	return sum
}
