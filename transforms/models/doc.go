// Package models knows the models of when customers buy and of what a purchase
// is worth: their likelihoods, fits and predictions. It knows nothing of
// ledgers, tables and money; customers are numbers (x, t_x, T) here.
//
//	model.go           what every model of purchases does, and one customer's prospects
//	families.go        the families by name, and how each is fitted
//	bg_nbd.go          NBD, BG/NBD, MBG/NBD: likelihood, P(alive)
//	bg_nbd_future.go   what they expect: purchases, discounted purchases, P(any purchase)
//	cnbd.go            BG/CNBD-k, MBG/CNBD-k, regular purchases: likelihood, P(alive)
//	cnbd_fit.go        their likelihood over cells, with its derivatives
//	cnbd_future.go     what they expect
//	cnbd_counts.go     the same by the numbers of stages passed, where few are likely
//	cnbd_waves.go      the same in closed form by the dropout probability, where many are
//	cnbd_next.go       when the next purchase is
//	gammagamma.go      Gamma–Gamma: the value of a purchase
//	fit.go, fit_*.go   maximum likelihood, standard errors, status, choice
//	uncertainty.go     quantiles, what the uncertainty of parameters does, widening of intervals
//	score.go           scoring many customers
//	score_curves.go    what they expect as curves of their age, for scoring
//	score_bands.go     the same for many x at once
//
// Symbols are the papers': x repeat purchase days, t_x days from the first to
// the last purchase, T days from the first purchase to the as-of day, m the
// mean value of the repeat purchases; r, alpha, a, b, s, beta, p, q, gamma the
// parameters, in the model's time unit and the job's currency.
package models
