package sources

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// BigQuery says which table of BigQuery to read, or the result of which query.
type BigQuery struct {
	Project string `yaml:"project" default:"required" doc:"the project that is billed for jobs and reads, and that of a table without one"`
	Table   string `yaml:"table" absent:"query is given" doc:"dataset.table or project.dataset.table. Either table or query"`
	Query   string `yaml:"query" absent:"table is given" doc:"a SELECT in GoogleSQL. @as_of in it is the as-of day, a DATE: rows of later days are wanted by nobody. Its result may have 10 GB, compressed"`

	Location string `yaml:"location" absent:"BigQuery finds it" doc:"where jobs run, such as EU or europe-west2: where the data are"`

	// MaxBytesBilled is held before anything is read, and sent with each job as
	// the service's own limit; 0 is no limit.
	MaxBytesBilled int `yaml:"max_bytes_billed" default:"0" doc:"a run that would read more bytes is refused, with exit code 6, before it reads any. 0: no limit"`

	Labels       map[string]string `yaml:"labels" absent:"none" doc:"labels of each job, by which the bill can be split"`
	SnapshotTime string            `yaml:"snapshot_time" absent:"the beginning of the read" doc:"the table is read as it was at that moment, as 2026-11-20T06:00:00Z. BigQuery knows the last seven days, where the dataset does not say fewer"`

	Endpoint        string `yaml:"endpoint" absent:"the public one" doc:"address of the REST API, for a private endpoint or an emulator. With http:// nobody is authenticated"`
	StorageEndpoint string `yaml:"storage_endpoint" absent:"the public one" doc:"host:port of the storage API, likewise"`
}

// NewBigQuery returns a source of a table or query of BigQuery. It checks the
// options without asking the service; an error is ClassUsage.
//
// Rows come through the storage API: as Arrow, in parallel streams, each an
// origin whose rows are numbered from 1. A stream that is cut off goes on where
// it was. A query runs as a job first, whose result is read.
//
// A table is read as it was at one moment, and its rows are counted apart, by a
// job, at that same moment; of the result of a query BigQuery knows the number
// of rows. Where fewer or more are delivered, the read fails.
//
// Types become those of pipeline.SourceType:
//
//	STRING                     utf8
//	INT64, FLOAT64, BOOL       int64, float64, bool
//	NUMERIC                    decimal128(38, 9)
//	BIGNUMERIC                 decimal128(38, 18): a value with more decimals, or more digits
//	                           before them than 20, is a fault of its row and never rounded
//	BIGNUMERIC(p, s), p <= 38  decimal128(p, s)
//	DATE                       date32
//	DATETIME                   timestamp[us], a civil time
//	TIMESTAMP                  timestamp[us, UTC]
//
// Columns of any other type (BYTES, TIME, JSON, GEOGRAPHY, INTERVAL, RANGE, ARRAY,
// STRUCT) are not offered; a query can cast them.
func NewBigQuery(o BigQuery) (pipeline.Source, error) {
	s := &bigQuerySource{
		options: o, pace: usualPace,
		service: cloud.BigQuery{Project: o.Project, Location: o.Location, Endpoint: o.Endpoint, StorageEndpoint: o.StorageEndpoint},
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// bigQuerySource is a pipeline.Source and a pipeline.Estimator.
type bigQuerySource struct {
	options  BigQuery
	service  cloud.BigQuery
	pace     bigQueryPace
	table    tableName // zero for a query
	snapshot time.Time // that the options ask for, or zero

	// From Describe on.
	asOf       string
	schema     *arrow.Schema
	unread     map[string]string // types of columns that cannot be delivered
	rows       int64             // about how many the table has, -1 for a query
	bytes      int64             // likewise
	queryBytes int64             // that the query reads
}

// tableName is a table's full name.
type tableName struct{ project, dataset, table string }

func (t tableName) String() string { return t.project + "." + t.dataset + "." + t.table }

// resource is the name of the storage API.
func (t tableName) resource() string {
	return "projects/" + t.project + "/datasets/" + t.dataset + "/tables/" + t.table
}

// What BigQuery takes as a label's key and as its value.
var (
	labelKey   = regexp.MustCompile(`^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$`)
	labelValue = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$`)
)

// check completes the source or says which option is wrong, with its name as
// place.
func (s *bigQuerySource) check() error {
	o := s.options
	wrong := func(option, hint, format string, args ...any) error {
		return pipeline.Errorf(pipeline.ClassUsage, option, hint, format, args...)
	}
	if o.Project == "" {
		return wrong("project", "name the project that pays for jobs and reads", "project is empty")
	}
	if (o.Table == "") == (o.Query == "") {
		return wrong("table", "give either table or query", "one of table and query is needed, and not both")
	}
	if o.MaxBytesBilled < 0 {
		return wrong("max_bytes_billed", "give bytes, as 100000000000; 0 is no limit", "%d is no number of bytes", o.MaxBytesBilled)
	}
	for key, value := range o.Labels {
		if !labelKey.MatchString(key) || !labelValue.MatchString(value) {
			return wrong("labels", "labels are of lower-case letters, digits, - and _, at most 63 of them, and a key begins with a letter", "BigQuery does not take the label %q: %q", key, value)
		}
	}
	if o.Table != "" {
		var ok bool
		if s.table, ok = parseTable(o.Project, o.Table); !ok {
			return wrong("table", "write it as dataset.table or project.dataset.table; for several tables or one partition give a query", "%q is no table of BigQuery", o.Table)
		}
	}
	if err := s.checkSnapshot(); err != nil {
		return err
	}
	return s.service.Check()
}

func (s *bigQuerySource) checkSnapshot() (err error) {
	switch at := s.options.SnapshotTime; {
	case at == "":
		return nil
	case s.options.Query != "":
		return pipeline.Errorf(pipeline.ClassUsage, "snapshot_time", "write FOR SYSTEM_TIME AS OF behind each table in the query", "snapshot_time is for a table")
	default:
		if s.snapshot, err = time.Parse(time.RFC3339, at); err != nil {
			return pipeline.Errorf(pipeline.ClassUsage, "snapshot_time", "write it as 2026-11-20T06:00:00Z", "%q is no moment", at)
		}
		return nil
	}
}

// parseTable reads dataset.table or project.dataset.table. A project may have a
// point in it, as example.com:shop has.
func parseTable(project, name string) (tableName, bool) {
	name, table, _ := cutLast(name)
	before, dataset, hasProject := cutLast(name)
	if hasProject {
		project = before
	}
	t := tableName{project, dataset, table}
	return t, t.project != "" && t.dataset != "" && t.table != "" && !strings.ContainsAny(t.String(), "`\\/$*@ \n")
}

// cutLast cuts at the last point: what is before it, what is behind it, and
// whether there is one.
func cutLast(name string) (before, behind string, found bool) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:], i >= 0
}

