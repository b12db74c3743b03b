package models

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Family is the name of a model, as in table models.
type Family string

// GammaGamma is the model of the value of a purchase; the others, each in a file
// of its own, are of when customers buy.
const GammaGamma Family = "gamma_gamma"

// Families are the models with how they predict.
var Families = []ledger.Term{
	{Name: string(NBD), Doc: "While alive a customer buys at random at a rate λ, which differs between customers as Gamma(r, alpha), and nobody ever leaves. Expected purchases in a time t: (r + x)/(alpha + T)·t. Fitted beside the others, to see whether dropout explains anything. Ehrenberg (1959)."},
	{Name: string(BGNBD), Doc: "As nbd; after each repeat purchase a customer leaves for ever with probability p, which differs as Beta(a, b). Who bought once counts as alive with certainty, so it predicts only where it is the sole candidate. Fader, Hardie & Lee (2005), Marketing Science 24(2)."},
	{Name: string(MBGNBD), Doc: "As bg_nbd, and a customer may leave after the first purchase too: the probability of being alive falls with silence for everybody. The default. Batislam, Denizel & Filiztekin (2007), IJRM 24(3)."},
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
func families() []family {
	return []family{nbdFamily(), bgNBDFamily(), mbgNBDFamily()}
}

// familyOf returns the family of a name; it panics for another.
func familyOf(name Family) family {
	all := families()
	i := slices.IndexFunc(all, func(f family) bool { return f.name == name })
	if i < 0 {
		panic("models: no family of purchases is called " + string(name))
	}
	return all[i]
}
