package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// publishedPareto are the parameters that the literature prints for CDNOW, in weeks.
var publishedPareto = Pareto{0.553, 10.578, 0.606, 11.669}

// lawPareto span dropout from none to certain, alpha and beta far apart on both
// sides, rates from spread to equal.
var lawPareto = []Pareto{
	publishedPareto, {0.8, 4, 0.5, 90}, {1.4, 12, 0.7, 12}, {0.5, 10, 1, 10}, {0.2, 30, 0.05, 0.01}, {2, 40, 1e-6, 1},
	{0.7, 13, 1e-6, 3e7}, {1e6, 5e6, 0.6, 7}, {0.6, 6, 1e6, 1.4e7}, {0.01, 1, 5, 3},
}

func TestParetoPointsAgreeWithFortyDigits(t *testing.T) {
	// mpmath 1.2.1, 40 digits, alpha above and below beta. 1e-12 is asked for.
	var file struct {
		Points []struct {
			Point struct {
				Cust, X int
				Tx      float64 `json:"t_x"`
				T       float64
			}
			Values map[string]struct {
				Params       []float64
				Loglik       string
				Palive       string
				Cet          map[string]string
				Discounted   string  `json:"dert"`
				DiscountRate float64 `json:"dert_delta"`
			}
		}
	}
	readJSON(t, "cdnow_points_40digits.json", &file)
	compared := 0
	for _, p := range file.Points {
		for _, name := range []string{"pnbd_published_alpha_lt_beta", "pnbd_alpha_gt_beta"} {
			want, ok := p.Values[name]
			if !ok {
				continue
			}
			compared++
			m := Pareto{want.Params[0], want.Params[1], want.Params[2], want.Params[3]}
			x, tx, T := p.Point.X, p.Point.Tx, p.Point.T
			what, c := fmt.Sprintf("%s of customer %d", name, p.Point.Cust), At(m, x, tx, T)
			wantClose(t, what+": log-likelihood", m.LogLikelihood(x, tx, T), number(t, want.Loglik), 1e-13)
			wantClose(t, what+": P(alive)", c.ProbabilityAlive(), number(t, want.Palive), 1e-13)
			for weeks, value := range want.Cet {
				wantClose(t, what+": expected in "+weeks, c.Expected(number(t, weeks)), number(t, value), 1e-12)
			}
			wantClose(t, what+": discounted", c.Discounted(want.DiscountRate, forEver), number(t, want.Discounted), 1e-12)
		}
	}
	if compared != 18 {
		t.Errorf("%d points compared, want 18", compared)
	}
}

func TestParetoStressCellsAgreeWithHighPrecision(t *testing.T) {
	// From a cell of one day to 1,500 purchases and P(alive) of 1e-21, alpha below,
	// above and equal to beta. The table prints 12 or 13 digits.
	var file struct {
		Rows []struct {
			Model         [4]float64
			X             int
			Tx, T         float64
			LogLikelihood float64 `json:"log_likelihood"`
			Alive         float64
			Expected52    float64 `json:"expected_52"`
			Discounted    float64
		}
	}
	readJSON(t, "pareto_stress_cells.json", &file)
	if len(file.Rows) != 30 {
		t.Fatalf("%d rows, want 30", len(file.Rows))
	}
	for _, row := range file.Rows {
		m := Pareto{row.Model[0], row.Model[1], row.Model[2], row.Model[3]}
		what, c := fmt.Sprintf("%+v x=%d T=%g", m, row.X, row.T), At(m, row.X, row.Tx, row.T)
		wantClose(t, what+": log-likelihood", m.LogLikelihood(row.X, row.Tx, row.T), row.LogLikelihood, 1e-11) // of terms of 1,000 that add up to 0.01
		wantClose(t, what+": P(alive)", c.ProbabilityAlive(), row.Alive, 3e-12)
		wantClose(t, what+": expected in 52", c.Expected(52), row.Expected52, 3e-12)
		wantClose(t, what+": discounted", c.Discounted(0.0027, forEver), row.Discounted, 3e-12)
	}
}

