-- A log as a shop has it: in the order of time from its beginning to its end,
-- with the columns that jobs of the bench read.
COPY (SELECT customer_id, occurred_at, amount, country, channel FROM read_parquet('{LOG}') ORDER BY occurred_at)
TO '{OUT}' (FORMAT parquet, COMPRESSION zstd);
SELECT 1 AS done;
