package clv

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// segmentedCells are customers drawn into three segments, of which the last has
// few, and the cells of each and of all entered without them.
func segmentedCells() (segmented Cells, apart [3]Cells, all Cells) {
	segmented.By = &Segmentation{Name: "first_country", Values: []string{"DE", "FR", "US", "XX"}}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 900 {
		segment := i % 2
		if i%50 == 0 {
			segment = 2
		}
		x := random.Int32N(4) * random.Int32N(3)
		T := 50 + random.Int32N(300)
		tx, repeat := int32(0), int64(0)
		mean := 50_000 + random.Int64N(300_000)
		if x > 0 {
			tx = random.Int32N(T)
		}
		for range x {
			repeat += mean/2 + random.Int64N(mean)
		}
		segmented.enter(int32(segment)<<segmentShift|x, tx, T, repeat)
		apart[segment].EnterOne(x, tx, T, repeat)
		all.EnterOne(x, tx, T, repeat)
	}
	segmented.Compact()
	all.Compact()
	for i := range apart {
		apart[i].Compact()
	}
	return segmented, apart, all
}

func TestCellsOfSegmentsAreTheirCustomersAndAddUpToAll(t *testing.T) {
	segmented, apart, all := segmentedCells()
	if !slices.Equal(segmented.Purchases, all.Purchases) || !slices.Equal(segmented.Spend, all.Spend) {
		t.Errorf("%d and %d cells, %d and %d without segments", len(segmented.Purchases), len(segmented.Spend), len(all.Purchases), len(all.Spend))
	}
	if len(segmented.Segments) != len(apart) {
		t.Fatalf("%d segments", len(segmented.Segments))
	}
	for i, s := range segmented.Segments {
		if s.Segment != i || !slices.Equal(s.Purchases, apart[i].Purchases) || !slices.Equal(s.Spend, apart[i].Spend) {
			t.Errorf("segment %d: %d and %d cells, entered apart %d and %d", s.Segment, len(s.Purchases), len(s.Spend), len(apart[i].Purchases), len(apart[i].Spend))
		}
	}
}

// Segments with data enough predict for their customers; for those of others, and
// of values that nobody had, the models of the whole base do.
func TestSegmentsPredictForTheirOwnCustomers(t *testing.T) {
	cells, _, _ := segmentedCells()
	s := testSettings()
	fits := FitAll(&s, &cells, &Gaps{}, nil, nil)
	f := &Fitted{Factors: FactorsOf(&ledger.Totals{GrossSales: 90, PurchaseValue: 100, PurchaseDays: 1}), Widening: models.NoWidening()}
	for _, fit := range []models.Fit{*fits.Of(models.MBGNBD), fits.Spend} {
		role := ForPurchases
		if fit.Family == models.GammaGamma {
			role = ForSpend
		}
		f.Models = append(f.Models, Model{Fit: fit, Part: cohort.All, Role: role, IsChosen: true})
	}
	f.AddSegments(FitSegments(&s, f, &cells, 400, nil, nil))
	var got []string
	for _, m := range f.Models {
		got = append(got, m.ID())
		if predicts := m.Part == cohort.All || m.Part.Value != "US"; m.IsChosen != predicts {
			t.Errorf("%s predicts: %v, want %v: %s", m.ID(), m.IsChosen, predicts, m.Reason)
		}
		if m.Part.Value == "US" && (m.Status != models.FitInsufficientData || !strings.Contains(m.Reason, "the model of the whole base predicts")) {
			t.Errorf("%s: %s: %s", m.ID(), m.Status, m.Reason)
		}
	}
	want := "gamma_gamma/all/all gamma_gamma/first_country/DE gamma_gamma/first_country/FR gamma_gamma/first_country/US " +
		"mbg_nbd/all/all mbg_nbd/first_country/DE mbg_nbd/first_country/FR mbg_nbd/first_country/US"
	if strings.Join(got, " ") != want {
		t.Errorf("models %s, want %s", got, want)
	}
	v := NewValuation(s, f, &cells, true, nil)
	for segment, part := range []string{"first_country/DE", "first_country/FR", "all/all"} {
		if p := v.bySegment[segment]; p.purchasesID != "mbg_nbd/"+part || p.spendID(0) != "gamma_gamma/"+part || p.scorer == nil {
			t.Errorf("segment %d is predicted by %s and %s, want %s", segment, p.purchasesID, p.spendID(0), part)
		}
	}
	if v.bySegment[3] != nil {
		t.Errorf("nobody has the value XX, but %s predicts", v.bySegment[3].purchasesID)
	}
}