// Cells at which other programs return NaN (lifetimes' issues 25 and 144, tests of
// CLVTools); the values by mpmath with 900 digits.
func TestParetoCellsThatOtherProgramsMiss(t *testing.T) {
	many, extreme := Pareto{.5143, 2.8845, .2856, 14.1087}, Pareto{10.465, 7.98565181e-3, 3.0516, 2.820}
	for _, row := range []struct {
		m                    Pareto
		x                    int
		tx, T                float64
		alive, logLikelihood float64
	}{
		{many, 221, 103.42857, 103.57143, .999596052318, -61.5846485617},
		{many, 254, 97.14286, 97.28571, .999558226123, -19.6232922175},
		{many, 161, 94.71429, 98, .749487752258, -87.4292548633},
		{many, 204, 98.57143, 99.42857, .994255079638, -65.1983421893},
		{extreme, 40, 5, 6, .00188512818736, -5.71902158522},
		{extreme, 50, 1, 37, 1.417e-96, 116.30126461},
		{extreme, 50, 4, 37, 6.733e-60, 31.8498279691},
		{extreme, 400, 5, 6, 5.137e-31, 1323.18893097},
		{extreme, 500, 1, 37, 0, 2594.40445462}, // 7.9e-800
		{extreme, 500, 4, 37, 0, 1888.82124974}, // 2.1e-493
	} {
		what := fmt.Sprintf("%+v x=%d", row.m, row.x)
		wantClose(t, what+": log-likelihood", row.m.LogLikelihood(row.x, row.tx, row.T), row.logLikelihood, 1e-11)
		tolerance := 1e-11
		if row.alive < 1e-20 {
			tolerance = 2e-4 // of which four digits are printed
		}
		wantClose(t, what+": P(alive)", row.m.ProbabilityAlive(row.x, row.tx, row.T), row.alive, tolerance)
		for _, h := range []float64{52, forEver} {
			if e := At(row.m, row.x, row.tx, row.T).Expected(h); math.IsNaN(e) || row.alive == 0 && e != 0 {
				t.Errorf("%s: expected in %v = %v", what, h, e)
			}
		}
	}
	rounded := Pareto{.55, 10.58, .61, 11.67}
	wantClose(t, "x = 132", At(rounded, 132, 200, 200).Expected(10), 6.20605178896, 1e-11)
	wantClose(t, "x = 133", At(rounded, 133, 200, 200).Expected(10), 6.25287224757, 1e-11)
}

// Values that BTYD 2.4.3 prints in its walkthrough, with estimates of three to five
// digits, and for its example of DERT, with all digits.
func TestParetoAgreesWithPrintedValues(t *testing.T) {
	const digits = 1e-3 // a unit in the third digit of the estimates
	walkthrough := Pareto{.553, 10.580, .606, 11.656}
	wantClose(t, "a new customer in 52 weeks", At(walkthrough, 0, 0, 0).Expected(52), 1.473434, digits)
	frequent := At(walkthrough, 26, 216.0/7, 31)
	wantClose(t, "customer 1516 in 52 weeks", frequent.Expected(52), 25.45647, digits)
	wantClose(t, "customer 1516, P(alive)", frequent.ProbabilityAlive(), .997874, digits)
	for i, want := range []float64{.7062289, .1442396, .02250658, .00309267} { // more purchases, then silence
		x := 10 + 5*i
		wantClose(t, fmt.Sprintf("x = %d", x), At(walkthrough, x, 20, 39).Expected(52), want, digits)
	}
	example := Pareto{.5629966, 12.5590370, .4081095, 10.5148048}
	wantClose(t, "discounted, x = 7", At(example, 7, 35, 77.86).Discounted(.0027, forEver), 1.8641833281, 1e-10)
	for i, want := range []float64{2.199155, 2.843534, 2.867128, 2.445410, 1.840502, 1.262416, .809618, .494804, .292025, .167928} {
		got := At(example, i+1, 30, 77.86).Discounted(.0027, forEver)
		wantClose(t, fmt.Sprintf("discounted, x = %d", i+1), got, want, 3e-6) // six digits
	}
}

