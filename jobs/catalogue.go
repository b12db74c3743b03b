package jobs

import (
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/backtest"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/forecast"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// ContractVersion is the version of the tables' names and columns.
const ContractVersion = 1

// Catalogue returns the tables in the order they are published. Those of
// customers depend on the kind of keys and on the attributes of the job.
func Catalogue(integerKeys bool, attributes []string) []table.Schema {
	return []table.Schema{
		clv.Customers(integerKeys, attributes).Schema(),
		clv.CustomerValues(integerKeys).Schema(),
		clv.Cohorts.Schema(),
		retention.CohortPeriods.Schema(),
		retention.RetentionCurves.Schema(),
		cohort.BusinessPeriods.Schema(),
		clv.Formulas.Schema(),
		forecast.CohortForecasts.Schema(),
		clv.Models.Schema(),
		clv.ModelParameters.Schema(),
		backtest.Backtests.Schema(),
		backtest.ModelTracking.Schema(),
		Runs.Schema(),
		RunInputs.Schema(),
		ledger.RunExclusions.Schema(),
		RunChecks.Schema(),
		TableColumns.Schema(),
	}
}

// TableNames returns the names of all tables, in the order of the catalogue.
func TableNames() []string {
	var names []string
	for _, s := range Catalogue(false, nil) {
		names = append(names, s.Name)
	}
	return names
}
