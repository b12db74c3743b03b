package jobs_test

import (
	"math"
	"testing"
	"time"
)

// Each case is one sentence of the contract on the smallest source that shows it. The wanted numbers are counted by hand.
func TestNaiveRulesOfOrdersAndPurchases(t *testing.T) {
	rows := func(rows ...naiveRow) []naiveRow { return rows }
	post := func(day, order string, units int64) naiveRow { return naivePosting(t, "a", day, order, units) }
	for _, c := range []struct {
		rule     string
		rows     []naiveRow
		settings naiveSettings
		want     naiveColumns
	}{
		{"rows of one order and day are summed first",
			rows(post("2024-01-01", "o1", 10), post("2024-01-01", "o1", -4)), naiveSettings{},
			naiveColumns{"orders": int64(1), "gross_sales": int64(6 * naiveUnit), "refunds": int64(0)}},
		{"without order_id each row stands alone",
			rows(post("2024-01-01", "", 10), post("2024-01-01", "", -4), post("2024-01-01", "", 1)), naiveSettings{},
			naiveColumns{"orders": int64(2), "gross_sales": int64(11 * naiveUnit), "refunds": int64(-4 * naiveUnit)}},
		{"a later capture is money, not a new order",
			rows(post("2024-01-01", "o1", 10), post("2024-01-05", "o1", 5)), naiveSettings{},
			naiveColumns{"orders": int64(1), "purchase_days": int64(1), "gross_sales": int64(15 * naiveUnit)}},
		{"a capture beside a new order counts in the value of its day",
			rows(post("2024-01-01", "o1", 10), post("2024-01-05", "o1", 5), post("2024-01-05", "o2", 1)), naiveSettings{},
			naiveColumns{"orders": int64(2), "purchase_days": int64(2), "mean_repeat_value": int64(6 * naiveUnit)}},
		{"bought and cancelled the same day is an order but no purchase",
			rows(post("2024-01-01", "o1", 10), post("2024-01-05", "o2", 5), post("2024-01-05", "", -5)), naiveSettings{},
			naiveColumns{"orders": int64(2), "purchase_days": int64(1), "gross_sales": int64(15 * naiveUnit)}},
		{"a sale and its cancellation under one order_id sum to 0, which is neither",
			rows(post("2024-01-01", "o1", 10), post("2024-01-05", "o2", 5), post("2024-01-05", "o2", -5)), naiveSettings{},
			naiveColumns{"orders": int64(1), "purchase_days": int64(1), "refunds": int64(0)}},
		{"who cancelled the only purchase day has none",
			rows(post("2024-01-01", "o1", 10), post("2024-01-01", "", -10)), naiveSettings{},
			naiveColumns{"orders": int64(0), "purchase_days": int64(0), "gross_sales": int64(0), "first_purchase_date": nil}},
		{"an order sold on a cancelled day before the first purchase stays dated there",
			rows(post("2024-01-01", "o1", 10), post("2024-01-01", "", -10), post("2024-01-05", "o1", 5), post("2024-01-09", "o2", 1)),
			naiveSettings{}, naiveColumns{"first_purchase_date": "2024-01-09", "net_revenue": int64(naiveUnit)}},
		{"zero rows are ignored", rows(post("2024-01-01", "o1", 10), post("2024-01-05", "o2", 0)), naiveSettings{},
			naiveColumns{"orders": int64(1), "purchase_days": int64(1)}},
		{"a day of only zero rows is a purchase if the job says so",
			rows(post("2024-01-01", "o1", 10), post("2024-01-05", "o2", 0)), naiveSettings{ZeroIsPurchase: true},
			naiveColumns{"orders": int64(2), "purchase_days": int64(2), "mean_repeat_value": int64(0)}},
		{"refunds are ignored if the job says so, and then a day may be a purchase",
			rows(post("2024-01-01", "o1", 10), post("2024-01-01", "", -10)), naiveSettings{IgnoreRefunds: true},
			naiveColumns{"purchase_days": int64(1), "net_revenue": int64(10 * naiveUnit)}},
		{"exact duplicates are kept", rows(post("2024-01-01", "o1", 10), post("2024-01-01", "o1", 10)), naiveSettings{},
			naiveColumns{"net_revenue": int64(20 * naiveUnit)}},
		{"exact duplicates are dropped if the job says so",
			rows(post("2024-01-01", "o1", 10), post("2024-01-01", "o1", 10)), naiveSettings{DropDuplicates: true},
			naiveColumns{"net_revenue": int64(10 * naiveUnit)}},
		{"as_of is inclusive and what comes after is not used",
			rows(post("2024-03-31", "o1", 10), post("2024-04-01", "o2", 10)), naiveSettings{},
			naiveColumns{"net_revenue": int64(10 * naiveUnit), "age_days": int64(0)}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			c.settings.AsOf, c.settings.WeekStart = naiveParse(t, "2024-03-31"), time.Monday
			naiveHas(t, naive(c.rows, c.settings)["customers"], naiveColumns{"customer_id": "a"}, c.want)
		})
	}
}