func TestParetoFuturesAgreeWithHighPrecision(t *testing.T) {
	// testdata/generate_pareto.py, which tells the story another way. 1e-12: what the
	// panels are chosen for. A probability may be off by 1e-15 of 1.
	var file struct {
		Rows []struct {
			Model [4]float64
			What  string
			Args  []float64
			Value string
		}
	}
	readJSON(t, "pareto_futures_30digits.json", &file)
	const enough = 150
	if len(file.Rows) < enough {
		t.Fatalf("%d rows", len(file.Rows))
	}
	for _, row := range file.Rows {
		f := paretoFuture{row.Model[0], row.Model[1], row.Model[2], row.Model[3]}
		got := math.NaN()
		switch row.What {
		case "expected":
			got = f.Expected(row.Args[0])
		case "discounted":
			got = f.Discounted(row.Args[0], row.Args[1])
		case "lifetime":
			got = f.Discounted(row.Args[0], forEver)
		case "retained":
			got = f.Retained(row.Args[0], row.Args[1])
		case "pmf":
			pmf := make([]float64, 8)
			f.PMF(row.Args[1], pmf)
			got = pmf[int(row.Args[0])]
		}
		if want := number(t, row.Value); !(math.Abs(got-want) <= 1e-12*want+1e-15*min(1, want*1e15)) {
			t.Errorf("%+v %s %v: %.15g, want %.15g (relative error %.1e)", f, row.What, row.Args, got, want, relative(got, want))
		}
	}
}

func TestParetoPredictionsAreNumbersAndRiseWithTheHorizon(t *testing.T) {
	horizons := []float64{0, 1e-3, 1.0 / 7, 1, 13, 52, 520, 5000, forEver}
	const rounding = 1e-12
	for _, m := range lawPareto {
		for _, c := range lawCells {
			customer := At(m, c.x, c.tx, c.T)
			alive := customer.ProbabilityAlive()
			if !(alive >= 0 && alive <= 1) || c.tx == c.T && alive != 1 {
				t.Errorf("%+v %+v: P(alive) = %v", m, c, alive)
			}
			if logLikelihood := m.LogLikelihood(c.x, c.tx, c.T); math.IsNaN(logLikelihood) || math.IsInf(logLikelihood, 0) {
				t.Errorf("%+v %+v: log-likelihood = %v", m, c, logLikelihood)
			}
			expected, discounted, probability := 0.0, 0.0, 0.0
			for _, h := range horizons {
				e, d, p := customer.Expected(h), customer.Discounted(0.0018, h), customer.Retained(0, h)
				if !(e >= expected) || !(d >= discounted*(1-rounding)) || !(p >= probability*(1-rounding)) {
					t.Errorf("%+v %+v horizon %v: expected %v after %v, discounted %v after %v, probability %v after %v",
						m, c, h, e, expected, d, discounted, p, probability)
				}
				if !(d <= e*(1+rounding)) || !(p <= e*(1+rounding)) || !(p <= alive*(1+rounding)) || math.IsInf(d, 0) {
					t.Errorf("%+v %+v horizon %v: discounted %v, expected %v, probability %v, P(alive) %v", m, c, h, d, e, p, alive)
				}
				expected, discounted, probability = e, d, p
			}
		}
	}
}

// Everybody fades with silence, and is alive on the day of a purchase.
func TestParetoCustomersFadeWithSilence(t *testing.T) {
	for _, m := range lawPareto {
		for _, x := range []int{0, 3, 60} {
			before := 1.0
			for silence := 0.0; silence < 500; silence += 7 {
				alive := m.ProbabilityAlive(x, 20, 20+silence)
				if !(alive <= before) || silence > 0 && m == publishedPareto && alive == before {
					t.Errorf("%+v x=%d silent for %v: P(alive) = %v after %v", m, x, silence, alive, before)
				}
				before = alive
			}
		}
	}
}

