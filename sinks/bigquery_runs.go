package sinks

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// The states of a row of _runs. A date has any number of superseded rows, at
// most one that is published, and one that is publishing where a publication is
// under way or was cut short.
const (
	stateGate       = "gate"       // the row of no run that every claim changes
	stateClaimed    = "claimed"    // the run may stage
	statePublishing = "publishing" // behind its point of no return
	statePublished  = "published"  // whole: what readers go by
	stateSuperseded = "superseded" // was published until a later run of the date was
)

// runRow is what _runs says of one run of a date.
type runRow struct {
	asOf    string
	number  int64 // of the date's runs, from 1; the highest holds the date
	runID   string
	job     string
	state   string
	isLive  bool              // its claim has not expired
	expires time.Time         // of the claim
	pending *pending          // while it is publishing
	journal *pipeline.Journal // while it is published
}

// holds reports whether a run keeps others from its date.
func (r runRow) holds() bool {
	return r.isLive && (r.state == stateClaimed || r.state == statePublishing)
}

// columnsOfRuns describe _runs; see docs/bigquery-sink.md.
const columnsOfRuns = `
  as_of_date DATE OPTIONS(description = 'The as-of date. NULL in the row that claims meet in.'),
  number INT64 NOT NULL OPTIONS(description = 'Of the runs of the date, from 1. Only the highest may publish.'),
  run_id STRING NOT NULL OPTIONS(description = 'The run.'),
  job STRING OPTIONS(description = 'The job. A dataset belongs to one.'),
  state STRING NOT NULL OPTIONS(description = 'claimed: it may stage; publishing: its tables are being replaced; published: whole; superseded: a later run of the date was published; gate: no run.'),
  expires_at TIMESTAMP OPTIONS(description = 'While claimed or publishing: when another run may take the date over.'),
  changed_at TIMESTAMP NOT NULL OPTIONS(description = 'When this row was changed last.'),
  publication STRING OPTIONS(description = 'While publishing: all that is needed to finish it, as JSON.'),
  journal STRING OPTIONS(description = 'Once published: tables, rows, sums and checksums, as JSON.')`

// runs returns the name of _runs as statements write it.
func (w *warehouse) runs() string { return w.quoted(w.dataset, runsDir) }

func (w *warehouse) runsPlace() string { return w.table(w.dataset, runsDir) }

// change changes _runs by a statement.
func (w *warehouse) change(ctx context.Context, text string, parameters ...parameter) error {
	j := statement(onceID("runs"), w.runsPlace(), text, parameters...)
	j.collides = true
	_, err := w.do(ctx, j)
	return err
}

// makeRuns makes _runs with the gate in it, in one step, unless it is there.
func (w *warehouse) makeRuns(ctx context.Context) error {
	t, err := w.tableOf(ctx, w.dataset, runsDir)
	if err != nil || t != nil {
		return err
	}
	return unlessKind(cloud.Exists, w.doSoon(ctx, statement(onceID("runs"), w.runsPlace(), `CREATE TABLE IF NOT EXISTS `+w.runs()+` (`+columnsOfRuns+`
) OPTIONS(description = 'The journal: one row per run and as-of date. Written by perennial alone.') AS
SELECT CAST(NULL AS DATE) AS as_of_date, 0 AS number, '' AS run_id, CAST(NULL AS STRING) AS job, '`+stateGate+`' AS state,
  CAST(NULL AS TIMESTAMP) AS expires_at, CURRENT_TIMESTAMP() AS changed_at, CAST(NULL AS STRING) AS publication, CAST(NULL AS STRING) AS journal`)))
}

// claim gives a date to a run unless another holds it; who does, the rows say.
//
// Statements that only insert do not exclude each other in BigQuery, so each
// claim also changes the gate: of two at once one waits, or fails and is made
// again, and then sees the other's row.
func (w *warehouse) claim(ctx context.Context, r pipeline.RunKey, lease time.Duration) error {
	return w.change(ctx, `MERGE INTO `+w.runs()+` AS r
USING (
  SELECT '' AS run_id, 0 AS number
  UNION ALL
  SELECT @run_id, IFNULL(last_number, 0) + 1
  FROM (
    SELECT MAX(number) AS last_number,
      COUNTIF(state IN ('`+stateClaimed+`', '`+statePublishing+`') AND expires_at > CURRENT_TIMESTAMP()) AS holders
    FROM `+w.runs()+` WHERE as_of_date = @as_of
  )
  WHERE holders = 0
) AS c
ON r.run_id = c.run_id
WHEN MATCHED AND r.state = '`+stateGate+`' THEN UPDATE SET number = r.number + 1, changed_at = CURRENT_TIMESTAMP()
WHEN NOT MATCHED BY TARGET AND c.run_id != '' THEN
  INSERT (as_of_date, number, run_id, job, state, expires_at, changed_at)
  VALUES (@as_of, c.number, c.run_id, @job, '`+stateClaimed+`', TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease SECOND), CURRENT_TIMESTAMP())`,
		runParameter(r.RunID), asOfParameter(r.AsOf), parameter{"job", "STRING", r.Job}, leaseParameter(lease))
}

