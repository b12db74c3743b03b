package jobs_test

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// naiveDimension is one part of the base: its customers with a purchase.
type naiveDimension struct {
	name, value string
	members     []naiveCustomer
}

// dimensions are the whole base and then the parts of each split, by name and value.
func (b *naiveBook) dimensions() []naiveDimension {
	// "split_by: the whole base is always there"; "dimension_name, dimension_value (`all`, `all` first; else the
	// column's name in customers, as `first_country`)"
	dimensions := []naiveDimension{{"all", "all", b.buyers()}}
	for _, attribute := range slices.Sorted(slices.Values(b.SplitBy)) {
		byValue := map[string][]naiveCustomer{}
		for _, c := range b.buyers() {
			byValue[c.first[attribute]] = append(byValue[c.first[attribute]], c)
		}
		for _, value := range slices.Sorted(maps.Keys(byValue)) {
			dimensions = append(dimensions, naiveDimension{"first_" + attribute, value, byValue[value]})
		}
	}
	return dimensions
}

// naiveCohort is the members of a dimension whose first purchase lies in one period.
type naiveCohort struct {
	dimension naiveDimension
	grain     string
	start     time.Time
	members   []naiveCustomer
}

// before is the first day after the cohort's period.
func (c naiveCohort) before() time.Time { return naiveAfter(c.start, c.grain, 1) }

// isLeftTruncated: "from: the history is whole from here; earlier cohorts are left-truncated".
func (b *naiveBook) isLeftTruncated(c naiveCohort) bool {
	return b.From != nil && c.start.Before(naiveDate(*b.From))
}

// cohorts are the cohorts of one dimension and grain in order of their start.
func (b *naiveBook) cohorts(d naiveDimension, grain string) []naiveCohort {
	if len(d.members) == 0 {
		return nil
	}
	earliest := d.members[0].firstDay()
	for _, c := range d.members {
		if c.firstDay().Before(earliest) {
			earliest = c.firstDay()
		}
	}
	var cohorts []naiveCohort
	start := naivePeriod(earliest, grain, b.WeekStart)
	for !start.After(b.AsOf) {
		cohort := naiveCohort{dimension: d, grain: grain, start: start}
		for _, c := range d.members {
			if naivePeriod(c.firstDay(), grain, b.WeekStart).Equal(start) {
				cohort.members = append(cohort.members, c)
			}
		}
		// "In `all` every period since the first has a row; splits have only non-empty cohorts."
		if d.name == "all" || len(cohort.members) > 0 {
			cohorts = append(cohorts, cohort)
		}
		start = naiveAfter(start, grain, 1)
	}
	return cohorts
}

// allCohorts are the cohorts of all dimensions and grains in key order.
func (b *naiveBook) allCohorts() []naiveCohort {
	var all []naiveCohort
	for _, d := range b.dimensions() {
		for _, grain := range b.grains() {
			all = append(all, b.cohorts(d, grain)...)
		}
	}
	return all
}

// cohortsTable is the table cohorts without the columns that need a model.
func (b *naiveBook) cohortsTable() []map[string]any {
	var table []map[string]any
	for _, cohort := range b.allCohorts() {
		var sums naiveSums
		var firstRevenue int64
		for _, c := range cohort.members {
			sums.add(c.total())
			firstRevenue += c.purchases[0].net
		}
		size := int64(len(cohort.members))
		row := map[string]any{
			"dimension_name": cohort.dimension.name, "dimension_value": cohort.dimension.value,
			"cohort_grain": cohort.grain, "cohort_start": naiveText(cohort.start),
			"cohort_end": naiveText(cohort.before().AddDate(0, 0, -1)), "cohort_size": size,
			// The cohort is closed when its last day is on or before as_of: nobody can join it any more.
			"is_closed": b.isOver(cohort.before()), "is_left_truncated": b.isLeftTruncated(cohort),
			"max_complete_offset": b.maxCompleteOffset(cohort), "first_purchase_revenue": firstRevenue,
			"gross_sales": sums.gross, "refunds": sums.refunds, "net_revenue": sums.net,
			"contribution":             b.contribution(sums.contribution),
			"net_revenue_per_customer": naiveMoneyPer(sums.net, size),
		}
		b.secondPurchaseColumns(row, cohort)
		table = append(table, row)
	}
	return table
}

// maxCompleteOffset: "max_complete_offset NULL (calendar)", the last offset whose period is over.
func (b *naiveBook) maxCompleteOffset(cohort naiveCohort) any {
	var last any
	for k := 0; b.isOver(naiveAfter(cohort.start, cohort.grain, k+1)); k++ {
		last = int64(k)
	}
	return last
}

func (b *naiveBook) secondPurchaseColumns(row map[string]any, cohort naiveCohort) {
	// "for n in 30, 60, 90, 365: exposed_<n>d, repeated_<n>d, second_purchase_rate_<n>d NULL"
	for _, n := range []int{30, 60, 90, 365} {
		var exposed, repeated int64
		for _, c := range cohort.members {
			// "second_purchase_rate_<n>d: second purchase within 0 < days ≤ n, exposed if first + n ≤ as_of."
			if c.firstDay().AddDate(0, 0, n).After(b.AsOf) {
				continue
			}
			exposed++
			if len(c.purchases) >= 2 && naiveDaysBetween(c.firstDay(), c.purchases[1].day) <= int64(n) {
				repeated++
			}
		}
		row[fmt.Sprintf("exposed_%dd", n)] = exposed
		row[fmt.Sprintf("repeated_%dd", n)] = repeated
		row[fmt.Sprintf("second_purchase_rate_%dd", n)] = naiveRate(repeated, exposed)
	}
}