// In days instead of weeks alpha and beta are seven times as large: nothing else changes.
func TestParetoDoesNotDependOnTheUnitOfTime(t *testing.T) {
	for _, w := range lawPareto[:5] {
		d := Pareto{w.R, 7 * w.Alpha, w.S, 7 * w.Beta}
		for _, c := range lawCells {
			weeks, days := At(w, c.x, c.tx, c.T), At(d, c.x, 7*c.tx, 7*c.T)
			wantClose(t, "P(alive)", days.ProbabilityAlive(), weeks.ProbabilityAlive(), 1e-11)
			wantClose(t, "expected", days.Expected(7*52), weeks.Expected(52), 1e-11)
			wantClose(t, "discounted", days.Discounted(0.0018/7, forEver), weeks.Discounted(0.0018, forEver), 1e-11)
		}
	}
}

func TestParetoWithoutDropoutIsNBD(t *testing.T) {
	// Dropout of 1e-6 ÷ 3e7 a week shows nowhere.
	pareto, nbd := Pareto{0.7, 13, 1e-6, 3e7}, Geometric{Family: NBD, R: 0.7, Alpha: 13}
	for _, c := range lawCells {
		if pareto.ProbabilityAlive(c.x, c.tx, c.T) < 1-1e-12 {
			continue // so long a silence that there must be some dropout
		}
		wantClose(t, "log-likelihood", pareto.LogLikelihood(c.x, c.tx, c.T), nbd.LogLikelihood(c.x, c.tx, c.T), 1e-9)
	}
	wantClose(t, "expected", At(pareto, 2, 30, 39).Expected(52), At(nbd, 2, 30, 39).Expected(52), 1e-9)
}

// The probabilities are of something, and their mean is what is expected; rates
// that hardly differ have narrow bells.
func TestParetoPMFAddsUpAndHasTheMean(t *testing.T) {
	for _, m := range append([]Pareto{{300, 104, 0.5, 194}, {1500, 104, 0.6, 115}}, lawPareto...) {
		for _, h := range []float64{0.1, 5, 52, 520} {
			f := m.Futures(3, 0)(20).(paretoFuture)
			pmf := make([]float64, 100+int(20*f.r*h/f.alpha))
			if len(pmf) > 1<<13 {
				continue
			}
			f.PMF(h, pmf)
			sum, mean := 0.0, 0.0
			for n, p := range pmf {
				sum += p
				mean += float64(n) * p
			}
			// Where nearly alike rates are a thousand purchases, sums of logarithms of
			// thousands leave 1e-12.
			if expected := f.Expected(h); math.Abs(sum-1) > 3e-12 || relative(mean, expected) > 1e-10 {
				t.Errorf("%+v within %v: they add up to 1 + %.1e, mean %v, expected %v", f, h, sum-1, mean, expected)
			}
			if none := 1 - f.Retained(0, h); math.Abs(pmf[0]-none) > 2e-15 {
				t.Errorf("%+v within %v: P(0) = %v, 1 − P(any) = %v", f, h, pmf[0], none)
			}
		}
	}
}

// Who dies before buying never buys: there are quantiles that are never reached.
func TestParetoTimeToPurchaseIsWhereTheShareHasBought(t *testing.T) {
	for _, m := range lawPareto {
		for _, x := range []float64{0, 5, 300} {
			f := m.Futures(x, 0)(30)
			for _, q := range []float64{0.01, 0.1, 0.5, 0.9} {
				ever, at := f.Retained(0, forEver), TimeToPurchase(f, q)
				if math.IsInf(at, 1) != (ever <= q) {
					t.Errorf("%+v: %v buy within %v, %v ever", f, q, at, ever)
				} else if bought := f.Retained(0, at); ever > q && !(math.Abs(bought-q) < 1e-12) {
					t.Errorf("%+v: %v have bought by %v, want %v", f, bought, at, q)
				}
			}
		}
	}
}

