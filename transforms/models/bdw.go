package models

// BdW is SBG where a customer's own probability to leave changes with age.
//
//	S(t) = B(α, β+t^c)/B(α, β)
//
// Source: Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to Project Customer
// Retention Revisited: The Role of Duration Dependence", Journal of Interactive
// Marketing 43. Contract has the numbers.
const BdW Family = "bdw"

func bdwFamily() family {
	return contractFamily(BdW, 3, func(leave float64) []vector {
		return []vector{contractStart(2, leave, 1), contractStart(2, leave, 1.6), contractStart(10, leave, 0.6)}
	})
}
