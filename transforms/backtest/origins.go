package backtest

import (
	"fmt"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

const (
	// longest is the usual horizon of a backtest, that of the tables.
	longest = 365
	// fortnight is what shorter horizons are made of: they and their halves, by
	// which origins lie apart, are whole weeks, so that every origin is the same
	// day of the week.
	fortnight = 14
	// shortest is the least horizon worth a backtest.
	shortest = 2 * fortnight
)

// Origins are the days that the base is taken back to, the latest first, and how
// far is predicted from each. There may be none.
type Origins struct {
	Days    []calendar.Day
	Horizon clv.Horizon
	Reason  string // why there are no more of them, empty where there are as many as asked for
}

// PlanOrigins returns at most so many origins for customers of whom the first
// came on a day.
//
// The horizon is 365 days where the history up to the as-of day, both ends
// counted, has three times as many; else a third of it in whole fortnights, at
// least two. The latest origin is a horizon before the as-of day, so that all of
// what was predicted has come; each other is half a horizon before the next, and
// has at least a horizon to learn from.
func PlanOrigins(first numeric.Null[calendar.Day], asOf calendar.Day, most int) Origins {
	if most == 0 {
		return Origins{Reason: "models.backtests is 0"}
	}
	start, ok := first.Get()
	if !ok {
		return Origins{Reason: "nobody bought"}
	}
	history := int(asOf-start) + 1
	horizon := longest
	if history < 3*longest {
		horizon = history / 3 / fortnight * fortnight
	}
	if horizon < shortest {
		return Origins{Reason: fmt.Sprintf("a history of %d days is too short to be divided", history)}
	}
	o := Origins{Horizon: clv.HorizonOf(horizon)}
	for origin := int(asOf) - horizon; len(o.Days) < most && origin-int(start)+1 >= horizon; origin -= horizon / 2 {
		o.Days = append(o.Days, calendar.Day(origin))
	}
	if len(o.Days) < most {
		o.Reason = fmt.Sprintf("a history of %d days has room for no more", history)
	}
	return o
}

// between moves the origins of contracts back to the ends of periods. Who has paid
// for the period that runs at an origin cannot be told from who will, so that in the
// middle of one too many payments are expected of the rest. Origins of one period
// become one.
func (o Origins) between(opportunities ledger.Opportunities) Origins {
	if !opportunities.IsContractual {
		return o
	}
	days := o.Days
	o.Days = nil
	for _, day := range days {
		c, grain := opportunities.Calendar, opportunities.Grain
		end := c.Start(grain, c.Index(grain, day+1)) - 1
		if n := len(o.Days); n == 0 || end < o.Days[n-1] {
			o.Days = append(o.Days, end)
		}
	}
	return o
}