// The story told step by step: a rate, a lifetime, and purchases one after the
// other until death. 100,000 customers give a share to √(p(1−p)/n) ≤ 0.0016;
// four of these are exceeded once in 15,000.
func TestParetoFuturesAgreeWithSimulation(t *testing.T) {
	const customers = 100_000
	periods := [][2]float64{{0, 4}, {4, 8}, {26, 39}, {100, 104}}
	for _, m := range []Pareto{{0.6, 6, 0.8, 9}, {2, 10, 3, 100}} {
		source := rand.NewPCG(8, 8)
		random := rand.New(source)
		bought, f := make([]int, len(periods)), m.Futures(0, 0)(0)
		for range customers {
			rate := distuv.Gamma{Alpha: m.R, Beta: m.Alpha, Src: source}.Rand()
			end := random.ExpFloat64() / distuv.Gamma{Alpha: m.S, Beta: m.Beta, Src: source}.Rand()
			var in [4]bool
			for at := random.ExpFloat64() / rate; at < min(end, periods[3][1]); at += random.ExpFloat64() / rate {
				for i, p := range periods {
					in[i] = in[i] || p[0] < at && at <= p[1]
				}
			}
			for i, yes := range in {
				if yes {
					bought[i]++
				}
			}
		}
		for i, p := range periods {
			got, want := float64(bought[i])/customers, f.Retained(p[0], p[1])
			if se := math.Sqrt(want * (1 - want) / customers); math.Abs(got-want) > 4*se {
				t.Errorf("%+v in %v: simulated %v, want %v ± %v", m, p, got, want, se)
			}
		}
	}
}

func TestScorerOfParetoAgreesWithTheModel(t *testing.T) {
	horizons := []float64{91, 365, math.Inf(1)}
	for _, m := range []Pareto{publishedPareto, {0.8, 4, 0.5, 90}, {0.6, 20, 0.4, 5}} {
		cells := simulatePareto(Pareto{m.R, 7 * m.Alpha, m.S, 7 * m.Beta}, 2000, 400, 1)
		var half []Cell // every second customer is unknown to the scorer; so is the last cell
		for i := 0; i < len(cells); i += 2 {
			half = append(half, cells[i])
		}
		scorer := NewScorer(m, 7, 0.0018/7, horizons, half, nil)
		for _, c := range cells {
			wantScore(t, scorer, horizons, c, false)
		}
		wantScore(t, scorer, horizons, Cell{X: 900, Tx: 4000, T: 4000}, true)
	}
}

// Cells of days far apart cost what they are, not what lies between.
func TestParetoScorerKeepsCornersOfTheCellsAlone(t *testing.T) {
	cells := []Cell{{X: 0, T: 30_000, Count: 1}, {X: 5000, Tx: 10, T: 30_000, Count: 1}, {X: 5000, Tx: 29_000, T: 30_000, Count: 1}}
	if known := cornersOf(cells); len(known) != 5 {
		t.Errorf("%d corners, want 5: %v", len(known), known)
	}
}

// simulatePareto draws customers of a model with time in days, acquired evenly
// over half of the days, and counts them into cells.
func simulatePareto(m Pareto, customers int, days int32, seed uint64) []Cell {
	source := rand.NewPCG(seed, 0)
	random := rand.New(source)
	rates, deaths := distuv.Gamma{Alpha: m.R, Beta: m.Alpha, Src: source}, distuv.Gamma{Alpha: m.S, Beta: m.Beta, Src: source}
	var cells []Cell
	for range customers {
		T := days - random.Int32N(days/2+1)
		cell, rate := Cell{T: T, Count: 1}, rates.Rand()
		end := min(float64(T), random.ExpFloat64()/deaths.Rand())
		for now := random.ExpFloat64() / rate; now < end; now += random.ExpFloat64() / rate {
			if day := int32(now); day > cell.Tx {
				cell.X++
				cell.Tx = day
			}
		}
		cells = append(cells, cell)
	}
	return mergeCells(cells)
}

func BenchmarkScorePareto(b *testing.B) {
	cells := simulatePareto(Pareto{.55, 74, .6, 82}, 100_000, 730, 9)
	s := NewScorer(publishedPareto, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range cells {
			s.Score(c.X, c.Tx, c.T)
		}
	}
	b.ReportMetric(float64(b.N*len(cells))/b.Elapsed().Seconds(), "customers/s")
}

func BenchmarkNewScorerPareto(b *testing.B) {
	cells := simulatePareto(Pareto{.55, 74, .6, 82}, 1_000_000, 730, 9)
	for b.Loop() {
		NewScorer(publishedPareto, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
	}
}
