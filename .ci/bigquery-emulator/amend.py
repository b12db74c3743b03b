"""What BigQuery does, local-bigquery 0.4 does not, and a sink relies on.

- A day of a table partitioned by a date: table$20240131 as what is read by
  tables.get, as source and as destination of copy jobs, as destination of load
  jobs, and as what is deleted. A row of another day is refused.
- A load or a copy that makes a table keeps which columns may not be NULL; a copy
  keeps descriptions, partitioning and clustering too.
- numRows is exact.

After the documentation of BigQuery; services/bigquery_test.go holds the same of a
real project.
"""

import re

from local_bigquery.catalog import names, tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError, already_exists
from local_bigquery.jobs import copy, load, runner

PARTITION = re.compile(r"(?P<table>[^$]+)\$(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)")
KEPT = ("schema", "timePartitioning", "rangePartitioning", "clustering")

original_columns = tables.columns
original_load = tables.load
original_write = tables.write
original_delete = tables.delete
original_source = copy._source


def partition(reference):
    """The table of a partition and the condition of its rows; None for a whole table."""
    match = PARTITION.fullmatch(reference[2])
    if not match:
        return None
    table = (reference[0], reference[1], match["table"])
    partitioning = original_load(*table).timePartitioning
    if not partitioning or not partitioning.field or partitioning.type != "DAY":
        raise BigQueryError("invalid", f"{names.label(*table)} is not partitioned by days of a column")
    return table, f"{quote(partitioning.field)} IS NOT DISTINCT FROM DATE '{match['year']}-{match['month']}-{match['day']}'"


def whole(reference):
    found = partition(reference)
    return found[0] if found else reference


def get(*reference):
    table, condition = partition(reference) or (reference, "true")
    resource = original_load(*table)
    if resource.type != "TABLE" or not tables.fields(resource):
        return resource
    [(rows,)] = database.fetch(f"SELECT count(*) FROM {tables.name(*table)} WHERE {condition}")
    size = str(tables.logical_bytes(rows, len(tables.fields(resource))))
    return resource.replace(
        numRows=str(rows), numBytes=size, numTotalLogicalBytes=size, numActiveLogicalBytes=size
    )


def columns(*reference):
    return original_columns(*whole(reference))


def delete(*reference):
    if not (found := partition(reference)):
        return original_delete(*reference)
    table, condition = found
    with database.writing(*table):
        database.execute(f"DELETE FROM {tables.name(*table)} WHERE {condition}")


def source(reference):
    if not (found := partition(reference)):
        return original_source(reference)
    table, condition = found
    return f"(SELECT * FROM {tables.name(*table)} WHERE {condition})"


def write(cur, query, params, reference, config, default="WRITE_EMPTY", prefix="", isolated=False):
    if not (found := partition(reference)):
        return original_write(cur, query, params, reference, config, default, prefix, isolated)
    table, condition = found
    name, disposition = tables.name(*table), config.writeDisposition or default
    [(strays,)] = cur.execute(f"SELECT count(*) FROM ({query}) WHERE NOT ({condition})", params).fetchall()
    if strays:
        raise BigQueryError(
            "invalid", f"Some rows belong to different partitions rather than destination partition {reference[2]}"
        )
    with database.writing(*table):
        [(rows,)] = cur.execute(f"SELECT count(*) FROM {name} WHERE {condition}").fetchall()
        if rows and disposition == "WRITE_EMPTY":
            raise already_exists("Table", names.label(*reference))
        tables.evolve(cur, table, cur.sql(query, params=params), None, prefix)
        cur.execute("BEGIN")
        try:
            if disposition == "WRITE_TRUNCATE":
                cur.execute(f"DELETE FROM {name} WHERE {condition}")
            cur.execute(f"INSERT INTO {name} BY NAME {query}", params)
            cur.execute("COMMIT")
        except Exception:
            cur.execute("ROLLBACK")
            raise
    return False


def same_modes(given, reference):
    """Refuses columns that may be NULL for columns that may not."""
    required = {field.name for field in tables.columns(*reference) if field.mode == "REQUIRED"}
    for field in given:
        if field.name in required and field.mode != "REQUIRED":
            raise BigQueryError(
                "invalid",
                f"Provided Schema does not match Table {names.label(*reference)}. "
                f"Field {field.name} has changed mode from REQUIRED to NULLABLE",
            )


def require(cur, fields, reference):
    for field in fields:
        if field.mode == "REQUIRED":
            cur.execute(f"ALTER TABLE {tables.name(*reference)} ALTER COLUMN {quote(field.name)} SET NOT NULL")


def is_kept(config, reference):
    """Whether a job adds to a table, or a partition of it, that keeps its schema."""
    reference = whole(reference)
    return tables.exists(*reference) and (
        reference[2] != config.destinationTable.tableId or config.writeDisposition != "WRITE_TRUNCATE"
    )


def run_load(cur, config, upload):
    reference = tables.reference(config.destinationTable)
    given = (config.schema_ and config.schema_.fields) or []
    kept = is_kept(config, reference)
    if kept and given:
        same_modes(given, whole(reference))
    statistics = load.run(cur, config, upload)
    if not kept:
        require(cur, given, reference)
    return statistics


def run_copy(cur, config, upload):
    reference = tables.reference(config.destinationTable)
    sources = [whole(tables.reference(source)) for source in config.sourceTables or [config.sourceTable]]
    resource, kept = tables.load(*sources[0]), is_kept(config, reference)
    if kept:
        same_modes(tables.fields(resource), whole(reference))
    statistics = copy.run(cur, config, upload)
    if not kept and config.operationType not in copy.CLONES:
        require(cur, tables.fields(resource), reference)
        tables.annotate(reference, resource.only(*KEPT))
    return statistics


def apply():
    tables.columns, tables.load, tables.delete, tables.write = columns, get, delete, write
    copy._source = source
    runner.HANDLERS |= {"load": run_load, "copy": run_copy}
