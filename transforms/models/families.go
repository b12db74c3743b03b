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

// KeepsOneTimeBuyers says whether a family has dropout after repeat purchases
// only, so that it calls every one-time buyer alive.
func (f Family) KeepsOneTimeBuyers() bool { return dropoutOf(f) == BGNBD }

// Families are the models with how they predict.
var Families = []ledger.Term{
	{Name: string(NBD), Doc: "While alive a customer buys at random at a rate λ, which differs between customers as Gamma(r, alpha), and nobody ever leaves. Expected purchases in a time t: (r + x)/(alpha + T)·t. Fitted beside the others, to see whether dropout explains anything. Ehrenberg (1959)."},
	{Name: string(BGNBD), Doc: "As nbd; after each repeat purchase a customer leaves for ever with probability p, which differs as Beta(a, b). Who bought once counts as alive with certainty, so it predicts only where it is the sole candidate. Fader, Hardie & Lee (2005), Marketing Science 24(2)."},
	{Name: string(MBGNBD), Doc: "As bg_nbd, and a customer may leave after the first purchase too: the probability of being alive falls with silence for everybody. One of the default candidates. Batislam, Denizel & Filiztekin (2007), IJRM 24(3)."},
	{Name: string(ParetoNBD), Doc: "As nbd; a customer may leave at any time, at a rate μ, which differs as Gamma(s, beta), so that lifetimes are Pareto distributed: the probability of being alive is 1 on the day of a purchase and falls with silence. Schmittlein, Morrison & Colombo (1987), Management Science 33(1)."},
	{Name: string(BGBB), Doc: "Time is a row of opportunities, the periods of models.opportunity: before each a customer may leave for ever, with probability θ, which differs as Beta(gamma, delta); who is still there takes it, by one purchase or several, with probability p, which differs as Beta(alpha, beta). For purchases that are tied to a calendar, as subscriptions box by box, donations or events are. Fader, Hardie & Shang (2010), Marketing Science 29(6)."},
	{Name: string(SBG), Doc: "Customers under contract. At the end of each period of models.opportunity a customer leaves with probability θ, which differs between customers as Beta(alpha, beta), and otherwise renews: retention rises with age, for those who easily leave have left. Whether a customer is there is known. The shifted beta-geometric of Fader & Hardie (2007), Journal of Interactive Marketing 21(1)."},
	{Name: string(BdW), Doc: "As s_bg, and a customer's own probability to leave changes with age: it rises for c > 1 and falls for c < 1; c = 1 is s_bg. The probability to survive t periods is B(alpha, beta + t^c) ÷ B(alpha, beta). The beta-discrete-Weibull of Fader, Hardie, Liu, Davin & Steenburgh (2018), Journal of Interactive Marketing 43."},
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
	isDiscrete bool     // cells count opportunities, and no parameter is a time
	make       func(p []float64) Purchases
	// likelihood returns the mean log-likelihood of cells as a function of the
	// parameters, with days divided by scaleDays.
	likelihood func(d Data, scaleDays float64, each Each) objective
	// starts are the logarithms of parameters to start from, in units of the mean
	// age, the first where most fits end.
	starts func(t cellTotals) []vector
	// besides are starts of another maximum that there may be; nil where none has been
	// seen.
	besides func(t cellTotals) []vector
	// limit says what becomes of the model where the logarithms of parameters stand
	// at a bound; nil where the name of the parameter says it.
	limit func(theta vector) string
}

// families are those that FitPurchases fits.
func families() []family {
	atRandom := []family{nbdFamily(), bgNBDFamily(), mbgNBDFamily(), paretoNBDFamily()}
	return slices.Concat(atRandom, erlangFamilies(), []family{bgBBFamily(), sBGFamily(), bdwFamily()})
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

// IsDiscrete reports whether a family counts opportunities instead of days: its
// cells are other data, and likelihoods compare with each other only.
func (f Family) IsDiscrete() bool { return f == BGBB || f.IsContractual() }

// IsContractual reports whether a family is of customers under contract.
func (f Family) IsContractual() bool { return f == SBG || f == BdW }
