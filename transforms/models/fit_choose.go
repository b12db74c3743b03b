package models

import "fmt"

// What Choose returns instead of the index of a candidate.
const (
	// ChoseNBD: the NBD that is always fitted beside the candidates.
	ChoseNBD = -1
	// ChoseNone: no model is usable, predictions are null.
	ChoseNone = -2
)

// Choose picks the model of purchases to predict with among fits of the same
// cells, and says why in a sentence.
//
// Candidates whose status leaves parameters to use compete by AIC, ties going
// to the first; bg_nbd and bg_cnbd_k, which call every one-time buyer alive, take
// part only if there is no other candidate. The NBD is chosen where it has no higher AIC
// than the best of them (the data show no dropout) and where none is usable.
func Choose(candidates []Fit, nbd Fit) (index int, reason string) {
	index = ChoseNone
	for i, c := range candidates {
		if !c.usable() || c.Family.KeepsOneTimeBuyers() && len(candidates) > 1 {
			continue
		}
		if index == ChoseNone || aic(c) < aic(candidates[index]) {
			index = i
		}
	}
	switch {
	case index == ChoseNone && !nbd.usable():
		return ChoseNone, "no model could be fitted: " + nbd.Reason
	case index == ChoseNone:
		return ChoseNBD, "no candidate could be fitted; nbd, which knows no dropout, stands in"
	case candidates[index].Family != NBD && nbd.usable() && aic(nbd) <= aic(candidates[index]):
		return ChoseNBD, fmt.Sprintf("the data show no dropout: nbd has an AIC of %.1f, %s of %.1f", aic(nbd), candidates[index].Family, aic(candidates[index]))
	case len(candidates) == 1:
		return index, "the only candidate"
	default:
		return index, fmt.Sprintf("the lowest AIC of the candidates, %.1f", aic(candidates[index]))
	}
}

// aic returns the AIC of a usable fit.
func aic(f Fit) float64 {
	v, _ := f.AIC.Get()
	return v
}