// "The first that applies": each row has the reasons of all that stand after it too.
func TestNaiveFateIsTheFirstReasonThatApplies(t *testing.T) {
	as := func(change func(*naiveRow)) naiveRow {
		row := naivePosting(t, "a", "2024-04-01", "", -10)
		change(&row)
		return row
	}
	inTime := naiveParse(t, "2024-03-31")
	twin := func(r *naiveRow) { r.Civil, r.Customer, r.Guest = inTime, "", true }
	book := naiveRead([]naiveRow{
		as(func(r *naiveRow) { r.Unreadable, r.Rule, r.Guest = true, "test", true }),
		as(func(r *naiveRow) { r.Rule, r.Guest = "test", true }),
		as(func(r *naiveRow) { r.Civil, r.Rule, r.Guest = inTime, "test", true }),
		as(twin),
		as(twin),
		as(func(r *naiveRow) { r.Civil = inTime }),
		as(func(r *naiveRow) { r.Civil, r.Amount = inTime, 0 }),
	}, naiveSettings{AsOf: inTime, DropDuplicates: true, IgnoreRefunds: true})
	want := []string{"unreadable", "after_as_of", "rule:test", "unattributed", "exact_duplicate", "refund_ignored",
		"before_first_purchase"}
	for i := range want {
		if book.fates[i] != want[i] {
			t.Errorf("row %d: got %s, want %s", i, book.fates[i], want[i])
		}
	}
}

// "attributes: of the earliest row of the first purchase day, ties by smallest value; NULL becomes `(none)`."
func TestNaiveAttributesAreOfTheEarliestRowOfTheFirstPurchaseDay(t *testing.T) {
	at := func(day string, hour int, order, country string) naiveRow {
		row := naivePosting(t, "a", day, order, 10)
		row.Civil = naiveParse(t, day).Add(time.Duration(hour) * time.Hour)
		row.Attributes = map[string]string{"country": country}
		return row
	}
	refund := at("2024-01-01", 0, "", "AT")
	refund.Amount = -naiveUnit
	for _, c := range []struct {
		rule string
		rows []naiveRow
		want string
	}{
		{"earliest", []naiveRow{at("2024-01-02", 9, "o1", "FR"), at("2024-01-02", 8, "o2", "GB")}, "GB"},
		{"tie", []naiveRow{at("2024-01-02", 8, "o1", "FR"), at("2024-01-02", 8, "o2", "DE")}, "DE"},
		{"null", []naiveRow{at("2024-01-02", 8, "o1", ""), at("2024-01-02", 9, "o2", "DE")}, "(none)"},
		{"not of rows before the first purchase", []naiveRow{refund, at("2024-01-02", 8, "o1", "FR")}, "FR"},
	} {
		tables := naive(c.rows, naiveSettings{AsOf: naiveParse(t, "2024-03-31"), SplitBy: []string{"country"}})
		naiveHas(t, tables["customers"], nil, naiveColumns{"first_country": c.want})
		naiveHas(t, tables["cohorts"], naiveColumns{"dimension_name": "first_country", "cohort_size": int64(1)},
			naiveColumns{"dimension_value": c.want})
	}
}

