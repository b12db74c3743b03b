// Package models knows the models of when customers buy and of what a purchase
// is worth: their likelihoods, fits and predictions. It knows nothing of
// ledgers, tables and money; customers are numbers (x, t_x, T) here.
//
//	model.go           what every model of purchases does, and one customer's prospects
//	families.go        the families by name, and how each is fitted
//	nbd.go, bg_nbd.go, mbg_nbd.go  NBD, BG/NBD, MBG/NBD, each with its likelihood
//	geometric.go       the mathematics of the three: likelihood, P(alive)
//	geometric_future.go what they expect: purchases, discounted purchases, P(any purchase)
//	pareto_nbd.go      Pareto/NBD: likelihood, P(alive)
//	pareto_nbd_future.go what it expects
//	corners.go         what is computed once for each number of purchases and day
//	bg_bb.go           BG/BB: buying at opportunities, as they come with the calendar
//	s_bg.go, bdw.go    sBG and BdW: renewing a contract at each opportunity, or leaving
//	contract.go        the mathematics of the two
//	staying.go         how long customers stay, counted in opportunities
//	opportunities.go   what is linear between whole numbers of opportunities
//	bundles.go         opportunities that are taken by several purchases, or by less than one
//	running.go         predictions that begin within a period, and with the first purchase
//	cnbd.go            BG/CNBD-k, MBG/CNBD-k, regular purchases: likelihood, P(alive)
//	cnbd_fit.go        their likelihood over cells, with its derivatives
//	cnbd_future.go     what they expect
//	cnbd_counts.go     the same by the numbers of stages passed, where few are likely
//	cnbd_waves.go      the same in closed form by the dropout probability, where many are
//	cnbd_next.go       when the next purchase is
//	gammagamma.go      Gamma–Gamma: the value of a purchase
//	fit.go, fit_*.go   maximum likelihood, standard errors, status, choice
//	fit_strata.go      fits of spend by frequency
//	fit_shrunk.go      fits of segments, drawn to that of the whole base
//	uncertainty.go     quantiles, what the uncertainty of parameters does, widening of intervals
//	variance.go        what is left to chance: variances of customers, intervals of sums
//	intervals.go       how far customers may come out from what is expected of them
//	counts.go          their numbers of purchases
//	spread.go          the value of their purchases
//	slopes.go          what parameters do to sums over customers
//	score.go           scoring many customers
//	wait.go            when they buy next
//	score_curves.go    what they expect as curves of their age, for scoring
//	score_bands.go     the same for many x at once
//
// Symbols are the papers': x repeat purchase days, t_x days from the first to
// the last purchase, T days from the first purchase to the as-of day, m the
// mean value of the repeat purchases; r, alpha, a, b, s, beta, p, q, gamma the
// parameters, in the model's time unit and the job's currency. In BG/BB, sBG and
// BdW, which count opportunities instead of time, alpha, beta, gamma, delta and c
// are the parameters, and x, t_x and T are opportunities.
package models
