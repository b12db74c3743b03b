package shop

// Truth is what a shop's customers follow. Symbols are those of the papers:
// r, alpha, a, b of the MBG/NBD; p, q, gamma of the Gamma–Gamma.
type Truth struct {
	R     float64 `json:"r"`     // shape of the purchase rates
	Alpha float64 `json:"alpha"` // rate of the purchase rates, in weeks
	A     float64 `json:"a"`     // dropout probabilities are Beta(a, b)
	B     float64 `json:"b"`

	P     float64 `json:"p"`     // shape of a customer's purchase values
	Q     float64 `json:"q"`     // shape and
	Gamma float64 `json:"gamma"` // rate of their rates, in the currency; the mean purchase is p·gamma/(q−1)

	Growth float64     `json:"growth"` // of newcomers, a year: 0.15 is 15 %
	Season [12]float64 `json:"season"` // of January to December: purchases and newcomers against the year's mean, which is 1

	Countries []Share `json:"countries"` // of customers, for life
	Channels  []Share `json:"channels"`  // of orders, independent of the customer

	SecondOrders float64 `json:"second_orders"` // share of purchase days with two orders
	Refunds      float64 `json:"refunds"`       // share of orders refunded, wholly or by half, on a later day
	Dirt         Dirt    `json:"dirt"`
}

// Share is a value of an attribute and how often it comes; the shares of an
// attribute add up to 1.
type Share struct {
	Value string  `json:"value"`
	Share float64 `json:"share"`
}

// Dirt says how often each kind of dirt comes: once in so many; 0 is never.
type Dirt struct {
	Duplicates    int64 `json:"duplicates"`     // of the sale rows, one comes twice, equal in every column
	Late          int64 `json:"late"`           // of the sale rows, one stands at the end of the log
	Unreadable    int64 `json:"unreadable"`     // of the sale rows, one is followed by one with a broken amount or time
	ZeroAmounts   int64 `json:"zero_amounts"`   // of the orders, one has another row of amount 0
	Guests        int64 `json:"guests"`         // of the orders, one is followed by one of nobody
	OrphanRefunds int64 `json:"orphan_refunds"` // of the customers, one begins with a refund of a sale that the log lacks
}

// truth returns the parameters of the shop.
//
// They are chosen to be those of a mid-size shop with consumables and to be
// well identified by ten thousand customers: over two years 55 % of
// the customers buy once, the mean purchase is 30, and r and a are far enough
// from 0 and b and Q small enough to have no ridge in the likelihood.
func truth(clean bool) Truth {
	t := Truth{
		R: 0.6, Alpha: 9, A: 0.8, B: 2.2,
		P: 6, Q: 4, Gamma: 15,
		Growth: 0.15,
		Season: [12]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		Countries: []Share{
			{"DE", 0.42}, {"FR", 0.20}, {"NL", 0.14}, {"AT", 0.10}, {"IT", 0.08}, {"ES", 0.06},
		},
		Channels: []Share{{"search", 0.40}, {"email", 0.25}, {"social", 0.20}, {"direct", 0.15}},
	}
	if clean {
		return t
	}
	t.Season = season()
	t.SecondOrders = 0.03
	t.Refunds = 0.05
	// Primes, so that two kinds rarely meet in one row. Unreadable rows stay
	// well below the share of 0.001 at which a job stops.
	t.Dirt = Dirt{Duplicates: 307, Late: 503, Unreadable: 2503, ZeroAmounts: 211, Guests: 31, OrphanRefunds: 199}
	return t
}

// season returns the months' factors: a quiet start of the year and a strong
// November and December, scaled so that the mean over the days of a year is 1.
func season() [12]float64 {
	days := [12]float64{31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	factors := [12]float64{0.88, 0.85, 0.95, 0.95, 1, 0.95, 0.9, 0.9, 0.97, 1.03, 1.3, 1.32}
	var total float64
	for month, f := range factors {
		total += f * days[month]
	}
	for month := range factors {
		factors[month] *= 365.25 / total
	}
	return factors
}