// Three buyers of one day: second purchase after 2 days, none in 3 days, second purchase after 5 days. By hand: the
// share without a second purchase is 2/3 from day 2 and 0 from day 5, where the only one at risk buys.
func TestNaiveSurvivalIsKaplanMeier(t *testing.T) {
	rows := []naiveRow{
		naivePosting(t, "a", "2024-01-01", "o1", 1), naivePosting(t, "a", "2024-01-03", "o2", 1),
		naivePosting(t, "b", "2024-01-05", "o1", 1),
		naivePosting(t, "c", "2024-01-01", "o1", 1), naivePosting(t, "c", "2024-01-06", "o2", 1),
	}
	curves := naive(rows, naiveSettings{AsOf: naiveParse(t, "2024-01-08"), WeekStart: time.Monday})["retention_curves"]
	survival := naiveSelect(curves, naiveColumns{"curve_type": "survival_to_second"})
	atRisk := []int64{3, 3, 3, 2, 1, 1}
	rates := []float64{1, 1, 2.0 / 3, 2.0 / 3, 2.0 / 3, 0}
	const rounding = 1e-15 // of 1 − 1/3, which is one rounding away from 2/3
	naiveWant(t, "days 0 to 5", int64(len(survival)), int64(len(rates)))
	for day := range rates {
		naiveWant(t, "at risk", survival[day]["exposed_customers"].(int64), atRisk[day])
		if got := survival[day]["rate"].(float64); math.Abs(got-rates[day]) > rounding {
			t.Errorf("day %d: rate: got %v, want %v", day, got, rates[day])
		}
	}
	naiveHas(t, survival, naiveColumns{"period_offset": int64(5)}, naiveColumns{"hazard": 1.0, "rate_low": 0.0, "rate_high": 0.0})
}

func TestNaiveContributionIsAllOrNothing(t *testing.T) {
	one, other := naivePosting(t, "a", "2024-01-01", "o1", 10), naivePosting(t, "a", "2024-01-02", "o2", 10)
	one.HasContribution, one.Contribution = true, 4*naiveUnit
	s := naiveSettings{AsOf: naiveParse(t, "2024-01-31"), WeekStart: time.Monday}
	naiveHas(t, naive([]naiveRow{one, other}, s)["customers"], nil, naiveColumns{"contribution": nil})
	other.HasContribution, other.Contribution = true, -naiveUnit
	naiveHas(t, naive([]naiveRow{one, other}, s)["customers"], nil, naiveColumns{"contribution": int64(3 * naiveUnit)})
}

func TestNaiveMaxOffsetLeavesRowsOut(t *testing.T) {
	rows := []naiveRow{naivePosting(t, "a", "2024-01-01", "o1", 10), naivePosting(t, "a", "2024-03-01", "o2", 10)}
	s := naiveSettings{AsOf: naiveParse(t, "2024-03-31"), WeekStart: time.Monday, MaxOffset: map[string]int{"month": 1}}
	tables := naive(rows, s)
	calendar := naiveColumns{"cohort_start": "2024-01-01", "offset_mode": "calendar"}
	naiveWant(t, "offsets 0 and 1", int64(len(naiveSelect(tables["cohort_periods"], calendar))), 2)
	calendar["period_offset"] = int64(1)
	naiveHas(t, tables["cohort_periods"], calendar,
		naiveColumns{"followup_periods": int64(1), "retained_or_later_customers": int64(1)})
}

// "from: the history is whole from here; earlier cohorts are left-truncated and stay out of pooled curves." The cohort of
// January has a second purchase, the one of February, which begins on the day of `from`, has none.
func TestNaiveLeftTruncatedCohortsStayOutOfCurves(t *testing.T) {
	from := naiveParse(t, "2024-02-01")
	tables := naive([]naiveRow{
		naivePosting(t, "a", "2024-01-10", "o1", 1), naivePosting(t, "a", "2024-02-20", "o2", 1),
		naivePosting(t, "b", "2024-02-10", "o1", 1),
	}, naiveSettings{AsOf: naiveParse(t, "2024-03-31"), WeekStart: time.Monday, From: &from})
	for start, want := range map[string]bool{"2024-01-01": true, "2024-02-01": false} {
		naiveHas(t, tables["cohorts"], naiveColumns{"cohort_start": start}, naiveColumns{"is_left_truncated": want})
	}
	for _, curve := range []string{"bounded", "repurchase"} {
		where := naiveColumns{"curve_type": curve, "offset_mode": "calendar", "period_offset": int64(1)}
		naiveHas(t, tables["retention_curves"], where,
			naiveColumns{"cohorts_included": int64(1), "exposed_customers": int64(1), "events": int64(0)})
	}
	survival := naiveColumns{"curve_type": "survival_to_second"}
	naiveWant(t, "at risk on all days of b, 0 to 50", naiveTotal(tables["retention_curves"], "exposed_customers", survival), 51)
	naiveWant(t, "second purchases", naiveTotal(tables["retention_curves"], "events", survival), 0)
}

