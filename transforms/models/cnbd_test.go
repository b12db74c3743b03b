package models

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// The parameters near the maxima on CDNOW, in weeks, at which points of high
// precision are known.
var (
	publishedBG2  = Erlang{Family: BGCNBD2, K: 2, R: 0.227, Alpha: 1.463, A: 0.944, B: 2.074}
	publishedMBG3 = Erlang{Family: MBGCNBD3, K: 3, R: 0.533, Alpha: 1.258, A: 1.289, B: 1.845}
)

func TestErlangPointsAgreeWithFortyDigits(t *testing.T) {
	// mpmath 1.2.1, 40 digits, with the gaps of each customer.
	var file struct {
		Points []struct {
			Point struct {
				Cust, X int
				Tx      float64 `json:"t_x"`
				T, Litt float64
			}
			Values map[string]struct{ Loglik, Palive string }
		}
	}
	readJSON(t, "cdnow_points_40digits.json", &file)
	for _, p := range file.Points {
		for name, m := range map[string]Erlang{"bgcnbd2": publishedBG2, "mbgcnbd3": publishedMBG3} {
			want := p.Values[name]
			x, tx, T := p.Point.X, p.Point.Tx, p.Point.T
			what := name + " of customer " + strconv.Itoa(p.Point.Cust)
			wantClose(t, what+": log-likelihood", m.LogLikelihood(x, tx, T)+float64(m.K-1)*p.Point.Litt, number(t, want.Loglik), 1e-12)
			wantClose(t, what+": P(alive)", At(m, x, tx, T).ProbabilityAlive(), number(t, want.Palive), 1e-12)
		}
	}
}

func TestErlangFuturesAgreeWithHighPrecision(t *testing.T) {
	// testdata/generate_erlang.py. New and old customers, regular and not, dropout
	// rare to frequent, horizons from a day to ten years. The tolerance is what the
	// quadratures are chosen for.
	var file struct {
		Rows []struct {
			K, Stage int
			Model    [4]float64
			What     string
			H, Delta float64
			From     float64
			Value    string
		}
	}
	readJSON(t, "erlang_futures.json", &file)
	for i, row := range file.Rows {
		f := erlangFuture{r: row.Model[0], alpha: row.Model[1], a: row.Model[2], b: row.Model[3], k: row.K, stage: row.Stage}
		var got float64
		switch row.What {
		case "expected":
			got = f.Expected(row.H)
		case "forever":
			got = f.Discounted(row.Delta, math.Inf(1))
		case "discounted":
			got = f.Discounted(row.Delta, row.H)
		case "retained":
			got = f.Retained(row.From, row.H)
		}
		if want := number(t, row.Value); !(relative(got, want) <= 1e-12) {
			t.Errorf("row %d %+v: %.15g (relative error %.1e)", i, row, got, relative(got, want))
		}
	}
}

// With one stage they are BG/NBD, so that the formulas of stages, purchases one
// after the other and waves, have to give its numbers.
func TestErlangOfOneStageIsGeometric(t *testing.T) {
	mle := Geometric{Family: BGNBD, R: .24259452244251276, Alpha: 4.4136020195275805, A: .7929220180540589, B: 2.4259067801513656}
	one := func(x int, T float64) erlangFuture {
		f := mle.after(x, T)
		return erlangFuture{r: f.r, alpha: f.alpha, a: f.a, b: f.b, k: 1}
	}
	// The published customer: 1.226, here to the digits of another program.
	alive := mle.ProbabilityAlive(2, 213.0/7, 272.0/7)
	wantClose(t, "expected in 39 weeks", alive*one(2, 272.0/7).Expected(39), 1.2259944551864304, 1e-11)
	for _, x := range []int{0, 2, 26, 300} {
		g, f := mle.after(x, 39), one(x, 39)
		for _, h := range []float64{1.0 / 7, 4, 52, 520, 50_000} {
			wantClose(t, "expected", f.Expected(h), g.Expected(h), 1e-12)
			wantClose(t, "by waves", f.wavesOf(h).expected(f.r, h/f.alpha), g.Expected(h), 1e-12)
			wantClose(t, "discounted", f.Discounted(0.0018, h), g.Discounted(0.0018, h), 1e-12)
			wantClose(t, "retained", f.Retained(h, h+4), g.Retained(h, h+4), 1e-11)
		}
		wantClose(t, "discounted for ever", f.Discounted(0.0018, forEver), g.Discounted(0.0018, forEver), 1e-12)
		wantClose(t, "median", f.timeToPurchase(0.5), g.timeToPurchase(0.5), 1e-13)
		got, want := make([]float64, 40), make([]float64, 40)
		f.PMF(52, got)
		g.PMF(52, want)
		for n := range got {
			if math.Abs(got[n]-want[n]) > 1e-14 {
				t.Errorf("x = %d: P(%d) = %v, want %v", x, n, got[n], want[n])
			}
		}
	}
}

