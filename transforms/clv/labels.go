package clv

import (
	"math"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
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

// names returns the names of terms.
func names(terms []ledger.Term) []string {
	names := make([]string, len(terms))
	for i, t := range terms {
		names[i] = t.Name
	}
	return names
}

// named returns the names of terms as text: "a, b or c."
func named(terms []ledger.Term) string {
	names := names(terms)
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last] + "."
}

// Stage is where a customer stands by the days since the last purchase. It is
// a rule of thumb beside probability_alive, with limits from the gaps of the
// whole base (Lifecycle): who buys seldom is called lost too early.
type Stage uint8

// The stages.
const (
	StageNew Stage = iota
	StageActive
	StageAtRisk
	StageDormant
	StageLost
)

// Stages are the stages with their meaning; the limits are in run_checks.
var Stages = []ledger.Term{
	StageNew:     {Name: "new", Doc: "One purchase, at most lifecycle_active_days ago."},
	StageActive:  {Name: "active", Doc: "Last purchase at most lifecycle_active_days ago."},
	StageAtRisk:  {Name: "at_risk", Doc: "Longer ago, at most lifecycle_at_risk_days."},
	StageDormant: {Name: "dormant", Doc: "Longer ago, at most lifecycle_dormant_days."},
	StageLost:    {Name: "lost", Doc: "Longer ago than that."},
}

// String returns the stage's name.
func (s Stage) String() string { return Stages[s].Name }

// Tier is a class of customers by value_percentile.
type Tier uint8

// The tiers.
const (
	TierTop Tier = iota
	TierHigh
	TierMedium
	TierLow
)

// Tiers are the tiers with their meaning.
var Tiers = []ledger.Term{
	TierTop:    {Name: "top", Doc: "The best 2 of 100: value_percentile 99 and 100."},
	TierHigh:   {Name: "high", Doc: "A value_percentile from 90 to 98."},
	TierMedium: {Name: "medium", Doc: "A value_percentile from 50 to 89."},
	TierLow:    {Name: "low", Doc: "A value_percentile below 50."},
}

// String returns the tier's name.
func (t Tier) String() string { return Tiers[t].Name }

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

// ModelPlaces are the models behind the predictions of a customer, as places among
// modelIDs: null where there are no predictions, and where the spend part is
// not a model's.
type ModelPlaces struct{ Purchases, Spend numeric.Null[uint8] }

// modelIDs are the ids of the models of all families, in their order.
func modelIDs() []string {
	ids := names(models.Families)
	for i, family := range ids {
		ids[i] = ModelID(models.Family(family), cohort.All)
	}
	return ids
}

// models returns the models behind predictions, where they are the same for all.
func (v *Valuation) models() ModelPlaces {
	place := func(id string) numeric.Null[uint8] {
		if i := slices.Index(modelIDs(), id); i >= 0 {
			return numeric.Known(uint8(i))
		}
		return numeric.Null[uint8]{}
	}
	return ModelPlaces{place(v.purchasesID), place(v.spendID(0))}
}

// basisNames are the names of all bases, in the order of the tables.
func basisNames() []string { return []string{string(Contribution), string(NetRevenue)} }

// place returns the place of a basis among basisNames.
func (b Basis) place() uint8 {
	if b == Contribution {
		return 0
	}
	return 1
}

// likelyAlive is the P(alive) from which a next purchase is expected at all.
const likelyAlive = 0.5

// lastDay is the last day that every reader of tables can show.
var lastDay = calendar.Date(9999, 12, 31)

// Next are the days by which a customer who is alive at the as-of day has bought
// again with probabilities of 0.1, ½ and 0.9, in whole days rounded up.
type Next [3]numeric.Null[calendar.Day]

// nextPurchase returns when a customer buys next. Null where the customer is more
// likely gone, without a prediction, where there may be no purchase, and beyond the
// year 9999.
func (v *Value) nextPurchase(asOf calendar.Day) (n Next) {
	if !v.isScored() || v.score.Alive < likelyAlive {
		return n
	}
	for i, days := range v.score.UntilNext() {
		if days = math.Ceil(days); days <= float64(lastDay-asOf) {
			n[i] = numeric.Known(asOf + calendar.Day(days))
		}
	}
	return n
}
