package clv

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
)

// byFrequency names the parts of the base that models of spend are fitted to where
// the value of a purchase depends on frequency: ranges of repeat purchases.
const byFrequency = "frequency"

// SpendStrata returns the models of spend that predict, by frequency: the strata
// that were accepted, else one for all; empty where none is usable.
func (f *Fits) SpendStrata() models.Strata {
	if len(f.Strata) > 0 {
		return f.Strata
	}
	return models.OneStratum(f.Spend)
}

// spendRows returns the rows of models of spend. row is what they have in common.
func spendRows(f *Fits, row Model, cells []models.SpendCell) []Model {
	row.Role = ForSpend
	pooled := row
	pooled.Fit = f.Spend
	_, pooled.IsChosen = f.Spend.Spend()
	pooled.IsChosen = pooled.IsChosen && len(f.Strata) == 0
	pooled.compareFrequency(cells)
	if f.WhyStrata != "" {
		pooled.Reason += "; " + f.WhyStrata
	}
	rows := []Model{pooled}
	for i := range f.Strata {
		stratum, own := &f.Strata[i], row
		own.Fit, own.IsChosen = stratum.Fit, true
		own.Part = cohort.Dimension{Name: byFrequency, Value: stratum.String()}
		own.Correlation = SpendFrequencyCorrelation(stratum.Cells(cells))
		own.Reason += fmt.Sprintf("; chosen: predicts for customers of frequency %s", stratum)
		if i == 0 {
			own.Reason += ", and for those without a repeat purchase of value, who are nearest to them"
		}
		rows = append(rows, own)
	}
	return rows
}

// IsOfAll reports whether a model is one for all customers: fitted on the whole
// base, or on those of a frequency, not on a segment.
func (m *Model) IsOfAll() bool { return m.Part == cohort.All || m.Part.Name == byFrequency }

// spend returns the models of spend that were chosen for a part of the base, and
// their ids; empty if none was.
func (f *Fitted) spend(part cohort.Dimension) (strata models.Strata, ids []string) {
	if m := f.Chosen(ForSpend, part); m != nil {
		return models.OneStratum(m.Fit), []string{m.ID()}
	}
	if part != cohort.All {
		return nil, nil
	}
	for i := range f.Models {
		if m := &f.Models[i]; m.IsChosen && m.Part.Name == byFrequency {
			stratum, _ := models.ParseStratum(m.Part.Value)
			stratum.Fit = m.Fit
			stratum.Model, _ = m.Spend()
			strata = append(strata, stratum)
		}
	}
	slices.SortFunc(strata, func(a, b models.Stratum) int { return cmp.Compare(a.From, b.From) })
	for i := range strata {
		ids = append(ids, ModelID(models.GammaGamma, cohort.Dimension{Name: byFrequency, Value: strata[i].String()}))
	}
	return strata, ids
}

// CheckFrequencies says what is wrong with the models by frequency, of an earlier
// run: together they must predict for each number of repeat purchases once.
func (f *Fitted) CheckFrequencies() error {
	for i := range f.Models {
		m := &f.Models[i]
		if m.Part.Name != byFrequency {
			continue
		}
		if _, ok := models.ParseStratum(m.Part.Value); !ok || m.Role != ForSpend || !m.IsChosen {
			return fmt.Errorf("%s is no model by frequency", m.ID())
		}
		if f.Chosen(ForSpend, cohort.All) != nil {
			return fmt.Errorf("models of spend of all and by frequency are chosen")
		}
	}
	strata, _ := f.spend(cohort.All)
	if len(strata) > 0 && !strata.AreWhole() {
		return fmt.Errorf("the models by frequency leave some out, or overlap")
	}
	return nil
}
