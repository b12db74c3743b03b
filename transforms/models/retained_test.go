package models

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// From a day to a century. 1e-11 relative is what the quadratures are chosen
// for; a probability below 1e-15 of customers all but gone may be less exact.
func TestRetainedNewAgreesWithHighPrecision(t *testing.T) {
	var file struct {
		Rows []struct {
			Model    [4]float64
			From, To float64
			Value    string
		}
	}
	readJSON(t, "retained_60digits.json", &file)
	const enough = 20
	if len(file.Rows) < enough {
		t.Fatalf("%d rows", len(file.Rows))
	}
	for _, row := range file.Rows {
		m := Geometric{BGNBD, row.Model[0], row.Model[1], row.Model[2], row.Model[3]}
		got, want := m.RetainedNew(row.From, row.To), number(t, row.Value)
		if math.Abs(got-want) > 1e-11*want+1e-15 {
			t.Errorf("%v from %v to %v: %v, want %v", row.Model, row.From, row.To, got, want)
		}
	}
}

// The story told step by step: a rate, a dropout probability, and purchases
// one after the other until the customer drops out. 200,000 customers give a
// share to √(p(1−p)/n) ≤ 0.0012; four of these are exceeded once in 15,000.
func TestRetainedNewAgreesWithSimulation(t *testing.T) {
	const customers = 200_000
	periods := [][2]float64{{0, 4}, {4, 8}, {26, 39}, {100, 104}}
	models := []Geometric{
		{BGNBD, 0.6, 6, 0.8, 2.4}, {MBGNBD, 0.6, 6, 0.8, 2.4}, {MBGNBD, 2, 10, 3, 1}, {Family: NBD, R: 0.5, Alpha: 9},
	}
	source := rand.NewPCG(8, 8)
	for _, m := range models {
		counts := make([]int, len(periods))
		for range customers {
			for i, bought := range boughtIn(source, m, periods) {
				if bought {
					counts[i]++
				}
			}
		}
		for i, p := range periods {
			got, want := float64(counts[i])/customers, m.RetainedNew(p[0], p[1])
			if se := math.Sqrt(want * (1 - want) / customers); math.Abs(got-want) > 4*se {
				t.Errorf("%+v in %v: simulated %v, want %v ± %v", m, p, got, want, se)
			}
		}
	}
}

// boughtIn returns in which of the periods a new customer bought.
func boughtIn(source rand.Source, m Geometric, periods [][2]float64) []bool {
	bought, random := make([]bool, len(periods)), rand.New(source)
	rate, dropout := distuv.Gamma{Alpha: m.R, Beta: m.Alpha, Src: source}.Rand(), 0.0
	if m.Family != NBD {
		dropout = distuv.Beta{Alpha: m.A, Beta: m.B, Src: source}.Rand()
	}
	end := periods[len(periods)-1][1]
	at, isFirst := 0.0, true
	for {
		if (!isFirst || m.Family == MBGNBD) && random.Float64() < dropout {
			return bought
		}
		isFirst = false
		if at += random.ExpFloat64() / rate; at > end {
			return bought
		}
		for i, p := range periods {
			bought[i] = bought[i] || p[0] < at && at <= p[1]
		}
	}
}

// From the beginning, a purchase in the first t is the probability of any.
func TestRetainedNewStartsAsTheProbabilityOfPurchase(t *testing.T) {
	for _, m := range lawModels {
		for _, to := range []float64{1.0 / 7, 4, 520} {
			wantClose(t, string(m.Family), m.RetainedNew(0, to), m.ProbabilityOfPurchase(0, 0, 0, to), 1e-13)
		}
	}
}

// Probabilities, that fall from offset to offset; in NBD nobody is lost.
func TestRetainedNewFallsWithTime(t *testing.T) {
	for _, m := range lawModels {
		before := 1.0
		for k := range 200 {
			rate := m.RetainedNew(4*float64(k), 4*float64(k+1))
			const rounding = 1e-11 // of the quadratures, whose rules change with k
			if !(rate >= 0) || !(rate <= before*(1+rounding)) {
				t.Errorf("%+v offset %d: %v after %v", m, k, rate, before)
			}
			before = rate
		}
	}
	nbd := Geometric{Family: NBD, R: 0.5, Alpha: 11}
	wantClose(t, "nbd", nbd.RetainedNew(400, 433), 1-math.Pow(11.0/44, 0.5), 1e-14) // by hand: ½
}

// At the median, half of those alive have bought again, in every family.
func TestMedianToPurchaseIsWhereHalfHaveBought(t *testing.T) {
	for _, m := range lawModels {
		for _, c := range lawCells {
			alive := m.ProbabilityAlive(c.x, c.tx, c.T)
			if alive == 0 {
				continue
			}
			median := m.MedianToPurchase(c.x, c.T)
			if bought := m.ProbabilityOfPurchase(c.x, c.tx, c.T, median) / alive; !(math.Abs(bought-0.5) < 1e-12) && !math.IsInf(median, 1) {
				t.Errorf("%+v %+v: %v have bought by %v", m, c, bought, median)
			}
		}
	}
	// By hand: (12 + 36)·(2^(1/(0.5+1.5)) − 1) with r + x = 2.5 − 0.5.
	wantClose(t, "by hand", Geometric{MBGNBD, 1, 12, 1, 1}.MedianToPurchase(1, 36), 48*(math.Sqrt2-1), 1e-14)
}
