package models

// NBD buys at a constant rate for ever; rates differ between customers.
//
//	P(X(t) = n) = Γ(r+n)/(Γ(r)·n!)·(α/(α+t))^r·(t/(α+t))^n
//
// While alive, which is always, a customer buys at random at rate λ ~ Gamma(r, α).
// Source: Ehrenberg (1959), "The Pattern of Consumer Purchases", Applied
// Statistics 8(1). It is Geometric with a = b = 0, and always fitted beside the
// others, to see whether dropout explains anything.
const NBD Family = "nbd"

func nbdFamily() family { return geometricFamily(NBD, 2) }
