package shop

import (
	"math"
	"slices"
	"testing"
)

// A block has its rows and its keys whichever blocks were simulated before it;
// only the numbers of its orders follow theirs.
func TestBlocksDoNotDependOnEachOther(t *testing.T) {
	settings := Settings{Customers: 2*blockCustomers + 100, IntegerKeys: true}
	forwards, backwards := newShop(t, settings), newShop(t, settings)
	const last = 2
	late := backwards.Block(last)
	for i := range forwards.Blocks() {
		b := forwards.Add(forwards.Block(i))
		if i < last {
			continue
		}
		if got, want := late.Rows(0, late.Len()), b.Rows(0, b.Len()); !slices.EqualFunc(got, want, func(a, b Row) bool { a.OrderID = b.OrderID; return a == b }) {
			t.Errorf("block %d alone has other rows than after the others", last)
		}
		if first := b.postings[0].customer; first <= last*blockCustomers || first > last*blockCustomers+100 {
			t.Errorf("block %d has customer %d", last, first)
		}
	}
	if got := forwards.Report().Customers; got != int64(settings.Customers) {
		t.Errorf("%d customers, want %d", got, settings.Customers)
	}
}

func TestNoOrderNumberComesTwiceInALogOfSeveralBlocks(t *testing.T) {
	s := newShop(t, Settings{Customers: 400_000, Rows: 1_200_000, Clean: true, IntegerKeys: true})
	if s.Blocks() < 2 {
		t.Fatalf("%d blocks, want several", s.Blocks())
	}
	seen := make(map[string]bool, s.settings.Rows)
	for batch := range s.Batches(8192) {
		for _, r := range batch {
			if seen[r.OrderID] {
				t.Fatalf("order %s comes twice", r.OrderID)
			}
			seen[r.OrderID] = true
		}
	}
}

// The tolerance is four standard errors of the pilots' mean, whose customers
// have a coefficient of variation of about 1.5: 4·1.5/√n, and the share of rows
// between two steps of the search.
func TestCustomersWithRowsMakeAboutSoMany(t *testing.T) {
	for _, settings := range []Settings{
		{Customers: 10_000, Rows: 12_000, Clean: true},
		{Customers: 10_000, Rows: 83_333, Clean: true},
		{Customers: 3_000, Rows: 60_000},
	} {
		s := newShop(t, settings)
		rows := 0
		for batch := range s.Batches(8192) {
			rows += len(batch)
		}
		tolerance := 0.002 + 6/math.Sqrt(float64(settings.Customers))
		if got := s.Report().Customers; got != int64(settings.Customers) || math.Abs(float64(rows)/float64(settings.Rows)-1) > tolerance {
			t.Errorf("%+v: %d rows of %d customers, want the rows within %.3f", settings, rows, got, tolerance)
		}
		plain := truth(settings.Clean)
		if s.truth.Alpha*s.truth.B/(plain.Alpha*plain.B)-1 > 1e-12 || s.truth.R != plain.R || s.truth.A != plain.A {
			t.Errorf("%+v: truth %+v, want alpha and b scaled by one factor and its inverse", settings, s.truth)
		}
	}
}