// Numbers of stages and waves are two ways to the same sums, over random futures
// where both can be had.
func TestErlangCountsAgreeWithWaves(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	between := func(low, high float64) float64 { return low * math.Pow(high/low, random.Float64()) }
	compared := 0
	for range 150 {
		k, x := 2+random.IntN(3), math.Floor(between(0.5, 100))
		f := erlangFuture{r: between(0.05, 5) + float64(k)*x, alpha: between(0.5, 300), a: between(0.02, 30), b: between(0.1, 20) + x, k: k, stage: random.IntN(k)}
		u, v := between(0.05, 30), between(0.01, 3)
		counts, ok := newStageCounts(f.r, u, f.k-f.stage)
		if !ok || f.r*u < 5 && u < 5 {
			continue // waves cancel where they are not used
		}
		compared++
		waves := f.wavesOf(u * f.alpha)
		wantClose(t, "expected", waves.expected(f.r, u), f.expectedBy(counts), 1e-12)
		if got, want := waves.retained(f.r, u, v), f.retainedBy(counts, v/(1+u)); math.Abs(got-want) > 1e-12*want+1e-16 {
			t.Errorf("%+v after %v in %v: retained %v by waves, %v by counts", f, u, v, got, want)
		}
	}
	if compared < 50 {
		t.Errorf("%d compared", compared)
	}
}

// erlangLawModels span regularity, dropout from none to nearly certain, and rates
// from spread to equal.
var erlangLawModels = []Erlang{
	publishedBG2, publishedMBG3, {MBGCNBD4, 4, 0.8, 1.3, 1.4, 2.1},
	{BGCNBD4, 4, 0.11, 2.24, 0.31, 0.5}, {MBGCNBD2, 2, 2, 20, 1e-6, 1}, {MBGCNBD3, 3, 3, 20, 1e5, 4e5},
	{BGCNBD3, 3, 1e6, 3e6, 0.8, 2.4}, {MBGCNBD2, 2, 1e-3, 0.1, 15, 0.1},
}

func TestErlangPredictionsAreNumbersAndRiseWithTheHorizon(t *testing.T) {
	const rounding = 1e-11 // of the quadratures, which differ by horizon
	for _, m := range erlangLawModels {
		for _, c := range lawCells {
			customer := At(m, c.x, c.tx, c.T)
			alive := customer.ProbabilityAlive()
			if !(alive >= 0 && alive <= 1) {
				t.Errorf("%+v %+v: P(alive) = %v", m, c, alive)
			}
			expected, discounted, probability := 0.0, 0.0, 0.0
			for _, h := range []float64{0, 1.0 / 7, 13, 52, 520, forEver} {
				e, d, p := customer.Expected(h), customer.Discounted(0.0018, h), customer.Retained(0, h)
				if !(e >= expected*(1-rounding)) || !(d >= discounted*(1-rounding)) || !(p >= probability) {
					t.Errorf("%+v %+v horizon %v: expected %v after %v, discounted %v after %v, probability %v after %v",
						m, c, h, e, expected, d, discounted, p, probability)
				}
				if !(d <= e*(1+rounding)) || !(p <= e*(1+rounding)) || !(p <= alive*(1+1e-15)) || math.IsInf(d, 0) {
					t.Errorf("%+v %+v horizon %v: discounted %v, expected %v, probability %v, P(alive) %v", m, c, h, d, e, p, alive)
				}
				expected, discounted, probability = e, d, p
			}
			if later := customer.Retained(52, 56); !(later >= 0 && later <= customer.Retained(0, 56)*(1+rounding)) {
				t.Errorf("%+v %+v: %v buy between 52 and 56", m, c, later)
			}
		}
	}
}

