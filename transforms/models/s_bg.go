package models

// SBG renews a contract or leaves at the end of each period.
//
//	S(t) = B(α, β+t)/B(α, β),   r(t) = S(t)/S(t−1) = (β+t−1)/(α+β+t−1)
//
// Source: Fader & Hardie (2007), "How to Project Customer Retention", Journal of
// Interactive Marketing 21(1), eq. (6) and (7). Contract has the numbers.
const SBG Family = "s_bg"

func sBGFamily() family {
	return contractFamily(SBG, 2, func(leave float64) []vector {
		return []vector{contractStart(2, leave, 1), contractStart(10, leave, 1), contractStart(0.5, leave, 1)}
	})
}
