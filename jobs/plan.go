package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Plan is what a run would do, without reading a row.
type Plan struct {
	Job       string       `json:"job"`
	AsOf      string       `json:"as_of_date"`
	Timezone  string       `json:"timezone"`
	Currency  string       `json:"currency"`
	Set       []string     `json:"set,omitempty"`                 // what the command line set beside the job file
	IsFixed   bool         `json:"is_as_of_date_fixed,omitempty"` // the job file fixes a day that is past: every run is of it
	Questions []int        `json:"open_questions,omitempty"`      // lines of the job file
	Source    PlannedInput `json:"source"`
	Grains    []string     `json:"cohort_grains"`
	SplitBy   []string     `json:"split_by,omitempty"`
	Horizons  []string     `json:"horizons"`
	Models    []string     `json:"model_candidates"`
	ModelFile string       `json:"model_file,omitempty"` // to predict with; nothing is fitted
	StartFrom string       `json:"start_from,omitempty"` // the model file at whose parameters searches begin
	Tables    []string     `json:"tables"`
	Replaces  string       `json:"replaces_run,omitempty"` // run id of what this as-of date holds now
	LatestRun string       `json:"latest_as_of_date,omitempty"`
	Drops     []string     `json:"dropped_tables,omitempty"`      // that the newest date has and the run would not publish
	Removes   []string     `json:"removed_as_of_dates,omitempty"` // dates that the sink would keep no longer
	Memory    int64        `json:"memory_bytes"`                  // that the run takes at one time; without its rows, where source.rows and bytes are null
	Spilled   int64        `json:"spilled_bytes"`                 // beyond it, in files; 0 if memory holds everything
	CostUSD   *float64     `json:"cost_usd"`                      // of reading the source; null: it has no price
	CostBasis string       `json:"cost_basis,omitempty"`          // what that price is of

	questions string // for people
	memory    string // likewise
	earlier   string // likewise: of the model file
	beside    string // likewise: the models that are always fitted beside the candidates
}

// PlannedInput is what would be read.
type PlannedInput struct {
	Name      string   `json:"name"`
	Files     int      `json:"files"`
	Rows      *int64   `json:"rows"` // null: not known before reading
	Bytes     *int64   `json:"bytes"`
	SQL       []string `json:"sql,omitempty"`        // what the source is asked, in this order
	ReadBytes *int64   `json:"read_bytes,omitempty"` // that its service reads for it
	Columns   []string `json:"columns"`
	NaiveZone string   `json:"times_without_zone_read_in,omitempty"`
	OrderID   bool     `json:"has_order_id"`
}

// How many bytes of a file a row takes, where the rows are not known. A row that
// is longer only makes memory and shards look smaller than they could be.
const (
	plainRow      = 60
	compressedRow = 12
)

// estimatedRows returns how many rows a source has, estimated from its size
// where it does not know.
func estimatedRows(d pipeline.Description) int64 {
	isPlain := func(file string) bool { return strings.HasSuffix(file, ".csv") || strings.HasSuffix(file, ".txt") }
	switch {
	case d.Rows >= 0:
		return d.Rows
	case len(d.Files) > 0 && !slices.ContainsFunc(d.Files, func(f string) bool { return !isPlain(f) }):
		return max(0, d.Bytes) / plainRow
	default:
		return max(0, d.Bytes) / compressedRow
	}
}

// Plan describes what the run would do. It fails where the run would fail
// before reading.
func (r *Run) Plan(ctx context.Context) (*Plan, error) {
	d, bound, err := r.Bind(ctx)
	if err != nil {
		return nil, err
	}
	j := r.Job
	p := &Plan{
		Job: j.Name, AsOf: r.AsOf.String(), Timezone: j.Settings.Zone.String(), Currency: j.Settings.Currency,
		Set: j.Set, IsFixed: r.isAsOfFixed(), Questions: j.Questions, questions: j.OpenQuestions(), SplitBy: j.SplitBy, Source: PlannedInput{
			Name: d.Name, Files: len(d.Files), Rows: known(d.Rows), Bytes: known(d.Bytes),
			Columns: bound.Columns, NaiveZone: bound.NaiveZone(), OrderID: bound.HasOrders(),
		},
	}
	if err := r.planSource(ctx, p, bound); err != nil {
		return nil, err
	}
	f := r.footprint(d, bound)
	p.Memory, p.Spilled, p.memory = f.memory, f.spilled, f.text(r.WorkDir)
	for _, g := range j.Grains {
		p.Grains = append(p.Grains, g.String())
	}
	for _, h := range j.Value.Horizons {
		p.Horizons = append(p.Horizons, h.Name)
	}
	p.beside = "nbd, bg_nbd, gamma_gamma"
	if j.Value.Opportunities.IsContractual {
		p.beside = "gamma_gamma"
	}
	p.Models = []string{} // a list, also of none
	for _, f := range j.Value.Candidates {
		p.Models = append(p.Models, string(f))
	}
	p.planModels(r)
	for _, t := range r.published(bound) {
		p.Tables = append(p.Tables, t.Name)
	}
	return p, r.planSink(ctx, p, bound)
}

