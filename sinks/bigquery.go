package sinks

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// BigQuery is the job file's sink.bigquery: tables in a dataset of BigQuery.
type BigQuery struct {
	Project        string            `yaml:"project" default:"required" doc:"the Google Cloud project of the dataset, to which the jobs are billed"`
	Dataset        string            `yaml:"dataset" default:"required" doc:"the dataset for the tables; it belongs to one job"`
	Location       string            `yaml:"location" absent:"the dataset must be there" doc:"where the dataset is, as EU or europe-west2. A dataset that is not there is made there"`
	StagingDataset string            `yaml:"staging_dataset" absent:"the dataset itself" doc:"the dataset for tables that are being staged, in the same location; their names begin with an underscore and they expire after a week"`
	Labels         map[string]string `yaml:"labels" absent:"none" doc:"labels for every job and table, to find their cost by"`
	Endpoint       string            `yaml:"endpoint" absent:"Google's" doc:"the address of the REST API, as https://host; with http:// nobody is authenticated, as for an emulator"`
}

var (
	projectName = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]*$`)
	datasetName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	labelKey    = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	labelValue  = regexp.MustCompile(`^[a-z0-9_-]{0,63}$`)
)

// NewBigQuery returns a sink that publishes tables into a dataset of BigQuery;
// see the package comment for the layout and the protocol. It also implements
// pipeline.Quarantine and pipeline.Prober. It looks at the options alone: names
// that BigQuery does not allow are ClassUsage.
func NewBigQuery(o BigQuery) (pipeline.Sink, error) {
	usage := func(option, hint, value string) error {
		return pipeline.Errorf(pipeline.ClassUsage, option, hint, "%q is not allowed", value)
	}
	switch {
	case !projectName.MatchString(o.Project):
		return nil, usage("project", "give the project's id, for example my-project", o.Project)
	case !datasetName.MatchString(o.Dataset):
		return nil, usage("dataset", "a dataset's name has letters, digits and _", o.Dataset)
	case o.StagingDataset != "" && !datasetName.MatchString(o.StagingDataset):
		return nil, usage("staging_dataset", "a dataset's name has letters, digits and _", o.StagingDataset)
	}
	for key, value := range o.Labels {
		if !labelKey.MatchString(key) || !labelValue.MatchString(value) {
			return nil, usage("labels", "keys and values have lower-case letters, digits, - and _, at most 63; a key begins with a letter", key+": "+value)
		}
	}
	if err := o.address().Check(); err != nil {
		return nil, err
	}
	return &bigQuerySink{options: o, cut: publishedCut, lease: claimLease, poll: cloud.Patience{First: 250 * time.Millisecond, Most: 5 * time.Second}}, nil
}

func (o BigQuery) address() cloud.BigQuery {
	return cloud.BigQuery{Project: o.Project, Location: o.Location, Endpoint: o.Endpoint}
}

// stagingDataset returns the dataset of what is staged.
func (o BigQuery) stagingDataset() string {
	if o.StagingDataset != "" {
		return o.StagingDataset
	}
	return o.Dataset
}

const (
	// claimLease is how long a claim outlives its process. A live run puts
	// its end off renewals times in that span.
	claimLease = 10 * time.Minute
	renewals   = 3
)

// bigQuerySink is a dataset of published tables.
type bigQuerySink struct {
	options  BigQuery
	cut      cut
	lease    time.Duration
	patience cloud.Patience
	poll     cloud.Patience

	mu        sync.Mutex
	warehouse *warehouse // once reached
}

// open reaches BigQuery, and finds out where the dataset is. isThere is false
// if there is none.
func (s *bigQuerySink) open(ctx context.Context) (w *warehouse, isThere bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warehouse != nil {
		return s.warehouse, true, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	o := s.options
	// The client outlives this call: it fetches credentials whenever they expire.
	service, err := o.address().Service(context.WithoutCancel(ctx))
	if err != nil {
		return nil, false, err
	}
	w = &warehouse{
		service: service, project: o.Project, dataset: o.Dataset, staging: o.stagingDataset(), location: o.Location,
		labels: o.labels(), patience: s.patience, poll: s.poll,
	}
	d, err := w.datasetOf(ctx, w.dataset)
	if err != nil || d == nil {
		return w, false, err
	}
	if err := w.settleLocation(d.Location); err != nil {
		return nil, false, err
	}
	w.expiring = time.Duration(d.DefaultTableExpirationMs) * time.Millisecond
	s.warehouse = w
	return w, true, nil
}

// labels returns those of the job file and one that says whose the jobs are.
func (o BigQuery) labels() map[string]string {
	labels := map[string]string{"managed_by": "perennial"}
	for key, value := range o.Labels {
		labels[key] = value
	}
	return labels
}

// prepare makes what is there before any run: the datasets and _runs.
func (s *bigQuerySink) prepare(ctx context.Context) (*warehouse, error) {
	w, isThere, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if !isThere {
		if err := w.createDataset(ctx, w.dataset); err != nil {
			return nil, err
		}
		if w, isThere, err = s.open(ctx); err != nil {
			return nil, err
		}
		if !isThere {
			return nil, pipeline.Errorf(pipeline.ClassTemporary, w.project+"."+w.dataset, "run it again", "the dataset was made and is not there")
		}
	}
	if err := w.checkKept(); err != nil {
		return nil, err
	}
	if err := w.prepareStaging(ctx); err != nil {
		return nil, err
	}
	return w, w.makeRuns(ctx)
}

// checkKept refuses a dataset whose tables end by themselves: the journal, and all
// dates with it, would be gone one day.
func (w *warehouse) checkKept() error {
	if w.expiring == 0 {
		return nil
	}
	return pipeline.Errorf(pipeline.ClassUsage, w.project+"."+w.dataset, "set the dataset's default_table_expiration_days to NULL, or publish into another dataset; sink.bigquery.staging_dataset may have one", "tables made here expire after %v", w.expiring)
}

// createDataset makes a dataset in the location of the job file, without which
// it would land in the United States.
func (w *warehouse) createDataset(ctx context.Context, name string) error {
	if w.location == "" {
		return pipeline.Errorf(pipeline.ClassUsage, w.project+"."+name, "make the dataset, or say in sink.bigquery.location where to make it, for example location: EU", "the dataset is not there")
	}
	return w.makeDataset(ctx, name, w.location)
}

// prepareStaging makes the dataset of what is staged, if it is another one.
func (w *warehouse) prepareStaging(ctx context.Context) error {
	if w.staging == w.dataset {
		return nil
	}
	d, err := w.datasetOf(ctx, w.staging)
	if err != nil {
		return err
	}
	if d == nil {
		return w.createDataset(ctx, w.staging)
	}
	return w.settleLocation(d.Location)
}

// settleLocation takes over where a dataset is, or refuses it.
func (w *warehouse) settleLocation(location string) error {
	if w.location != "" && location != "" && !strings.EqualFold(w.location, location) {
		return pipeline.Errorf(pipeline.ClassUsage, w.project, "let sink.bigquery.location and both datasets agree", "a dataset is in %s, where %s was expected", location, w.location)
	}
	if w.location == "" {
		w.location = location
	}
	return nil
}
