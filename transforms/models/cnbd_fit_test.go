package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// history is a customer of a simulated base: the days of the purchases after the
// first, exact.
type history struct {
	T     float64
	times []float64
}

// simulateErlang tells the story of customers of a model step by step: a rate, a
// dropout probability, and purchases of k stages until they drop out, for as long
// as they are observed and `after` that.
func simulateErlang(m Erlang, customers int, T, after float64, seed uint64) []history {
	source := rand.NewPCG(seed, 1)
	random := rand.New(source)
	rates, dropout := distuv.Gamma{Alpha: m.R, Beta: m.Alpha, Src: source}, distuv.Beta{Alpha: m.A, Beta: m.B, Src: source}
	list := make([]history, customers)
	for i := range list {
		h := history{T: T * (1 - random.Float64()/2)}
		rate, p := rates.Rand(), dropout.Rand()
		alive := m.Family.KeepsOneTimeBuyers() || random.Float64() >= p
		for now := 0.0; alive; alive = random.Float64() >= p {
			for range m.K {
				now += random.ExpFloat64() / rate
			}
			if now > h.T+after {
				break
			}
			h.times = append(h.times, now)
		}
		list[i] = h
	}
	return list
}

// dataOf counts simulated customers into cells of whole days; purchases of a day
// are one.
func dataOf(histories []history) Data {
	var d Data
	for _, h := range histories {
		cell := Cell{T: int32(h.T), Count: 1}
		for _, time := range h.times {
			if day := int32(time); day > cell.Tx && day <= cell.T {
				d.LogGaps += math.Log(float64(day - cell.Tx))
				cell.X, cell.Tx = cell.X+1, day
			}
		}
		d.Cells = append(d.Cells, cell)
	}
	d.Cells = mergeCells(d.Cells)
	return d
}

// Of k = 1 to 4, the k of the truth has the lowest BIC, and its parameters are
// found within 3.5 standard errors, as those of a regular base of 20,000. Seeds
// fixed. Whole days are short beside gaps of weeks.
func TestFitsOfRegularCustomersRecoverTheTruth(t *testing.T) {
	for i, truth := range []Erlang{
		{MBGCNBD2, 2, 1.3, 50, 0.5, 1.8}, {MBGCNBD3, 3, 0.8, 18, 0.9, 1.8}, {MBGCNBD4, 4, 2, 30, 0.4, 2.5}, {BGCNBD3, 3, 0.8, 20, 0.8, 2.5},
	} {
		d := dataOf(simulateErlang(truth, 20_000, 730, 0, uint64(20+i)))
		competitors := []Family{MBGNBD, MBGCNBD2, MBGCNBD3, MBGCNBD4}
		if truth.Family.KeepsOneTimeBuyers() {
			competitors = []Family{BGNBD, BGCNBD2, BGCNBD3, BGCNBD4}
		}
		var best Fit
		for _, family := range competitors {
			f := FitPurchases(family, d, DefaultFitSettings())
			if f.Status != FitOK {
				t.Fatalf("%s of %s: %s: %s", family, truth.Family, f.Status, f.Reason)
			}
			if bic(&f) < bic(&best) || best.Family == "" {
				best = f
			}
		}
		if best.Family != truth.Family {
			t.Errorf("%s has the lowest BIC of a base of %s", best.Family, truth.Family)
			continue
		}
		want := map[string]float64{"r": truth.R, "alpha": truth.Alpha / 7, "a": truth.A, "b": truth.B}
		for _, p := range best.Parameters {
			se, _ := p.StdError.Get()
			if away := math.Abs(p.Estimate-want[p.Name]) / se; !(away < 3.5) {
				t.Errorf("%s: %s = %v ± %v, the truth is %v", truth.Family, p.Name, p.Estimate, se, want[p.Name])
			}
		}
	}
}

// Regular customers who never leave: a runs to its bound, the parameters may be used,
// and the model stands up to NBD, which has no regularity.
func TestRegularCustomersWhoNeverDropOutAreOnTheBound(t *testing.T) {
	d := dataOf(simulateErlang(Erlang{MBGCNBD3, 3, 3, 90, 1e-7, 1}, 3000, 730, 0, 30))
	f := FitPurchases(MBGCNBD3, d, DefaultFitSettings())
	m, usable := f.Purchases()
	if _, known := f.Parameters[0].StdError.Get(); f.Status != FitBoundary || known || !usable {
		t.Fatalf("%s: %s, parameters %v", f.Status, f.Reason, f.Parameters)
	}
	if nbd := FitPurchases(NBD, d, DefaultFitSettings()); !(bic(&f) < bic(&nbd)) {
		t.Errorf("BIC %v of mbg_cnbd_3, %v of nbd", bic(&f), bic(&nbd))
	}
	if e := At(m, 9, 90, 104).Expected(52); !(e > 3 && e < 8) { // about 3+27 stages in 90/7+104 weeks, a third of them purchases
		t.Errorf("%v purchases expected in a year", e)
	}
}

