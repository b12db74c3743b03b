// Package shop simulates the transactions of an online shop whose truth is
// known: the parameters that its customers follow (Truth) and what stands in
// its log (Report). It is what the commands sample and demo write, and what
// tests of the whole job compare with.
//
// What goes in is a Settings value; what comes out is rows in batches, the
// same for the same settings on one architecture. Nothing else enters: no
// clock, no environment.
//
//	New ► Shop.Block ► Shop.Add ► Block.Rows ► Definition (Parquet) or AppendCSV (CSV)
//	                       └► Shop.Report: how many rows of each kind came
//
// A log is made in blocks, each some hundred thousand customers with random
// numbers of their own (block.go). They can be simulated side by side, and
// memory does not depend on the log's length but for late rows, which are kept
// until its end. Rows are in the order of their times within a block, blocks
// follow each other, late rows come last: a log of several blocks runs through
// its days once in each. Shop.Batches is all of it one after the other.
//
// # Customers
//
// A customer arrives on a day and buys. After that and after every further
// purchase they leave for ever with probability p, else buy again after an
// exponential time of rate λ; over the customers λ ~ Gamma(r, alpha) and
// p ~ Beta(a, b). This is the MBG/NBD model (Batislam, Denizel and Filiztekin
// 2007). A purchase's value is Gamma(P, ν) with ν ~ Gamma(Q, gamma), the
// Gamma–Gamma model, independent of λ and p. Both Gammas have rates as second
// parameter.
//
// The process is continuous, the shop's purchases are days: with the first
// purchase at time 0, one at time t falls on day ⌈t⌉ after it, so that exactly
// the purchases of (0, T] fall within T days. A purchase that falls on the day
// of the one before is part of it (Report.SameDay counts them).
//
// Where both customers and rows are given, alpha is divided and b multiplied by
// a common factor (scale.go): customers buy so many times as often, leave after
// about so many times as many purchases, and stay for about as long. Pilots of
// up to 50,000 customers and about a million rows find the factor, so that the
// log has the rows wanted within about a per cent, or a few where a customer
// makes hundreds; Truth tells what became of alpha and b.
//
// # What biases a fit
//
//   - Days: recencies are up to a day late, and purchases of the same day are
//     one, which takes about 1 % of the repeats away, from the most frequent.
//     An MBG/NBD fit of 200,000 clean customers finds alpha 4 % high, r 3 %
//     high, and a and b right.
//   - Season: customers live by a clock that runs fast in December and slow in
//     February and gains nothing in a year. Dropout is per purchase and so not
//     touched. A model without season takes a quiet month for the customers'
//     nature: the same fit of a seasonal log finds a 12 % low and b 6 % low,
//     mean dropout 0.25 instead of 0.27.
//   - Refunds on the day of another purchase lower its value, rarely to
//     nothing; duplicate rows raise it, unless the job drops them.
//
// # Dirt
//
// Unless Settings.Clean, rows of every kind of dirt are mixed in at fixed
// intervals (Dirt), so that a sample of some thousand rows has them all and the
// share of unreadable rows never reaches a job's limit. They come beside the customers'
// purchases and never instead of them: a customer's first purchase is always a
// sound row, so each row's kind is also its fate in a job that runs as of
// Settings.To in UTC.
package shop