// planModels says where the models come from.
func (p *Plan) planModels(r *Run) {
	if r.Models != nil {
		p.ModelFile, p.earlier = r.Models.Place, r.Models.Text()
	}
	if r.StartFrom != nil {
		p.StartFrom, p.earlier = r.StartFrom.Place, r.StartFrom.Text()
	}
}

// planSource says what reading takes, where the source can tell.
func (r *Run) planSource(ctx context.Context, p *Plan, bound *ledger.Binding) error {
	source, ok := r.Job.Source.(pipeline.Estimator)
	if !ok {
		return nil
	}
	e, err := source.Estimate(ctx, r.request(bound))
	if err != nil {
		return err
	}
	p.Source.SQL, p.Source.ReadBytes = e.SQL, known(e.Bytes)
	if e.Price != nil {
		p.CostUSD, p.CostBasis = &e.Price.USD, e.Price.Basis
	}
	return nil
}

// planSink says what the run would replace and remove.
func (r *Run) planSink(ctx context.Context, p *Plan, bound *ledger.Binding) error {
	latest, err := r.Job.Sink.Latest(ctx)
	if err := cmp.Or(err, r.Job.CheckOwner(latest)); err != nil {
		return err
	}
	if p.Drops, _, err = r.checkContract(latest, bound); err != nil {
		return err
	}
	if latest != nil {
		p.LatestRun = latest.AsOf
	}
	if sink, ok := r.Job.Sink.(pipeline.Expiry); ok {
		if p.Removes, err = sink.Expired(ctx, r.AsOf.String()); err != nil {
			return err
		}
	}
	journal, err := r.Job.Sink.Check(ctx, r.AsOf.String())
	var e *pipeline.Error
	switch {
	case err == nil:
		p.Replaces = journal.RunID
	case errors.As(err, &e) && (e.Class == pipeline.ClassTemporary || e.Class == pipeline.ClassQuality):
		// Not published yet, or damaged: a run mends both.
	default:
		return err
	}
	return nil
}

func known(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// Text returns the plan for people.
func (p *Plan) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s as of %s, civil days in %s, %s", p.Job, p.AsOf, p.Timezone, p.Currency)
	for _, set := range p.Set {
		line("  set        %s", set)
	}
	if p.IsFixed {
		line("  as of      %s is fixed by as_of in the job file: delete it before you schedule the job", p.AsOf)
	}
	if p.questions != "" {
		line("  job file   %s", p.questions)
	}
	line("  source     %s: %s", p.Source.Name, size(p.Source.Files, p.Source.Rows, p.Source.Bytes))
	line("  columns    %s", strings.Join(p.Source.Columns, ", "))
	for _, sql := range p.Source.SQL {
		line("  sql        %s", strings.ReplaceAll(strings.TrimSpace(sql), "\n", "\n             "))
	}
	if p.Source.ReadBytes != nil {
		line("  reads      %s", plural(*p.Source.ReadBytes, "byte"))
	}
	if p.Source.NaiveZone != "" {
		line("  times      without a zone are read in %s", p.Source.NaiveZone)
	}
	if !p.Source.OrderID {
		line("  orders     no order_id: every row is an order")
	}
	line("  cohorts    by %s%s", strings.Join(p.Grains, ", "), prefixed(", split by ", strings.Join(p.SplitBy, ", ")))
	switch {
	case p.ModelFile != "":
		line("  models     %s; none is fitted; horizons %s", p.earlier, strings.Join(p.Horizons, ", "))
	case len(p.Models) > 0:
		line("  models     %s beside %s; horizons %s", strings.Join(p.Models, ", "), p.beside, strings.Join(p.Horizons, ", "))
	default:
		line("  models     none: nothing is predicted")
	}
	if p.StartFrom != "" {
		line("  start      at the models %s", p.earlier)
	}
	line("  tables     %s", strings.Join(p.Tables, ", "))
	switch {
	case p.Replaces != "":
		line("  replaces   %s, published by run %s", p.AsOf, p.Replaces)
	default:
		line("  publishes  %s for the first time%s", p.AsOf, prefixed("; the newest date there is ", p.LatestRun))
	}
	if len(p.Drops) > 0 {
		line("  drops      %s: the newest date has them, this job does not publish them", strings.Join(p.Drops, ", "))
	}
	if len(p.Removes) > 0 {
		line("  removes    %s", strings.Join(p.Removes, ", "))
	}
	line("  memory     %s", p.memory)
	line("  cost       %s", costText(p.CostUSD, p.CostBasis))
	return b.String()
}

// costText says what reading costs, to a hundredth of a cent.
func costText(usd *float64, basis string) string {
	if usd == nil {
		return "none: this source has no price"
	}
	return fmt.Sprintf("about %.4f USD: %s", *usd, basis)
}

// size says how many files, rows and bytes there are, as far as that is known.
func size(files int, rows, bytes *int64) string {
	var parts []string
	if files > 0 {
		parts = append(parts, plural(int64(files), "file"))
	}
	if rows != nil {
		parts = append(parts, plural(*rows, "row"))
	}
	if bytes != nil {
		parts = append(parts, plural(*bytes, "byte"))
	}
	if len(parts) == 0 {
		return "of unknown size"
	}
	return strings.Join(parts, ", ")
}

// plural returns a count with its noun.
func plural(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