// Σ P(n) = 1, Σ n·P(n) is what is expected, and P(0) is no purchase.
func TestErlangPMFHasItsSumAndMean(t *testing.T) {
	for _, m := range erlangLawModels[:4] {
		for _, c := range lawCells[:8] {
			customer := At(m, c.x, c.tx, c.T)
			const h = 26
			pmf := make([]float64, 4000)
			customer.PMF(h, pmf)
			sum, mean := 0.0, 0.0
			for n, p := range pmf {
				sum += p
				mean += float64(n) * p
			}
			// The tail beyond 4,000 purchases is below 1e-15 for these.
			if math.Abs(sum-1) > 1e-12 || relative(mean, customer.Expected(h)) > 1e-10 {
				t.Errorf("%+v %+v: ΣP = %v, Σn·P = %v, expected %v", m, c, sum, mean, customer.Expected(h))
			}
			if got, want := 1-pmf[0], customer.Retained(0, h); math.Abs(got-want) > 1e-14 {
				t.Errorf("%+v %+v: 1 − P(0) = %v, any purchase %v", m, c, got, want)
			}
		}
	}
}

// Who is silent is less likely alive every week, and the more regular purchases
// are the sooner. A one-time buyer of BG/CNBD-k stays alive.
func TestErlangCustomersFadeWithSilence(t *testing.T) {
	for _, m := range []Erlang{publishedBG2, publishedMBG3} {
		before := 1.0
		for week := 0.0; week < 100; week++ {
			alive := At(m, 5, 20, 20+week).ProbabilityAlive()
			if !(alive < before) {
				t.Errorf("%s after %v silent weeks: %v after %v", m.Family, week, alive, before)
			}
			before = alive
		}
	}
	if alive := At(publishedBG2, 0, 0, 500).ProbabilityAlive(); alive != 1 {
		t.Errorf("bg_cnbd_2 of a one-time buyer: %v, want 1", alive)
	}
}

// Time in days, with alpha in days, is time in weeks.
func TestErlangKnowsNoUnitOfTime(t *testing.T) {
	weeks, days := publishedMBG3, publishedMBG3
	days.Alpha *= 7
	w, d := At(weeks, 3, 20, 30), At(days, 3, 140, 210)
	wantClose(t, "P(alive)", d.ProbabilityAlive(), w.ProbabilityAlive(), 1e-14)
	wantClose(t, "expected", d.Expected(364), w.Expected(52), 1e-13)
	wantClose(t, "discounted", d.Discounted(0.0018/7, 364), w.Discounted(0.0018, 52), 1e-13)
	wantClose(t, "median", d.TimeToPurchase(0.5), 7*w.TimeToPurchase(0.5), 1e-13)
}

// At the time to the next purchase of a probability, so many have bought, whatever
// stages they may be in.
func TestErlangTimeToPurchaseIsWhereAsManyHaveBought(t *testing.T) {
	for _, m := range erlangLawModels {
		for _, c := range lawCells {
			customer := At(m, c.x, c.tx, c.T)
			for _, q := range []float64{0.01, 0.5, 0.99} {
				if customer.ProbabilityAlive() == 0 {
					continue
				}
				h := customer.TimeToPurchase(q)
				bought := customer.Retained(0, h) / customer.ProbabilityAlive()
				if !math.IsInf(h, 1) && !(math.Abs(bought-q) < 1e-12) {
					t.Errorf("%+v %+v: %v have bought by %v, want %v", m, c, bought, h, q)
				}
			}
		}
	}
}
