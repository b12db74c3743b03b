package clv

import (
	"math"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// listed returns terms as text: "a: What a means. b: What b means."
func listed(terms []ledger.Term) string {
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.Name + ": " + t.Doc
	}
	return strings.Join(texts, " ")
}

// named returns the names of terms as text: "a, b or c."
func named(terms []ledger.Term) string {
	names := make([]string, len(terms))
	for i, t := range terms {
		names[i] = t.Name
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last] + "."
}

// Stage is where a customer stands by the days since the last purchase. It is
// a rule of thumb beside probability_alive, with limits from the gaps of the
// whole base (Lifecycle): who buys seldom is called lost too early.
type Stage string

// The stages.
const (
	StageNew     Stage = "new"
	StageActive  Stage = "active"
	StageAtRisk  Stage = "at_risk"
	StageDormant Stage = "dormant"
	StageLost    Stage = "lost"
)

// Stages are the stages with their meaning; the limits are in run_checks.
var Stages = []ledger.Term{
	{Name: string(StageNew), Doc: "One purchase, at most lifecycle_active_days ago."},
	{Name: string(StageActive), Doc: "Last purchase at most lifecycle_active_days ago."},
	{Name: string(StageAtRisk), Doc: "Longer ago, at most lifecycle_at_risk_days."},
	{Name: string(StageDormant), Doc: "Longer ago, at most lifecycle_dormant_days."},
	{Name: string(StageLost), Doc: "Longer ago than that."},
}

// Tier is a class of customers by value_percentile.
type Tier string

// The tiers.
const (
	TierTop    Tier = "top"
	TierHigh   Tier = "high"
	TierMedium Tier = "medium"
	TierLow    Tier = "low"
)

// Tiers are the tiers with their meaning.
var Tiers = []ledger.Term{
	{Name: string(TierTop), Doc: "The best 2 of 100: value_percentile 99 and 100."},
	{Name: string(TierHigh), Doc: "A value_percentile from 90 to 98."},
	{Name: string(TierMedium), Doc: "A value_percentile from 50 to 89."},
	{Name: string(TierLow), Doc: "A value_percentile below 50."},
}

// tierOf returns the tier of a percentile.
func tierOf(percentile int64) Tier {
	switch {
	case percentile >= 99:
		return TierTop
	case percentile >= 90:
		return TierHigh
	case percentile >= 50:
		return TierMedium
	default:
		return TierLow
	}
}

// likelyAlive is the P(alive) from which a next purchase is expected at all.
const likelyAlive = 0.5

// lastDay is the last day that every reader of tables can show.
var lastDay = calendar.Date(9999, 12, 31)

// nextPurchase returns the day by which a customer who is alive at the as-of
// day has bought again with probability ½: the median of the time to the next
// purchase, in whole days rounded up. Null where the customer is more likely
// gone, without a prediction, and beyond the year 9999.
func (v *Value) nextPurchase(asOf calendar.Day) numeric.Null[calendar.Day] {
	if !v.isScored() || v.score.Alive < likelyAlive {
		return numeric.Null[calendar.Day]{}
	}
	days := math.Ceil(v.score.prospects.untilNext)
	if days > float64(lastDay-asOf) {
		return numeric.Null[calendar.Day]{}
	}
	return numeric.Known(asOf + calendar.Day(days))
}
