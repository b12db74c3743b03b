package sources

import (
	"context"
	"strings"

	"cloud.google.com/go/bigquery"
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
)

// describeTable asks for a table's metadata.
func (s *bigQuerySource) describeTable(ctx context.Context, jobs *bigQueryJobs) error {
	t, err := jobs.metadata(ctx, s.table)
	if err != nil {
		return s.failure(ctx, err, needsTable)
	}
	if t.Type != bigquery.RegularTable {
		return pipeline.Errorf(pipeline.ClassSource, s.name(), "give a query instead: SELECT columns FROM `"+s.name()+"`",
			"this is of type %s, and the storage API reads tables", t.Type)
	}
	if asked := s.options.Location; asked != "" && !strings.EqualFold(asked, t.Location) {
		return pipeline.Errorf(pipeline.ClassSource, s.name(), "set location to "+t.Location+", or leave it out", "the table is in %s, not in %s", t.Location, asked)
	}
	s.service.Location = t.Location
	s.schema, s.unread = bigQuerySchema(t.Schema)
	s.rows, s.bytes = int64(t.NumRows), t.NumBytes
	if b := t.StreamingBuffer; b != nil {
		s.rows, s.bytes = s.rows+int64(b.EstimatedRows), s.bytes+int64(b.EstimatedBytes)
	}
	return nil
}

// describeQuery runs the query dry. How many rows its result has is not known
// before it runs.
func (s *bigQuerySource) describeQuery(ctx context.Context, jobs *bigQueryJobs) error {
	plan, err := jobs.dryRun(ctx, s.options.Query)
	if err != nil {
		return s.failure(ctx, err, needsQuery)
	}
	if plan.statement != "SELECT" {
		return pipeline.Errorf(pipeline.ClassSource, s.name(), "give one SELECT; what prepares its tables runs before", "the query is a statement of type %s", plan.statement)
	}
	s.service.Location = plan.location
	s.schema, s.unread = bigQuerySchema(plan.schema)
	s.rows, s.bytes, s.queryBytes = -1, -1, plan.bytes
	return nil
}

// bigQuerySchema returns the columns that can be read, and the types of the
// others.
func bigQuerySchema(columns bigquery.Schema) (*arrow.Schema, map[string]string) {
	var fields []arrow.Field
	unread := map[string]string{}
	for _, c := range columns {
		t := bigQueryType(c)
		switch {
		case t != nil:
			fields = append(fields, arrow.Field{Name: c.Name, Type: t, Nullable: true})
		case c.Repeated:
			unread[c.Name] = "an ARRAY"
		default:
			unread[c.Name] = "of type " + string(c.Type)
		}
	}
	return arrow.NewSchema(fields, nil), unread
}

// bigQueryType returns how a column is delivered, nil if it is not.
func bigQueryType(c *bigquery.FieldSchema) arrow.DataType {
	if c.Repeated {
		return nil
	}
	switch c.Type {
	case bigquery.StringFieldType:
		return arrow.BinaryTypes.String
	case bigquery.IntegerFieldType:
		return arrow.PrimitiveTypes.Int64
	case bigquery.FloatFieldType:
		return arrow.PrimitiveTypes.Float64
	case bigquery.BooleanFieldType:
		return arrow.FixedWidthTypes.Boolean
	case bigquery.NumericFieldType:
		return &arrow.Decimal128Type{Precision: 38, Scale: 9}
	case bigquery.BigNumericFieldType:
		return bigNumericType(int32(c.Precision), int32(c.Scale))
	case bigquery.DateFieldType:
		return arrow.FixedWidthTypes.Date32
	case bigquery.DateTimeFieldType:
		return civilTime
	case bigquery.TimestampFieldType:
		return instant
	default:
		return nil
	}
}

// bigNumericType chooses the decimals of a BIGNUMERIC, which has 76 digits, 38 of
// them behind the point. 18 decimals hold what is counted in the smallest units
// that are in use, and leave 20 digits before them.
func bigNumericType(precision, scale int32) arrow.DataType {
	const most, decimals = 38, 18
	switch {
	case precision == 0:
		return &arrow.Decimal128Type{Precision: most, Scale: decimals}
	case precision <= most:
		return &arrow.Decimal128Type{Precision: precision, Scale: scale}
	default:
		return &arrow.Decimal128Type{Precision: most, Scale: min(scale, decimals)}
	}
}
