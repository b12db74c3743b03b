package jobs_test

import (
	"math"
	"testing"
	"time"
)

func naiveParse(t *testing.T, day string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// naivePosting is a readable row at noon; an empty order is no order.
func naivePosting(t *testing.T, customer, day, order string, units int64) naiveRow {
	t.Helper()
	noon := naiveParse(t, day).Add(12 * time.Hour)
	return naiveRow{Customer: customer, Civil: noon, Order: order, HasOrder: order != "", Amount: units * naiveUnit}
}

// naiveUnit is one unit of the currency.
const naiveUnit = 10_000

// naiveHas reports the columns in which the only row that matches differs from what is wanted.
func naiveHas(t *testing.T, table []map[string]any, where, want naiveColumns) {
	t.Helper()
	rows := naiveSelect(table, where)
	if len(rows) != 1 {
		t.Errorf("%v: got %d rows, want 1", where, len(rows))
		return
	}
	for column, value := range want {
		if got, has := rows[0][column]; !has || got != value {
			t.Errorf("%v: %s: got %v, want %v", where, column, got, value)
		}
	}
}

// naiveWorkedExample is what naive makes of the contract's worked example.
func naiveWorkedExample(t *testing.T) map[string][]map[string]any {
	rows, s := naiveExampleRows(t)
	return naive(rows, s)
}

// naiveExampleRows is the source of the contract's worked example.
func naiveExampleRows(t *testing.T) ([]naiveRow, naiveSettings) {
	return []naiveRow{
		naivePosting(t, "a", "2024-01-31", "o1", 100),
		naivePosting(t, "a", "2024-01-31", "o2", 20),
		naivePosting(t, "a", "2024-02-29", "o3", 50),
		naivePosting(t, "a", "2024-03-10", "", -50),
		naivePosting(t, "b", "2024-01-05", "", -10),
		naivePosting(t, "b", "2024-02-02", "o4", 40),
		naivePosting(t, "c", "2024-02-10", "", -5),
	}, naiveSettings{AsOf: naiveParse(t, "2024-03-31"), WeekStart: time.Monday}
}

// Every number stands in the contract's worked example, or is counted by hand from its seven rows.
func TestNaiveWorkedExampleCustomers(t *testing.T) {
	customers := naiveWorkedExample(t)["customers"]
	naiveHas(t, customers, naiveColumns{"customer_id": "a"}, naiveColumns{
		"orders": int64(3), "purchase_days": int64(2), "frequency": int64(1), "active_span_days": int64(29),
		"age_days": int64(60), "gross_sales": int64(170 * naiveUnit), "refunds": int64(-50 * naiveUnit),
		"net_revenue": int64(120 * naiveUnit), "average_order_value": int64(566_667),
		"mean_repeat_value": int64(50 * naiveUnit), "cohort_month": "2024-01-01", "first_purchase_date": "2024-01-31",
		"last_purchase_date": "2024-02-29", "days_since_last_purchase": int64(31), "contribution": nil,
		"first_purchase_value": int64(120 * naiveUnit), "mean_days_between_purchases": 29.0, "is_one_time_buyer": false,
		// One of the two buyers is worse in each: 1 + floor(5 · 1/2).
		"rfm_recency": int64(3), "rfm_frequency": int64(3), "rfm_monetary": int64(3),
	})
	naiveHas(t, customers, naiveColumns{"customer_id": "b"}, naiveColumns{
		"frequency": int64(0), "age_days": int64(58), "net_revenue": int64(40 * naiveUnit), "is_one_time_buyer": true,
		"mean_repeat_value": nil, "mean_days_between_purchases": nil, "refunds": int64(0), "rfm_recency": int64(1),
	})
	naiveHas(t, customers, naiveColumns{"customer_id": "c"}, naiveColumns{
		"net_revenue": int64(0), "orders": int64(0), "purchase_days": int64(0), "frequency": int64(0),
		"first_purchase_date": nil, "age_days": nil, "rfm_monetary": nil, "first_purchase_value": nil,
		"average_order_value": nil, "is_one_time_buyer": false, "cohort_month": nil,
	})
	naiveWant(t, "Σ customers", naiveTotal(customers, "net_revenue", nil), 160*naiveUnit)
}

func TestNaiveWorkedExampleExclusionsAndBusinessPeriods(t *testing.T) {
	tables := naiveWorkedExample(t)
	excluded := tables["run_exclusions"]
	naiveWant(t, "reasons and months", int64(len(excluded)), 2)
	naiveHas(t, excluded, naiveColumns{"period_start": "2024-01-01"}, naiveColumns{"reason": "before_first_purchase",
		"row_count": int64(1), "customers": int64(1), "amount": int64(-10 * naiveUnit)})
	naiveHas(t, excluded, naiveColumns{"period_start": "2024-02-01"}, naiveColumns{"reason": "before_first_purchase",
		"row_count": int64(1), "customers": int64(1), "amount": int64(-5 * naiveUnit)})

	business := tables["business_periods"]
	naiveWant(t, "months", int64(len(business)), 3)
	naiveHas(t, business, naiveColumns{"period_start": "2024-01-01"}, naiveColumns{"net_revenue": int64(120 * naiveUnit),
		"active_customers": int64(1), "new_customers": int64(1), "orders": int64(2), "first_orders": int64(2)})
	naiveHas(t, business, naiveColumns{"period_start": "2024-02-01"}, naiveColumns{"net_revenue": int64(90 * naiveUnit),
		"active_customers": int64(2), "returning_customers": int64(1), "repeat_orders": int64(1),
		"existing_customer_gross_sales": int64(50 * naiveUnit), "existing_customer_revenue_share": 50.0 / 90,
		"previous_active_customers": int64(1), "retained_customers": int64(1), "repeat_conversion_rate": 1.0,
		"average_order_value": int64(45 * naiveUnit), "orders_per_active_customer": 1.0,
		"customers_ever": int64(2), "repeat_customers_ever": int64(1), "repeat_purchase_rate": 0.5})
	naiveHas(t, business, naiveColumns{"period_start": "2024-03-01"}, naiveColumns{"net_revenue": int64(-50 * naiveUnit),
		"active_customers": int64(0), "average_order_value": nil, "orders_per_active_customer": nil,
		"existing_customer_revenue_share": nil, "repeat_conversion_rate": 0.0, "is_complete": true,
		"period_end": "2024-03-31", "unattributed_net_revenue": int64(0)})
}

func TestNaiveWorkedExampleCohortPeriods(t *testing.T) {
	cells := naiveWorkedExample(t)["cohort_periods"]
	at := func(mode string, offset int64) naiveColumns {
		return naiveColumns{"cohort_start": "2024-01-01", "offset_mode": mode, "period_offset": offset}
	}
	naiveHas(t, cells, at("calendar", 0), naiveColumns{"active_customers": int64(1), "retained_customers": int64(0),
		"orders": int64(2), "first_orders": int64(2), "retained_or_later_customers": int64(1), "followup_periods": int64(2)})
	naiveHas(t, cells, at("calendar", 1), naiveColumns{"retained_customers": int64(1), "retention_rate": 1.0,
		"repeated_customers": int64(1), "period_start": "2024-02-01", "period_end": "2024-02-29"})
	naiveHas(t, cells, at("calendar", 2), naiveColumns{"cell_state": "complete", "net_revenue": int64(-50 * naiveUnit),
		"exposed_cumulative_net_revenue": int64(120 * naiveUnit), "exposed_offset_0_net_revenue": int64(120 * naiveUnit),
		"retention_rate": 0.0, "repurchase_rate": 1.0, "followup_periods": int64(0)})
	// "Rolling: offset 1 is [02-29, 03-31), holds the second purchase and the refund; offset 2 is partial, rate NULL."
	naiveHas(t, cells, at("rolling", 0), naiveColumns{"retained_customers": int64(0), "net_revenue": int64(120 * naiveUnit)})
	naiveHas(t, cells, at("rolling", 1), naiveColumns{"cell_state": "complete", "active_customers": int64(1),
		"retained_customers": int64(1), "net_revenue": int64(0), "gross_sales": int64(50 * naiveUnit),
		"refunds": int64(-50 * naiveUnit), "period_start": nil})
	naiveHas(t, cells, at("rolling", 2), naiveColumns{"cell_state": "partial", "exposed_customers": int64(0),
		"retention_rate": nil, "retention_rate_low": nil, "cumulative_net_revenue_per_customer": nil})
	// Calendar offsets of the cohorts of January and February: 3 + 2; that of March is empty. Rolling ones of a begin on 01-31, 02-29
	// and 03-31, of b on 02-02 and 03-02: 3 + 2.
	naiveWant(t, "calendar cells", int64(len(naiveSelect(cells, naiveColumns{"offset_mode": "calendar"}))), 5)
	naiveWant(t, "rolling cells", int64(len(naiveSelect(cells, naiveColumns{"offset_mode": "rolling"}))), 5)
}

func TestNaiveWorkedExampleCohortsAndCurves(t *testing.T) {
	tables := naiveWorkedExample(t)
	naiveWant(t, "cohorts", int64(len(tables["cohorts"])), 3)
	naiveHas(t, tables["cohorts"], naiveColumns{"cohort_start": "2024-01-01"}, naiveColumns{"cohort_end": "2024-01-31",
		"cohort_size": int64(1), "is_closed": true, "is_left_truncated": false, "max_complete_offset": int64(2),
		"first_purchase_revenue": int64(120 * naiveUnit), "exposed_30d": int64(1), "repeated_30d": int64(1),
		"second_purchase_rate_30d": 1.0, "exposed_60d": int64(1), "exposed_90d": int64(0),
		"second_purchase_rate_90d": nil, "net_revenue_per_customer": int64(120 * naiveUnit), "contribution": nil})
	naiveHas(t, tables["cohorts"], naiveColumns{"cohort_start": "2024-03-01"}, naiveColumns{"cohort_size": int64(0),
		"max_complete_offset": int64(0), "net_revenue_per_customer": nil, "second_purchase_rate_30d": nil})

	curves := tables["retention_curves"]
	naiveHas(t, curves, naiveColumns{"curve_type": "bounded", "offset_mode": "calendar", "period_offset": int64(1)},
		naiveColumns{"cohorts_included": int64(2), "exposed_customers": int64(2), "events": int64(1), "rate": 0.5, "hazard": nil})
	naiveHas(t, curves, naiveColumns{"curve_type": "repurchase", "offset_mode": "calendar", "period_offset": int64(2)},
		naiveColumns{"cohorts_included": int64(1), "exposed_customers": int64(1), "events": int64(1), "rate": 1.0})
	// a bought again after 29 days, b was watched for 58.
	survival := naiveSelect(curves, naiveColumns{"curve_type": "survival_to_second"})
	naiveWant(t, "days 0 to 58", int64(len(survival)), 59)
	naiveHas(t, survival, naiveColumns{"period_offset": int64(28)}, naiveColumns{"exposed_customers": int64(2), "rate": 1.0,
		"rate_low": 1.0, "rate_high": 1.0, "hazard": 0.0})
	naiveHas(t, survival, naiveColumns{"period_offset": int64(29)}, naiveColumns{"exposed_customers": int64(2),
		"events": int64(1), "rate": 0.5, "hazard": 0.5, "cohorts_included": int64(2), "rate_low": 0.0, "rate_high": 1.0})
	naiveHas(t, survival, naiveColumns{"period_offset": int64(58)}, naiveColumns{"exposed_customers": int64(1), "rate": 0.5,
		"cohorts_included": int64(1)})
}

func TestNaiveAnniversariesAreClampedAndCountedFromTheFirstDay(t *testing.T) {
	for _, c := range []struct {
		first, grain string
		count        int
		want         string
	}{
		{"2024-01-31", "month", 1, "2024-02-29"},
		{"2024-01-31", "month", 2, "2024-03-31"}, // not from the clamped February
		{"2023-11-30", "quarter", 1, "2024-02-29"},
		{"2024-02-29", "year", 1, "2025-02-28"},
		{"2024-02-29", "year", 4, "2028-02-29"},
		{"2024-02-26", "week", 1, "2024-03-04"},
		{"2024-02-28", "day", 2, "2024-03-01"},
	} {
		if got := naiveText(naiveAfter(naiveParse(t, c.first), c.grain, c.count)); got != c.want {
			t.Errorf("%s + %d %s: got %s, want %s", c.first, c.count, c.grain, got, c.want)
		}
	}
}

func TestNaiveMoneyPerIsRoundedHalfEven(t *testing.T) {
	for _, c := range []struct{ money, count, want int64 }{
		{5, 2, 2}, {7, 2, 4}, {-5, 2, -2}, {-7, 2, -4}, {1, 3, 0}, {2, 3, 1}, {-1, 3, 0}, {-2, 3, -1}, {1_700_000, 3, 566_667},
	} {
		if got := naiveMoneyPer(c.money, c.count); got != c.want {
			t.Errorf("%d ÷ %d: got %v, want %d", c.money, c.count, got, c.want)
		}
	}
}

// A Wilson bound q is where the observed share lies z standard errors of q away: (p − q)² = z²·q·(1 − q)/n.
func TestNaiveWilsonBoundsSolveTheirDefinition(t *testing.T) {
	const rounding = 1e-15 // a few roundings of numbers below 1
	for _, c := range []struct{ part, whole int64 }{{0, 10}, {1, 2}, {3, 7}, {10, 10}, {500, 100_000}} {
		p, n := float64(c.part)/float64(c.whole), float64(c.whole)
		low, high := naiveWilson(c.part, c.whole)
		for _, q := range []float64{low.(float64), high.(float64)} {
			if miss := (p-q)*(p-q) - naiveZ90*naiveZ90*q*(1-q)/n; math.Abs(miss) > rounding {
				t.Errorf("%d of %d: bound %v misses its equation by %g", c.part, c.whole, q, miss)
			}
		}
	}
}
