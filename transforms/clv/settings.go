package clv

import (
	"math"
	"slices"
	"strconv"

	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// Settings are the job's choices about value.
type Settings struct {
	Horizons     []Horizon       // ascending, Lifetime last
	DiscountRate float64         // annual, effective
	Candidates   []models.Family // models that may predict; empty: none is fitted, and nothing predicted
	TimeUnit     TimeUnit
	StartFrom    []models.Fit // of an earlier run: where searches begin; may be empty

	// Opportunities are what discrete models count, as of the as-of day; contractual
	// where customers are under contract, so that it is known who has left.
	Opportunities ledger.Opportunities
}

// HasDiscrete reports whether a candidate counts opportunities.
func (s *Settings) HasDiscrete() bool {
	return slices.ContainsFunc(s.Candidates, models.Family.IsDiscrete)
}

// Unit returns the unit of time of a family: that of the settings, or an
// opportunity, of the mean length of its periods.
func (s *Settings) Unit(family models.Family) TimeUnit {
	if !family.IsDiscrete() {
		return s.TimeUnit
	}
	g := s.Opportunities.Grain
	return TimeUnit{g.String(), periodDays[g]}
}

// Horizon is a length of future time, in days from the as-of day.
type Horizon struct {
	Name string
	Days float64 // +Inf for Lifetime
}

// Lifetime is the horizon without end.
var Lifetime = Horizon{"lifetime", math.Inf(1)}

// HorizonOf returns the horizon of a number of days.
func HorizonOf(days int) Horizon { return Horizon{strconv.Itoa(days) + "d", float64(days)} }

// Year is the horizon shown in customers.
var Year = HorizonOf(365)

// TimeUnit is the unit of time of a model's parameters.
type TimeUnit struct {
	Name string
	Days float64
}

// daysPerYear converts annual rates; a leap year comes every four years.
const daysPerYear = 365.25

// Week is the default unit, and that of the papers' examples.
var Week = TimeUnit{"week", 7}

// ParseTimeUnit returns the unit of a name: day, week, month or year.
func ParseTimeUnit(name string) (TimeUnit, bool) {
	for _, u := range []TimeUnit{{"day", 1}, Week, {"month", daysPerYear / 12}, {"year", daysPerYear}} {
		if u.Name == name {
			return u, true
		}
	}
	return TimeUnit{}, false
}

// deltaPerDay returns the continuous discount rate per day of an annual
// effective rate: δ = ln(1 + rate) ÷ 365.25.
func (s *Settings) deltaPerDay() float64 { return math.Log1p(s.DiscountRate) / daysPerYear }
