package models

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Family is the name of a model, as in table models.
type Family string

// The families.
const (
	// NBD buys at a constant rate for ever; rates differ between customers.
	NBD Family = "nbd"
	// BGNBD may drop out after each repeat purchase, never after the first one:
	// it calls every one-time buyer alive.
	BGNBD Family = "bg_nbd"
	// MBGNBD may drop out after each purchase, the first one included.
	MBGNBD Family = "mbg_nbd"
	// BGCNBD2, BGCNBD3 and BGCNBD4 are BGNBD with times between purchases that vary
	// less than at random: Erlang of 2, 3 and 4 stages.
	BGCNBD2 Family = "bg_cnbd_2"
	BGCNBD3 Family = "bg_cnbd_3"
	BGCNBD4 Family = "bg_cnbd_4"
	// MBGCNBD2, MBGCNBD3 and MBGCNBD4 are MBGNBD with such times.
	MBGCNBD2 Family = "mbg_cnbd_2"
	MBGCNBD3 Family = "mbg_cnbd_3"
	MBGCNBD4 Family = "mbg_cnbd_4"
	// GammaGamma is the model of the value of a purchase.
	GammaGamma Family = "gamma_gamma"
)

// KeepsOneTimeBuyers says whether a family has dropout after repeat purchases
// only, so that it calls every one-time buyer alive.
func (f Family) KeepsOneTimeBuyers() bool { return dropoutOf(f) == BGNBD }

// Families are the models with how they predict.
var Families = []ledger.Term{
	{Name: string(NBD), Doc: "While alive a customer buys at random at a rate λ, which differs between customers as Gamma(r, alpha), and nobody ever leaves. Expected purchases in a time t: (r + x)/(alpha + T)·t. Fitted beside the others, to see whether dropout explains anything. Ehrenberg (1959)."},
	{Name: string(BGNBD), Doc: "As nbd; after each repeat purchase a customer leaves for ever with probability p, which differs as Beta(a, b). Who bought once counts as alive with certainty, so it predicts only where it is the sole candidate. Fader, Hardie & Lee (2005), Marketing Science 24(2)."},
	{Name: string(MBGNBD), Doc: "As bg_nbd, and a customer may leave after the first purchase too: the probability of being alive falls with silence for everybody. The default. Batislam, Denizel & Filiztekin (2007), IJRM 24(3)."},
	{Name: string(BGCNBD2), Doc: "As bg_nbd, but purchases are more regular than at random: a customer takes two steps to each, at a rate λ from step to step that differs as Gamma(r, alpha), so that the times between purchases vary by 71 % of their mean instead of 100 %. Who is silent for longer than they used to be is soon taken for gone. Reutterer, Platzer & Schröder (2021), IJRM 38(1)."},
	{Name: string(BGCNBD3), Doc: "As bg_cnbd_2 with three steps to a purchase: the times between purchases vary by 58 % of their mean."},
	{Name: string(BGCNBD4), Doc: "As bg_cnbd_2 with four steps to a purchase: the times between purchases vary by 50 % of their mean."},
	{Name: string(MBGCNBD2), Doc: "As bg_cnbd_2, and a customer may leave after the first purchase too, as in mbg_nbd."},
	{Name: string(MBGCNBD3), Doc: "As mbg_cnbd_2 with three steps to a purchase: the times between purchases vary by 58 % of their mean."},
	{Name: string(MBGCNBD4), Doc: "As mbg_cnbd_2 with four steps to a purchase: the times between purchases vary by 50 % of their mean."},
	{Name: string(GammaGamma), Doc: "The value of a purchase. A customer's purchases vary around a mean of their own, which differs between customers. Expected mean after x purchases of mean m: p(gamma + m·x)/(p·x + q − 1), between the population's mean and the customer's own. Fader & Hardie (2013)."},
}

// family is how a model of purchases is fitted.
type family struct {
	name       Family
	parameters []string // as in the papers
	times      []bool   // which of them are times
	make       func(p []float64) Purchases
	// likelihood returns the mean log-likelihood of cells as a function of the
	// parameters, with days divided by scaleDays.
	likelihood func(d Data, scaleDays float64, each Each) objective
	// starts are the logarithms of parameters to start from, in units of the mean
	// age, the first where most fits end.
	starts func(t cellTotals) []vector
}

// families are those that FitPurchases fits.
func families() []family { return slices.Concat(geometricFamilies(), erlangFamilies()) }

// familyOf returns the family of a name; it panics for another.
func familyOf(name Family) family {
	all := families()
	i := slices.IndexFunc(all, func(f family) bool { return f.name == name })
	if i < 0 {
		panic("models: no family of purchases is called " + string(name))
	}
	return all[i]
}