// renew puts off the end of a run's claim; a lease of zero ends it.
func (w *warehouse) renew(ctx context.Context, runID string, lease time.Duration) error {
	return w.change(ctx, `UPDATE `+w.runs()+` SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL @lease SECOND), changed_at = CURRENT_TIMESTAMP()
WHERE run_id = @run_id AND state IN ('`+stateClaimed+`', '`+statePublishing+`')`, runParameter(runID), leaseParameter(lease))
}

// commit takes a run past its point of no return, if the date is still its own
// and the dataset no other job's; whether it was, the rows say.
func (w *warehouse) commit(ctx context.Context, p pending) error {
	j := p.Journal
	return w.change(ctx, `UPDATE `+w.runs()+` SET state = '`+statePublishing+`', publication = @publication, changed_at = CURRENT_TIMESTAMP()
WHERE run_id = @run_id AND state = '`+stateClaimed+`'
  AND number = (SELECT MAX(number) FROM `+w.runs()+` WHERE as_of_date = @as_of)
  AND NOT EXISTS (SELECT 1 FROM `+w.runs()+` WHERE job != @job AND state != '`+stateClaimed+`')`,
		runParameter(j.RunID), asOfParameter(j.AsOf), parameter{"job", "STRING", j.Job}, parameter{"publication", "STRING", toJSON(p)})
}

// record writes the journal of a date whose tables are all in place. What was
// published, or cut short, before is superseded in the same step. It may be
// repeated, also when yet another run has been published since.
func (w *warehouse) record(ctx context.Context, j pipeline.Journal) error {
	return w.change(ctx, `UPDATE `+w.runs()+` SET state = IF(run_id = @run_id, '`+statePublished+`', '`+stateSuperseded+`'),
  journal = IF(run_id = @run_id, @journal, journal), publication = NULL, changed_at = CURRENT_TIMESTAMP()
WHERE as_of_date = @as_of AND state IN ('`+statePublishing+`', '`+statePublished+`')
  AND EXISTS (SELECT 1 FROM `+w.runs()+` WHERE run_id = @run_id AND state = '`+statePublishing+`')`,
		runParameter(j.RunID), asOfParameter(j.AsOf), parameter{"journal", "STRING", toJSON(j)})
}

// forget takes the rows of a date's runs that have published nothing off _runs,
// up to a number.
func (w *warehouse) forget(ctx context.Context, asOf string, last int64) error {
	return w.change(ctx, `DELETE FROM `+w.runs()+` WHERE as_of_date = @as_of AND state = '`+stateClaimed+`' AND number <= @last`,
		asOfParameter(asOf), parameter{"last", "INT64", strconv.FormatInt(last, 10)})
}

// runsOf returns what _runs says of a date, by number. Without _runs there are no
// rows.
func (w *warehouse) runsOf(ctx context.Context, asOf string) ([]runRow, error) {
	return w.readRuns(ctx, `WHERE as_of_date = @as_of ORDER BY number`, asOfParameter(asOf))
}

