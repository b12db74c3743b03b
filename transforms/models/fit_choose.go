package models

import (
	"fmt"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Candidate is a model that may be chosen, and what is known of how it predicts.
type Candidate struct {
	Fit
	// Reproduced is what it expects of the past ÷ what came, as Reproduced returns
	// it; null without a usable fit.
	Reproduced numeric.Null[float64]
	// Holdout is how it would have predicted; nil where it could not be fitted at
	// every origin, and where there are no backtests.
	Holdout *Holdout
}

// Holdout is how a model would have predicted the purchases of customers at earlier
// days, the origins, fitted to what was known then.
type Holdout struct {
	Deviances         []float64 // Poisson deviances of purchases, by customer, summed over the origins
	Predictions       int64     // customers predicted, each once for every origin
	Predicted, Actual float64   // purchases, of all predictions together
}

// Deviance returns the mean deviance of a prediction: less is better.
func (h *Holdout) Deviance() float64 {
	var sum numeric.Sum
	for _, d := range h.Deviances {
		sum.Add(d)
	}
	return sum.Value() / max(1, float64(h.Predictions))
}

// Bias returns predicted ÷ actual − 1; null where nobody bought.
func (h *Holdout) Bias() numeric.Null[float64] {
	if h.Actual == 0 {
		return numeric.Null[float64]{}
	}
	return numeric.Known(h.Predicted/h.Actual - 1)
}

// isWorse reports whether the mean deviance is higher than that of another model
// by more than one standard error of the paired difference. The origins of one
// customer count as one observation, for they overlap.
func (h *Holdout) isWorse(than *Holdout) bool {
	var sum, squares numeric.Sum
	for i, d := range h.Deviances {
		difference := d - than.Deviances[i]
		sum.Add(difference)
		squares.Add(difference * difference)
	}
	return sum.Value() > math.Sqrt(squares.Value())
}

// Reproduced returns how many repeat purchases a model expects of customers from
// their first purchase to the end of observation ÷ how many they made; null where
// they made none.
//
//	Σ E[X(T)] ÷ Σ x
//
// It is near 1 for a model that describes how buying goes on and ends.
func Reproduced(m Purchases, cells []Cell, daysPerUnit float64) numeric.Null[float64] {
	var expected, made numeric.Sum
	atAge := map[int32]float64{}
	acquired := At(m, 0, 0, 0)
	for _, c := range cells {
		e, ok := atAge[c.T]
		if !ok {
			e = acquired.Expected(float64(c.T) / daysPerUnit)
			atAge[c.T] = e
		}
		expected.Add(float64(c.Count) * e)
		made.Add(float64(c.Count) * float64(c.X))
	}
	if !(made.Value() > 0) {
		return numeric.Null[float64]{}
	}
	return numeric.Known(expected.Value() / made.Value())
}

// Choice is the family to predict with, and why.
type Choice struct {
	Family Family            // empty: no model is usable, predictions are null
	Why    string            // why it is that, or why there is none
	WhyNot map[Family]string // why each other candidate is not
}

// MostOff is how far from what came a model's past may be: beyond, its future is
// not worth a comparison.
const MostOff = 0.10

// Choose picks the model of purchases to predict with among candidates, fitted to
// the same customers, and says why of each in a sentence.
//
// A candidate is eligible if its status leaves parameters to use, if it has a lower
// BIC than the NBD that is always fitted beside the candidates, and if it expects of
// the past what came within a tenth. bg_nbd and bg_cnbd_k, which call every one-time
// buyer alive, are eligible only if there is no other candidate.
//
// Eligible ones compete by the mean deviance of their hold-outs; of those that are
// not worse than the best by more than a standard error the one with the lowest BIC
// is chosen. One without a hold-out is out of the competition where another has
// one. Where none has, BIC decides alone. A BIC is compared with that of fits of the
// same data only. Ties go to the first. Where no candidate is eligible nbd stands
// in.
func Choose(candidates []Candidate, nbd Fit, hasBacktests bool) Choice {
	c := Choice{WhyNot: map[Family]string{}}
	var eligible, graded []*Candidate
	for i := range candidates {
		e := &candidates[i]
		if why := e.ineligible(nbd, len(candidates) == 1); why != "" {
			c.WhyNot[e.Family] = why
			continue
		}
		eligible = append(eligible, e)
		if e.Holdout != nil {
			graded = append(graded, e)
		}
	}
	if len(eligible) == 0 {
		return c.standIn(nbd)
	}
	best, competing := eligible[0], eligible
	if len(graded) > 0 {
		best, competing = leastDeviance(graded), graded
	}
	chosen := best
	for _, e := range competing {
		if e.comparable(&best.Fit) && bic(&e.Fit) < bic(&chosen.Fit) && !(len(graded) > 0 && e.Holdout.isWorse(best.Holdout)) {
			chosen = e
		}
	}
	c.Family = chosen.Family
	switch {
	case len(candidates) == 1:
		c.Why = "the only candidate" + chosen.grades(hasBacktests)
	case len(eligible) == 1:
		c.Why = "the only candidate that is eligible" + chosen.grades(hasBacktests)
	case len(graded) == 1:
		c.Why = "the only eligible candidate that could be fitted at every origin of the backtests" + chosen.grades(true)
	case len(graded) > 1 && chosen == best:
		c.Why = "it would have predicted best" + chosen.grades(true)
	case len(graded) > 1:
		c.Why = fmt.Sprintf("it would have predicted as well as %s, within a standard error, and has the lowest BIC%s", best.Family, chosen.grades(true))
	case slices.ContainsFunc(eligible, func(e *Candidate) bool { return !e.comparable(&chosen.Fit) }):
		c.Why = fmt.Sprintf("it has the lowest BIC of those of the same data as %s, the first that is eligible, %.1f", best.Family, bic(&chosen.Fit)) + chosen.grades(hasBacktests)
	default:
		c.Why = fmt.Sprintf("it has the lowest BIC, %.1f", bic(&chosen.Fit)) + chosen.grades(hasBacktests)
	}
	for _, e := range eligible {
		if e != chosen {
			c.WhyNot[e.Family] = e.whyNot(chosen, best)
		}
	}
	return c
}

// ineligible says why a candidate may not be chosen; empty where it may.
func (c *Candidate) ineligible(nbd Fit, isAlone bool) string {
	ratio, isKnown := c.Reproduced.Get()
	switch {
	case !c.usable():
		return "its fit cannot be used"
	case !isAlone && c.Family.KeepsOneTimeBuyers():
		return "it calls every one-time buyer alive"
	case c.Family != NBD && nbd.usable() && c.comparable(&nbd) && bic(&c.Fit) >= bic(&nbd):
		return fmt.Sprintf("nbd, which knows no dropout, describes the data no worse: its BIC is %.1f, here %.1f", bic(&nbd), bic(&c.Fit))
	case isKnown && !(math.Abs(ratio-1) <= MostOff):
		return fmt.Sprintf("it expects %.0f %% of the repeat purchases that were made", 100*ratio)
	}
	return ""
}

// comparable reports whether two fits are of the same data, so that their
// likelihoods compare.
func (c *Candidate) comparable(f *Fit) bool { return c.Family.IsDiscrete() == f.Family.IsDiscrete() }

// standIn chooses nbd, or nothing.
func (c Choice) standIn(nbd Fit) Choice {
	if !nbd.usable() {
		c.Why = "no model could be fitted: " + nbd.Reason
		return c
	}
	c.Family, c.Why = NBD, "no candidate is eligible; nbd, which knows no dropout, stands in"
	delete(c.WhyNot, NBD)
	return c
}

func leastDeviance(eligible []*Candidate) *Candidate {
	best := eligible[0]
	for _, e := range eligible[1:] {
		if e.Holdout.Deviance() < best.Holdout.Deviance() {
			best = e
		}
	}
	return best
}

// grades says how the candidate did in backtests.
func (c *Candidate) grades(hasBacktests bool) string {
	switch {
	case !hasBacktests:
		return ""
	case c.Holdout == nil:
		return "; " + notGraded
	}
	text := fmt.Sprintf(": hold-out deviance %.4f per customer", c.Holdout.Deviance())
	if bias, ok := c.Holdout.Bias().Get(); ok {
		text += fmt.Sprintf(", bias %+.1f %%", 100*bias)
	}
	return text
}

const notGraded = "it could not be fitted at every origin of the backtests"

// whyNot says why an eligible candidate was not chosen. best is the one that would
// have predicted best, or the first where none is graded.
func (c *Candidate) whyNot(chosen, best *Candidate) string {
	isGraded := chosen.Holdout != nil
	switch {
	case isGraded && c.Holdout == nil:
		return notGraded
	case isGraded && c.Holdout.Deviance() > chosen.Holdout.Deviance():
		return c.predictsWorse(chosen)
	case c.comparable(&chosen.Fit) && bic(&c.Fit) > bic(&chosen.Fit):
		return fmt.Sprintf("%s has a lower BIC, %.1f, here %.1f", chosen.Family, bic(&chosen.Fit), bic(&c.Fit))
	case isGraded && c.Holdout.Deviance() > best.Holdout.Deviance():
		return c.predictsWorse(best)
	case !c.comparable(&chosen.Fit):
		return fmt.Sprintf("its BIC is of other data than that of %s, which the job names before it", best.Family)
	}
	return fmt.Sprintf("%s, which the job names before it, is as good", chosen.Family)
}

func (c *Candidate) predictsWorse(than *Candidate) string {
	return fmt.Sprintf("%s would have predicted better: its hold-out deviance is %.4f per customer, here %.4f", than.Family, than.Holdout.Deviance(), c.Holdout.Deviance())
}

// bic returns the BIC of a usable fit.
func bic(f *Fit) float64 {
	v, _ := f.BIC.Get()
	return v
}
