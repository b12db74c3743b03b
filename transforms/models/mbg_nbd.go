package models

// MBGNBD may drop out after each purchase, the first one included.
//
//	L = B(a, b+x+1)/B(a, b)·Γ(r+x)/Γ(r)·α^r·[ (α+T)^−(r+x) + a/(b+x)·(α+tx)^−(r+x) ]
//
// Source: Batislam, Denizel & Filiztekin (2007), "Empirical Validation and
// Comparison of Models for Customer Base Analysis", IJRM 24(3); Hoppe & Wagner
// (2007), Marketing ZFP 29(3). Geometric has the numbers.
const MBGNBD Family = "mbg_nbd"

func mbgNBDFamily() family { return geometricFamily(MBGNBD, 4) }
