package jobs_test

import (
	"math"
)

// naivePool is one offset of a pooled curve.
type naivePool struct{ cohorts, exposed, retained, repeated int64 }

// retentionCurves is the table retention_curves without the curves of models. It pools the cells of cohort_periods.
func (b *naiveBook) retentionCurves(cells []map[string]any) []map[string]any {
	var table []map[string]any
	for _, d := range b.dimensions() {
		for _, curve := range []string{"bounded", "repurchase"} {
			for _, mode := range naiveOffsetModes {
				for _, grain := range b.grains() {
					table = append(table, naivePooledCurve(cells, d, curve, mode, grain)...)
				}
			}
		}
		table = append(table, b.survivalCurve(d)...)
	}
	return table
}

// naivePooledCurve is one bounded or repurchase curve.
func naivePooledCurve(cells []map[string]any, d naiveDimension, curve, mode, grain string) []map[string]any {
	pools := map[int64]naivePool{}
	for _, cell := range cells {
		isOfCurve := cell["dimension_name"] == d.name && cell["dimension_value"] == d.value &&
			cell["offset_mode"] == mode && cell["cohort_grain"] == grain
		// "pooled over cohorts that are not left-truncated"
		if !isOfCurve || cell["is_left_truncated"] == true || cell["exposed_customers"] == int64(0) {
			continue
		}
		offset := cell["period_offset"].(int64)
		pool := pools[offset]
		pool.cohorts++
		pool.exposed += cell["exposed_customers"].(int64)
		pool.retained += cell["retained_customers"].(int64)
		pool.repeated += cell["repeated_customers"].(int64)
		pools[offset] = pool
	}
	var rows []map[string]any
	// Who is exposed at an offset is exposed at every earlier one, so the pooled offsets have no gap.
	for offset := range int64(len(pools)) {
		pool := pools[offset]
		events := pool.retained
		if curve == "repurchase" {
			events = pool.repeated
		}
		row := naiveCurveRow(d, curve, mode, grain, offset)
		row["cohorts_included"] = pool.cohorts
		row["exposed_customers"] = pool.exposed
		row["events"] = events
		// "bounded, repurchase: rate = events ÷ exposed_customers."
		row["rate"] = naiveRate(events, pool.exposed)
		row["rate_low"], row["rate_high"] = naiveWilson(events, pool.exposed)
		rows = append(rows, row)
	}
	return rows
}

func naiveCurveRow(d naiveDimension, curve, mode, grain string, offset int64) map[string]any {
	return map[string]any{
		"dimension_name": d.name, "dimension_value": d.value, "curve_type": curve, "offset_mode": mode,
		"period_grain": grain, "period_offset": offset, "hazard": nil, "is_extrapolated": false, "model_id": nil,
	}
}

// naiveLife is how long a member was seen from the first purchase: to the second, or to as_of without one.
type naiveLife struct {
	month       string
	days        int64
	isPurchased bool
}

// survivalCurve is the Kaplan–Meier curve of the second purchase of one dimension value.
func (b *naiveBook) survivalCurve(d naiveDimension) []map[string]any {
	lives := b.lives(d)
	var rows []map[string]any
	rate, greenwood := 1.0, 0.0
	for day := int64(0); ; day++ {
		var atRisk, events int64
		months := map[string]bool{}
		for _, life := range lives {
			if life.days < day {
				continue
			}
			atRisk++
			months[life.month] = true
			events += naiveOne(life.days == day && life.isPurchased)
		}
		if atRisk == 0 {
			return rows
		}
		// "survival_to_second (always in days): exposed_customers are at risk, hazard = events ÷ at risk, rate =
		// Kaplan–Meier share with no second purchase yet (Greenwood)."
		rate *= 1 - float64(events)/float64(atRisk)
		greenwood += float64(events) / (float64(atRisk) * float64(atRisk-events))
		row := naiveCurveRow(d, "survival_to_second", "rolling", "day", day)
		row["cohorts_included"] = int64(len(months))
		row["exposed_customers"] = atRisk
		row["events"] = events
		row["rate"] = rate
		row["hazard"] = naiveRate(events, atRisk)
		// Greenwood's standard error is rate·√Σ events ÷ (at risk·(at risk − events)). Where all who were left bought,
		// the rate is 0 and so is its error.
		se := 0.0
		if rate > 0 {
			se = rate * math.Sqrt(greenwood)
		}
		row["rate_low"] = max(0, rate-naiveZ90*se)
		row["rate_high"] = min(1, rate+naiveZ90*se)
		rows = append(rows, row)
	}
}

// lives are those of the members whose month cohort is not left-truncated.
func (b *naiveBook) lives(d naiveDimension) []naiveLife {
	var lives []naiveLife
	for _, cohort := range b.cohorts(d, "month") {
		if b.isLeftTruncated(cohort) {
			continue
		}
		for _, c := range cohort.members {
			life := naiveLife{month: naiveText(cohort.start), days: naiveDaysBetween(c.firstDay(), b.AsOf)}
			if len(c.purchases) >= 2 {
				life.days, life.isPurchased = naiveDaysBetween(c.firstDay(), c.purchases[1].day), true
			}
			lives = append(lives, life)
		}
	}
	return lives
}
