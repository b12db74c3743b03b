package clv

// Outlook is what a model of purchases expects of one customer until one
// horizon h.
type Outlook struct {
	Expected              float64 // purchases in (T, T+h]; +Inf only where h is
	Discounted            float64 // the same, each discounted to T
	ProbabilityOfPurchase float64 // of at least one
}

// Scorer scores many customers with one model and a list of horizons.
//
// Beside P(alive), what a model says of a customer depends on (x, T) alone;
// that is computed once for each (x, T) among the cells that it is made with. A
// Scorer does not change after NewScorer: make one for all customers, any
// number of goroutines may use it. Its numbers are those of the methods of
// Purchases to the last bit, whether the customer is among the cells or not.
type Scorer struct {
	model       Purchases
	daysPerUnit float64
	delta       float64   // discount rate per unit
	horizons    []float64 // in units
	byX         map[int32]ageTable
	outlooks    []Outlook // of customers alive at the known (x, T), len(horizons) each
}

// ageTable finds the outlooks of one x by the age T in days: at[T−first] is 1 +
// the number of the entry, 0 where there is none.
type ageTable struct {
	first int32
	at    []int32
}

// NewScorer returns a Scorer of model, whose unit of time is daysPerUnit days,
// for a continuous discount rate per day ≥ 0 and horizons in days > 0, +Inf for
// the lifetime. cells are those that the model was fitted to, sorted by X first;
// a customer outside them costs about a thousand times as much.
func NewScorer(model Purchases, daysPerUnit, discountPerDay float64, horizonDays []float64, cells []Cell) *Scorer {
	s := &Scorer{model: model, daysPerUnit: daysPerUnit, delta: discountPerDay * daysPerUnit, byX: map[int32]ageTable{}}
	for _, days := range horizonDays {
		s.horizons = append(s.horizons, days/daysPerUnit)
	}
	for from := 0; from < len(cells); {
		to, first, last := from, cells[from].T, cells[from].T
		for ; to < len(cells) && cells[to].X == cells[from].X; to++ {
			first, last = min(first, cells[to].T), max(last, cells[to].T)
		}
		table := ageTable{first: first, at: make([]int32, last-first+1)}
		for _, c := range cells[from:to] {
			table.at[c.T-first] = 1 // known; fill numbers them in the order of T
		}
		s.fill(table, cells[from].X)
		s.byX[cells[from].X] = table
		from = to
	}
	return s
}

// fill computes the outlooks of the ages marked in the table of x, and numbers
// them.
func (s *Scorer) fill(table ageTable, x int32) {
	n := len(s.horizons)
	rules := ruleCache{} // a rule depends on x, and on T by a few steps only
	for i, known := range table.at {
		if known == 0 {
			continue
		}
		s.outlooks = append(s.outlooks, make([]Outlook, n)...)
		s.compute(x, table.first+int32(i), rules, s.outlooks[len(s.outlooks)-n:])
		table.at[i] = int32(len(s.outlooks) / max(1, n))
	}
}

// compute writes what a customer alive at T days with x repeat purchases will
// do until each horizon.
func (s *Scorer) compute(x, T int32, rules ruleCache, into []Outlook) {
	f := s.model.after(int(x), float64(T)/s.daysPerUnit)
	f.rules = rules
	for i, h := range s.horizons {
		into[i] = Outlook{f.expected(h), f.discounted(s.delta, h), f.probabilityOfPurchase(h)}
	}
}

// Score returns P(alive) of a customer with x repeat purchase days, the last of
// them tx days after the first purchase, which was T days before the end of
// observation, and writes what is expected until each horizon to the front of
// into, which must have room for all.
func (s *Scorer) Score(x, tx, T int32, into []Outlook) (alive float64) {
	alive = s.model.ProbabilityAlive(int(x), float64(tx)/s.daysPerUnit, float64(T)/s.daysPerUnit)
	into = into[:len(s.horizons)]
	if known, ok := s.known(x, T); ok {
		copy(into, known)
	} else {
		s.compute(x, T, nil, into)
	}
	for i, o := range into {
		into[i] = Outlook{scale(alive, o.Expected), scale(alive, o.Discounted), alive * o.ProbabilityOfPurchase}
	}
	return alive
}

// known returns the outlooks of customers alive at (x, T), if they are there.
func (s *Scorer) known(x, T int32) ([]Outlook, bool) {
	table, ok := s.byX[x]
	if !ok || T < table.first || int(T-table.first) >= len(table.at) {
		return nil, false
	}
	entry := int(table.at[T-table.first])
	if entry == 0 {
		return nil, false
	}
	n := len(s.horizons)
	return s.outlooks[(entry-1)*n : entry*n], true
}