// name is the source for people.
func (s *bigQuerySource) name() string {
	if s.options.Query != "" {
		return "BigQuery query in " + s.options.Project
	}
	return s.table.String()
}

// Describe implements pipeline.Source: of a table it asks for the metadata, of a
// query for a dry run.
func (s *bigQuerySource) Describe(ctx context.Context, asOf string) (pipeline.Description, error) {
	s.asOf = asOf
	jobs, err := s.jobs(ctx)
	if err != nil {
		return pipeline.Description{}, err
	}
	defer jobs.close()
	if s.options.Query != "" {
		err = s.describeQuery(ctx, jobs)
	} else {
		err = s.describeTable(ctx, jobs)
	}
	if err != nil {
		return pipeline.Description{}, err
	}
	return pipeline.Description{Name: s.name(), Columns: s.schema, Rows: s.rows, Bytes: s.bytes, Unread: s.unread}, nil
}

// Open implements pipeline.Source. Before a row is read it knows how many there
// are, and that they are not more than the limit allows.
func (s *bigQuerySource) Open(ctx context.Context, r pipeline.Request) ([]pipeline.Reader, error) {
	wanted := pick(s.schema, r.Columns)
	jobs, err := s.jobs(ctx)
	if err != nil {
		return nil, err
	}
	defer jobs.close()
	client, err := s.service.ReadClient(ctx)
	if err != nil {
		return nil, err
	}
	client.CallOptions = neverAgain
	read := &bigQueryRead{source: s, client: client, wanted: wanted, batch: rowsOf(r)}
	if s.options.Query != "" {
		err = read.openQuery(ctx, jobs)
	} else {
		err = read.openTable(ctx, jobs, r.Until)
	}
	if err != nil {
		_ = client.Close() // nothing has been read: the error is all there is to say
		return nil, err
	}
	return read.readers(r.Readers), nil
}