func TestErlangFitDoesNotDependOnWhoEvaluatesWhat(t *testing.T) {
	d := dataOf(simulateErlang(Erlang{MBGCNBD3, 3, 0.8, 18, 0.9, 1.8}, 60_000, 730, 0, 31))
	if len(d.Cells) <= taskBlocks*blockCells {
		t.Fatalf("%d cells are one task", len(d.Cells))
	}
	settings := DefaultFitSettings()
	one := FitPurchases(MBGCNBD3, d, settings)
	settings.Each = backwards
	if two := FitPurchases(MBGCNBD3, d, settings); !slices.Equal(one.Parameters, two.Parameters) || one.LogLikelihood != two.LogLikelihood {
		t.Errorf("%v in one order, %v in another", one.Parameters, two.Parameters)
	}
}

// Both data sets, with all their gaps. Predictions at the parameters that the
// other program prints: it computes them to 1e-8.
func TestErlangFitsOfCDNOWAgreeWithAnIndependentProgram(t *testing.T) {
	for _, data := range []struct {
		name, file string
		idColumn   int
	}{{"cdnow_sample", "CDNOW_sample.txt", 1}, {"cdnow_master", "CDNOW_master.txt", 0}} {
		references, _ := reference(t, data.name)
		shoppers := cdnow(t, data.file, data.idColumn)
		d := Data{}
		d.Cells, _ = cellsOf(shoppers)
		for _, s := range shoppers {
			d.LogGaps += s.logGaps
		}
		for family, name := range map[Family]string{BGCNBD2: "bgcnbd_k2", BGCNBD3: "bgcnbd_k3", MBGCNBD2: "mbgcnbd_k2", MBGCNBD3: "mbgcnbd_k3"} {
			want := references[name]
			if want.Params == nil {
				continue
			}
			checkFit(t, FitPurchases(family, d, DefaultFitSettings()), want)
			m := familyOf(family).make([]float64{want.Params["r"], want.Params["alpha"], want.Params["a"], want.Params["b"]})
			for id, alive := range want.Palive {
				c := shoppers[id]
				customer, what := At(m, int(c.x), float64(c.tx)/7, float64(c.T)/7), fmt.Sprintf("%s, %s customer %s", data.name, family, id)
				wantClose(t, what+": P(alive)", customer.ProbabilityAlive(), alive, 1e-10)
				for weeks, value := range want.Cet {
					var h float64
					fmt.Sscanf(weeks, "weeks_%f", &h)
					wantClose(t, what+": expected in "+weeks, customer.Expected(h), value[id], 1e-8)
				}
			}
			wantClose(t, name+": a new customer in 52 weeks", At(m, 0, 0, 0).Expected(52), want.NewCustomer, 1e-8)
		}
	}
}

// 4,000 customers are followed for half as long again, and what they do is compared
// with what is expected of each. The differences have a mean of 0; four standard
// errors are exceeded once in 15,000.
func TestErlangAgreesWithSimulation(t *testing.T) {
	for i, m := range []Erlang{{MBGCNBD2, 2, 0.9, 8, 0.6, 2}, {BGCNBD4, 4, 1.5, 6, 0.8, 2.4}} {
		const customers, h, from, to = 4000, 26, 13, 17
		what := []string{"purchases", "any purchase", "any purchase later", "two purchases"}
		sums, squares := make([]float64, len(what)), make([]float64, len(what))
		pmf := make([]float64, 3)
		for _, history := range simulateErlang(m, customers, 52, h, uint64(40+i)) {
			x, tx, n, later := 0, 0.0, 0, false
			for _, time := range history.times {
				if time <= history.T {
					x, tx = x+1, time
				} else {
					n++
					later = later || time > history.T+from && time <= history.T+to
				}
			}
			customer := At(m, x, tx, history.T)
			customer.PMF(h, pmf)
			for i, difference := range []float64{
				float64(n) - customer.Expected(h), share(n > 0) - customer.Retained(0, h),
				share(later) - customer.Retained(from, to), share(n == 2) - pmf[2],
			} {
				sums[i] += difference
				squares[i] += difference * difference
			}
		}
		for i, what := range what {
			if z := sums[i] / math.Sqrt(squares[i]); !(math.Abs(z) < 4) {
				t.Errorf("%s: %s differ by %.1f standard errors", m.Family, what, z)
			}
		}
	}
}

// share returns 1 of what is true.
func share(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func BenchmarkErlangFitOfAMillionCustomers(b *testing.B) {
	cells := simulate(Geometric{MBGNBD, 0.53, 43, 0.89, 1.6}, 1_000_000, 730, 9)
	d := Data{Cells: cells, LogGaps: 4 * totalsOf(cells).purchases}
	for b.Loop() {
		if f := FitPurchases(MBGCNBD3, d, DefaultFitSettings()); f.Status != FitOK {
			b.Fatal(f.Reason)
		}
	}
}