// latestRun returns the row of the newest date that is published and not being
// replaced; nil if there is none.
func (w *warehouse) latestRun(ctx context.Context) (*runRow, error) {
	rows, err := w.readRuns(ctx, `WHERE `+w.isWhole()+` ORDER BY as_of_date DESC LIMIT 1`)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// isWhole is the condition of the rows of dates that are whole. The view
// <table>_latest has it too.
func (w *warehouse) isWhole() string {
	return `state = '` + statePublished + `' AND as_of_date NOT IN (SELECT as_of_date FROM ` + w.runs() + ` WHERE state = '` + statePublishing + `')`
}

func (w *warehouse) readRuns(ctx context.Context, where string, parameters ...parameter) ([]runRow, error) {
	text := `SELECT number, as_of_date, run_id, job, state, IFNULL(expires_at > CURRENT_TIMESTAMP(), FALSE), UNIX_SECONDS(expires_at),
  IF(state = '` + statePublishing + `', publication, NULL), IF(state = '` + statePublished + `', journal, NULL)
FROM ` + w.runs() + ` ` + where
	rows, err := w.query(ctx, statement(onceID("read"), w.runsPlace(), text, parameters...))
	if cloud.KindOf(err) == cloud.Missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	runs := make([]runRow, len(rows))
	for i, cells := range rows {
		if runs[i], err = parseRun(cells); err != nil {
			return nil, pipeline.Errorf(pipeline.ClassQuality, w.runsPlace(), "restore the row from the table's history, or delete it and run its date again", "damaged: %w", err)
		}
	}
	return runs, nil
}

// parseRun reads a row of readRuns.
func parseRun(cells []any) (r runRow, err error) {
	const columns = 9
	texts := make([]string, columns)
	for i := range min(columns, len(cells)) {
		texts[i], _ = cells[i].(string) // "" for NULL
	}
	r = runRow{asOf: texts[1], runID: texts[2], job: texts[3], state: texts[4], isLive: texts[5] == "true"}
	if r.number, err = strconv.ParseInt(texts[0], 10, 64); err != nil {
		return r, err
	}
	if texts[6] != "" {
		if r.expires, err = parseSeconds(texts[6]); err != nil {
			return r, err
		}
	}
	if r.pending, err = fromJSON[pending](texts[7]); err != nil {
		return r, err
	}
	r.journal, err = fromJSON[pipeline.Journal](texts[8])
	return r, err
}

// parseSeconds reads a time as seconds since 1970.
func parseSeconds(text string) (time.Time, error) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0).UTC(), err
}

// now returns the service's time: no machine's clock counts here.
func (w *warehouse) now(ctx context.Context) (time.Time, error) {
	place := w.project + "." + w.dataset
	rows, err := w.query(ctx, statement(onceID("now"), place, `SELECT UNIX_SECONDS(CURRENT_TIMESTAMP())`))
	if err != nil {
		return time.Time{}, err
	}
	if len(rows) == 1 && len(rows[0]) == 1 {
		text, _ := rows[0][0].(string)
		if now, err := parseSeconds(text); err == nil {
			return now, nil
		}
	}
	return time.Time{}, pipeline.Errorf(pipeline.ClassTemporary, place, "run it again", "the service does not say what time it is")
}

// wholeDates returns the newest dates that are whole, newest first, at most so
// many.
func (w *warehouse) wholeDates(ctx context.Context, most int) ([]string, error) {
	rows, err := w.query(ctx, statement(onceID("read"), w.runsPlace(),
		`SELECT as_of_date FROM `+w.runs()+` WHERE `+w.isWhole()+` ORDER BY as_of_date DESC LIMIT `+strconv.Itoa(most)))
	if err != nil {
		return nil, err
	}
	dates := make([]string, len(rows))
	for i, cells := range rows {
		dates[i], _ = cells[0].(string)
	}
	return dates, nil
}

// otherJob returns another job to which the dataset belongs, "" if there is
// none. Whoever has only claimed has published nothing and owns nothing.
func (w *warehouse) otherJob(ctx context.Context, job string) (string, error) {
	rows, err := w.query(ctx, statement(onceID("read"), w.runsPlace(),
		`SELECT job FROM `+w.runs()+` WHERE job != @job AND state != '`+stateClaimed+`' LIMIT 1`, parameter{"job", "STRING", job}))
	if err != nil || len(rows) == 0 {
		return "", err
	}
	other, _ := rows[0][0].(string)
	return other, nil
}

func runParameter(runID string) parameter { return parameter{"run_id", "STRING", runID} }
func asOfParameter(asOf string) parameter { return parameter{"as_of", "DATE", asOf} }
func leaseParameter(lease time.Duration) parameter {
	return parameter{"lease", "INT64", strconv.FormatInt(int64(lease/time.Second), 10)}
}

// toJSON returns what always can be told in JSON.
func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("sinks: " + err.Error())
	}
	return string(text)
}

// fromJSON returns what a text says, nil for an empty one.
func fromJSON[T any](text string) (*T, error) {
	if text == "" {
		return nil, nil
	}
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, err
	}
	return &v, nil
}
