-- How many answers of the program (in {PROGRAM}) and of the yardstick (in
-- {OUT}) differ, by what they are about; all must be 0.

SELECT 'customers' AS about, count(*) AS differing
FROM (SELECT customer_id, x, t_x, t_age, orders, cents FROM read_parquet('{OUT}/summary.parquet')) d
FULL JOIN (SELECT customer_id, frequency AS x, active_span_days AS t_x, age_days AS t_age, orders, net_revenue * 100 AS cents
  FROM read_parquet('{PROGRAM}/customers/*/*.parquet')) p USING (customer_id)
WHERE (d.x, d.t_x, d.t_age, d.orders, d.cents) IS DISTINCT FROM (p.x, p.t_x, p.t_age, p.orders, p.cents)

-- The program also has the cells without any order, as zeros.
UNION ALL
SELECT 'cohort cells', count(*)
FROM (SELECT cohort, period_offset, active, orders, cents FROM read_parquet('{OUT}/cohort.parquet')) d
FULL JOIN (SELECT (year(cohort_start) * 12 + month(cohort_start) - 1)::INTEGER AS cohort, period_offset, active_customers AS active, orders, net_revenue * 100 AS cents
  FROM read_parquet('{PROGRAM}/cohort_periods/*/*.parquet')
  WHERE dimension_name = 'all' AND cohort_grain = 'month' AND offset_mode = 'calendar') p USING (cohort, period_offset)
WHERE coalesce(d.active, 0) <> p.active OR coalesce(d.orders, 0) <> p.orders OR coalesce(d.cents, 0) <> p.cents OR p.active IS NULL

UNION ALL
SELECT 'cumulative revenue', count(*)
FROM read_parquet('{OUT}/cohort.parquet') d
JOIN (SELECT (year(cohort_start) * 12 + month(cohort_start) - 1)::INTEGER AS cohort, period_offset, exposed_cumulative_net_revenue * 100 AS cumulative_cents
  FROM read_parquet('{PROGRAM}/cohort_periods/*/*.parquet')
  WHERE dimension_name = 'all' AND cohort_grain = 'month' AND offset_mode = 'calendar' AND cell_state = 'complete') p USING (cohort, period_offset)
WHERE d.cumulative_cents IS DISTINCT FROM p.cumulative_cents

UNION ALL
SELECT 'number of gaps', count(*)
FROM (SELECT sum(n) AS n FROM read_parquet('{OUT}/gaps.parquet')) d,
  (SELECT observed AS n FROM read_parquet('{PROGRAM}/run_checks/*/*.parquet') WHERE check_name = 'purchase_gaps') p
WHERE d.n IS DISTINCT FROM p.n

-- The limits of lifecycle_stage are quantiles of all gaps.
UNION ALL
SELECT 'gap quantiles', 3 - count(*)
FROM (SELECT unnest([
    {'name': 'lifecycle_active_days', 'days': min(gap) FILTER (1000 * below >= 750 * total)},
    {'name': 'lifecycle_at_risk_days', 'days': min(gap) FILTER (1000 * below >= 900 * total)},
    {'name': 'lifecycle_dormant_days', 'days': min(gap) FILTER (1000 * below >= 975 * total)}], recursive := true)
  FROM (SELECT gap, sum(n) OVER (ORDER BY gap) AS below, sum(n) OVER () AS total
    FROM (SELECT gap, count(*) AS n
      FROM (SELECT d - lag(d) OVER (PARTITION BY customer_id ORDER BY d) AS gap
        FROM (SELECT customer_id, (epoch_us(occurred_at) // 86400000000)::INTEGER AS d FROM read_parquet('{LOG}') GROUP BY ALL))
      WHERE gap IS NOT NULL GROUP BY gap))) d
JOIN (SELECT check_name AS name, observed AS days FROM read_parquet('{PROGRAM}/run_checks/*/*.parquet')) p USING (name, days);
