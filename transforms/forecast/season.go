package forecast

// season is what calendar months are above or below the others, January first;
// around 1.
type season [monthsPerYear]float64

// noSeason is that of a history too short to show one.
func noSeason() (s season) {
	for m := range s {
		s[m] = 1
	}
	return s
}

// leastSeasonYears is how often each calendar month must have been seen: once
// tells nothing apart from chance.
const leastSeasonYears = 2

// seasonOf returns the season of consecutive months, the first of which is a
// calendar month (0 is January), from what happened and what was expected
// without a season. Not ok, and 1 throughout, below two whole years.
//
//	i(m)  = Σ_y A(y,m) / Σ_y Ê(y,m),          Ê(y,m) = E(y,m)·ΣA(y)/ΣE(y)
//	φ     = max(1, Σ (A − Ê·i)²/(Ê·i) / 11(Y−1))
//	se²(m) = φ / Σ_y Ê(y,m),                  τ² = max(0, mean over m of (i − 1)² − se²)
//	index = 1 + τ²/(τ² + se²)·(i − 1)
//
// y are the last Y whole years of 12 months, A what happened, E what was
// expected. The level of each year is taken out, so that a model that is off by
// some share everywhere, or growth, is no season. φ is the dispersion of a
// quasi-Poisson count (McCullagh & Nelder 1989, section 6.2), never taken below
// that of chance; the last line shrinks towards 1 by the standard error, as
// empirical Bayes does (Efron & Morris 1973, eq. 1.14, with unequal variances).
func seasonOf(actual, expected []float64, first int) (s season, ok bool) {
	s = noSeason()
	years := len(actual) / monthsPerYear
	if years < leastSeasonYears {
		return s, false
	}
	cut := len(actual) - years*monthsPerYear
	actual, expected, first = actual[cut:], expected[cut:], first+cut
	levelled, ok := byYear(actual, expected)
	if !ok {
		return s, false
	}
	var seen, due, index, variance season
	for i, e := range levelled {
		m := (first + i) % monthsPerYear
		seen[m] += actual[i]
		due[m] += e
	}
	for m := range index {
		if due[m] <= 0 {
			return s, false
		}
		index[m] = seen[m] / due[m]
	}
	phi := dispersion(actual, levelled, &index, first, years)
	spread := 0.0
	for m := range index {
		variance[m] = phi / due[m]
		spread += (index[m]-1)*(index[m]-1) - variance[m]
	}
	spread = max(0, spread/monthsPerYear)
	for m := range s {
		s[m] = 1 + spread/(spread+variance[m])*(index[m]-1)
	}
	return s, true
}

// byYear returns what was expected with the level of each year put right.
func byYear(actual, expected []float64) (levelled []float64, ok bool) {
	for from := 0; from < len(actual); from += monthsPerYear {
		a, e := total(actual[from:from+monthsPerYear]), total(expected[from:from+monthsPerYear])
		if !(a > 0) || !(e > 0) {
			return nil, false
		}
		for _, month := range expected[from : from+monthsPerYear] {
			levelled = append(levelled, month*a/e)
		}
	}
	return levelled, true
}

// dispersion returns φ.
func dispersion(actual, levelled []float64, index *season, first, years int) float64 {
	chi := 0.0
	for i, e := range levelled {
		if mean := e * index[(first+i)%monthsPerYear]; mean > 0 {
			chi += (actual[i] - mean) * (actual[i] - mean) / mean
		}
	}
	return max(1, chi/float64((monthsPerYear-1)*(years-1)))
}

func total(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum
}

// apply multiplies what is expected in months by their season, and then each
// block of twelve so that it keeps its sum: a season moves purchases within a
// year and makes none. factors are set to what each month was multiplied by.
// blocks says where blocks begin; what has no sum stays as it is.
func (s *season) apply(expected []float64, months []Month, blocks func(i int) int, factors []float64) {
	for from := 0; from < len(expected); {
		to := from + 1
		for to < len(expected) && blocks(to) == blocks(from) {
			to++
		}
		plain, moved := 0.0, 0.0
		for i := from; i < to; i++ {
			factors[i] = s[calendarMonth(months[i].Start)]
			plain += expected[i]
			moved += expected[i] * factors[i]
		}
		for i := from; i < to; i++ {
			if moved > 0 {
				factors[i] *= plain / moved
			} else {
				factors[i] = 1
			}
			expected[i] *= factors[i]
		}
		from = to
	}
}