// The whole base begins with what no customer did; a part of a split begins with its own customers.
func TestNaiveBusinessPeriodsBeginWithTheFirstKeptOrUnattributedRow(t *testing.T) {
	guest := naivePosting(t, "", "2023-12-05", "", 7)
	guest.Guest = true
	sale := naivePosting(t, "a", "2024-02-10", "o1", 1)
	sale.Attributes = map[string]string{"country": "DE"}
	business := naive([]naiveRow{guest, sale, naivePosting(t, "a", "2024-01-10", "", -1)}, naiveSettings{
		AsOf: naiveParse(t, "2024-03-15"), WeekStart: time.Monday, SplitBy: []string{"country"}})["business_periods"]
	naiveWant(t, "December to March", int64(len(naiveSelect(business, naiveColumns{"dimension_name": "all"}))), 4)
	naiveWant(t, "February and March", int64(len(naiveSelect(business, naiveColumns{"dimension_value": "DE"}))), 2)
	naiveHas(t, business, naiveColumns{"period_start": "2023-12-01"}, naiveColumns{"net_revenue": int64(0),
		"unattributed_net_revenue": int64(7 * naiveUnit), "customers_ever": int64(0), "repeat_purchase_rate": nil})
	naiveHas(t, business, naiveColumns{"period_start": "2024-03-01", "dimension_value": "DE"},
		naiveColumns{"unattributed_net_revenue": nil, "is_complete": false, "customers_ever": int64(1)})
}

// Two buyers of January at as_of 02-28. The first month of a, bought on 01-31, is [01-31, 02-29) and just over; that of b
// is too, and so is b's second offset begun, on 02-10.
func TestNaiveRollingExposureIsOfEachMember(t *testing.T) {
	cells := naive([]naiveRow{
		naivePosting(t, "a", "2024-01-31", "o1", 8), naivePosting(t, "a", "2024-02-28", "o2", 2),
		naivePosting(t, "b", "2024-01-10", "o1", 4), naivePosting(t, "b", "2024-02-10", "o2", 1),
	}, naiveSettings{AsOf: naiveParse(t, "2024-02-28"), WeekStart: time.Monday})["cohort_periods"]
	naiveHas(t, cells, naiveColumns{"cohort_start": "2024-01-01", "offset_mode": "rolling", "period_offset": int64(0)},
		naiveColumns{"cell_state": "complete", "retained_customers": int64(1), "retained_or_later_customers": int64(2),
			"repeated_customers": int64(1), "net_revenue": int64(14 * naiveUnit), "followup_periods": int64(0)})
	naiveHas(t, cells, naiveColumns{"cohort_start": "2024-01-01", "offset_mode": "rolling", "period_offset": int64(1)},
		naiveColumns{"cell_state": "partial", "exposed_customers": int64(0), "retained_customers": int64(0),
			"active_customers": int64(1), "net_revenue": int64(naiveUnit), "exposed_net_revenue": int64(0)})
	cut := naive([]naiveRow{
		naivePosting(t, "a", "2024-01-31", "o1", 8), naivePosting(t, "b", "2024-01-10", "o1", 4),
		naivePosting(t, "b", "2024-02-09", "o2", 1),
	}, naiveSettings{AsOf: naiveParse(t, "2024-02-27"), WeekStart: time.Monday})["cohort_periods"]
	naiveHas(t, cut, naiveColumns{"cohort_start": "2024-01-01", "offset_mode": "rolling", "period_offset": int64(0)},
		naiveColumns{"cell_state": "partial", "exposed_customers": int64(1), "retention_rate": 1.0,
			"exposed_cumulative_net_revenue": int64(5 * naiveUnit), "net_revenue": int64(13 * naiveUnit)})
}
