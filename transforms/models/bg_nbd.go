package models

// BGNBD may drop out after each repeat purchase, never after the first one: it
// calls every one-time buyer alive.
//
//	L = B(a, b+x)/B(a, b)·Γ(r+x)/Γ(r)·α^r·[ (α+T)^−(r+x) + [x > 0]·a/(b+x−1)·(α+tx)^−(r+x) ]
//
// Source: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way",
// Marketing Science 24(2), eq. (6). Geometric has the numbers.
const BGNBD Family = "bg_nbd"

func bgNBDFamily() family { return geometricFamily(BGNBD, 4) }
