-- What the program is measured against: the customer summary, the cohort cells
-- and the gaps between purchases, by the cheapest SQL known for DuckDB 1.5.
-- It knows no rules, nulls, refunds or zones: each row is an order, a day is
-- UTC's.
--
--   {LOG} input · {OUT} folder · {AS_OF} last day that counts, from 1970 on

-- Days to months by a table: a cast of a time to a date would go through the
-- library of zones, which takes as long as all the rest.
CREATE TEMP TABLE calendar AS
SELECT d::INTEGER AS d, (year(day) * 12 + month(day) - 1)::INTEGER AS m
FROM (SELECT range AS d, DATE '1970-01-01' + range::INTEGER AS day FROM range(18000, 21000));

-- One pass of windows over narrow rows: of each row's customer the first day,
-- the day of the row before, and how many days with a purchase lie behind it.
CREATE TEMP TABLE seen AS
SELECT c, d, cents, first_value(d) OVER w AS first, lag(d) OVER w AS before, dense_rank() OVER w - 1 AS k
FROM (SELECT customer_id AS c, (epoch_us(occurred_at) // 86400000000)::INTEGER AS d, (amount * 100)::BIGINT AS cents
  FROM read_parquet('{LOG}'))
WINDOW w AS (PARTITION BY c ORDER BY d);

COPY (
  SELECT c AS customer_id, first AS first_day, last AS last_day, x, last - first AS t_x, {AS_OF} - first AS t_age,
    orders, cents, cents::DOUBLE / orders AS mean_order, CASE WHEN x > 0 THEN repeat_cents::DOUBLE / x END AS mean_repeat
  FROM (SELECT c, min(d) AS first, max(d) AS last, max(k) AS x, count(*) AS orders, sum(cents) AS cents,
      sum(cents) FILTER (d > first) AS repeat_cents
    FROM seen GROUP BY c)
) TO '{OUT}/summary.parquet' (FORMAT parquet, COMPRESSION zstd);

-- The second pass: months against months of the first purchase, with the gaps
-- in the same groups.
CREATE TEMP TABLE cells AS
SELECT born.m AS cohort, now.m AS m, now.m IS DISTINCT FROM earlier.m AS is_first_of_month, least(k, 10) AS k,
  CASE WHEN seen.d > before THEN seen.d - before END AS gap, count(*) AS orders, sum(cents) AS cents
FROM seen JOIN calendar born ON born.d = first JOIN calendar now ON now.d = seen.d LEFT JOIN calendar earlier ON earlier.d = before
GROUP BY ALL;

COPY (
  SELECT cohort, period_offset, active, orders, cents, sum(cents) OVER (PARTITION BY cohort ORDER BY period_offset) AS cumulative_cents
  FROM (SELECT cohort, m - cohort AS period_offset, sum(orders) FILTER (is_first_of_month) AS active, sum(orders) AS orders, sum(cents) AS cents
    FROM cells GROUP BY 1, 2)
) TO '{OUT}/cohort.parquet' (FORMAT parquet, COMPRESSION zstd);

CREATE TEMP TABLE gaps AS SELECT cohort, k, gap, sum(orders) AS n FROM cells WHERE gap IS NOT NULL GROUP BY ALL;

COPY (
  SELECT cohort, k, sum(n) AS n, sum(gap * n) / sum(n) AS mean,
    sqrt((sum(gap * gap * n) - sum(gap * n) * sum(gap * n) / sum(n)) / nullif(sum(n) - 1, 0)) AS deviation, min(gap) AS least, max(gap) AS most,
    min(gap) FILTER (below >= 0.25 * total) AS p25, min(gap) FILTER (below >= 0.5 * total) AS p50,
    min(gap) FILTER (below >= 0.75 * total) AS p75, min(gap) FILTER (below >= 0.9 * total) AS p90
  FROM (SELECT *, sum(n) OVER (PARTITION BY cohort, k ORDER BY gap) AS below, sum(n) OVER (PARTITION BY cohort, k) AS total FROM gaps)
  GROUP BY 1, 2
) TO '{OUT}/gaps.parquet' (FORMAT parquet, COMPRESSION zstd);

SELECT 1 AS done;
