package jobs

import (
	"fmt"
	"maps"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/forecast"
	"github.com/perennial-clv/perennial/transforms/models"
)

// candidatesOf returns the models that may predict in a setting, with those first
// that do unless the job says otherwise, and how many these are.
func candidatesOf(isContractual bool) (known []models.Family, defaults int) {
	if isContractual {
		return []models.Family{models.BdW, models.SBG}, 2
	}
	return []models.Family{
		models.MBGNBD, models.ParetoNBD, models.MBGCNBD2,
		models.BGNBD, models.NBD, models.MBGCNBD3, models.MBGCNBD4, models.BGCNBD2, models.BGCNBD3, models.BGCNBD4, models.BGBB,
	}, 3
}

func (l *loader) checkModels() {
	m := &l.file.Models
	l.checkOpportunities()
	families, defaults := candidatesOf(l.job.Value.Opportunities.IsContractual)
	known := make([]string, len(families))
	for i, family := range families {
		known[i] = string(family)
	}
	for i, name := range m.Candidates.families {
		path := fmt.Sprintf("models.candidates[%d]", i)
		switch {
		case l.failed(path):
		case name == "none":
			l.problem(path, "write candidates: none", "no model stands alone, not in a list")
		case models.Family(name).IsContractual() && !l.job.Value.Opportunities.IsContractual:
			l.problem(path, "add setting: contractual if customers are under contract", "%s is a model of customers under contract", name)
		case !slices.Contains(known, name):
			l.problem(path, suggestion(name, known), "unknown model %q", name)
		case models.Family(name).KeepsOneTimeBuyers() && len(m.Candidates.families) > 1:
			l.problem(path, "name it alone, or m"+name+" beside others", "%s can only be the sole candidate, for it calls every one-time buyer alive", name)
		}
		l.job.Value.Candidates = append(l.job.Value.Candidates, models.Family(name))
	}
	if len(m.Candidates.families) == 0 && !m.Candidates.isNone {
		l.job.Value.Candidates = families[:defaults]
	}
	const usual, most = 3, 12
	l.job.Backtests = usual
	if m.Backtests != nil {
		if l.job.Backtests = *m.Backtests; l.job.Backtests < 0 || l.job.Backtests > most {
			l.problem("models.backtests", fmt.Sprintf("write a number from 0 to %d", most), "%d backtests are not possible", *m.Backtests)
		}
	}
	l.checkSegments()
	l.job.Value.TimeUnit = clv.Week
	if m.TimeUnit != "" {
		unit, ok := clv.ParseTimeUnit(m.TimeUnit)
		if !ok {
			l.problem("models.time_unit", "use day, week, month or year", "unknown time unit %q", m.TimeUnit)
		}
		l.job.Value.TimeUnit = unit
	}
}

func (l *loader) checkOpportunities() {
	const contractual, nonContractual = "contractual", "non_contractual"
	o := &l.job.Value.Opportunities
	o.Calendar, o.Grain = l.job.Calendar, calendar.ByMonth
	o.IsContractual = l.file.Setting == contractual
	if !slices.Contains([]string{"", contractual, nonContractual}, l.file.Setting) && !l.failed("setting") {
		l.problem("setting", "write contractual where customers are under contract, else leave it out", "unknown setting %q", l.file.Setting)
	}
	if text := l.file.Models.Opportunity; text != "" {
		var ok bool
		if o.Grain, ok = calendar.ParseGrain(text); !ok && !l.failed("models.opportunity") {
			l.problem("models.opportunity", "use day, week, month, quarter or year", "unknown opportunity %q", text)
		}
	}
}

func (l *loader) checkSegments() {
	name := l.file.Models.SegmentBy
	if l.job.SegmentBy = name; name == "" {
		return
	}
	if _, ok := l.file.Source.Attributes[name]; !ok {
		l.problem("models.segment_by", suggestion(name, slices.Sorted(maps.Keys(l.file.Source.Attributes))), "segment_by names %q, which is not among source.attributes", name)
	}
}

func (l *loader) checkPlan() {
	seen := map[calendar.Day]bool{}
	for i := range l.file.Plan {
		path, p := fmt.Sprintf("acquisition_plan[%d]", i), &l.file.Plan[i]
		month, ok := calendar.ParseDay(p.Month + "-01")
		switch {
		case l.failed(path):
		case !ok:
			l.problem(path+".month", "write year and month, as 2025-01", "acquisition_plan has the month %q", p.Month)
		case seen[month]:
			l.problem(path, "name each month once", "acquisition_plan has the month %s twice", p.Month)
		case p.Customers == nil || *p.Customers < 0 || *p.Customers > maxPlanned:
			l.problem(path, "write how many customers will buy first in it, as customers: 1200", "acquisition_plan has no number of customers for %s", p.Month)
		default:
			l.job.Plan = append(l.job.Plan, forecast.Planned{Month: month, Customers: int64(*p.Customers)})
		}
		seen[month] = true
	}
}
