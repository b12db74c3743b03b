package cloud

import (
	"context"
	"net/url"
	"strings"

	"cloud.google.com/go/bigquery"
	storage "cloud.google.com/go/bigquery/storage/apiv1"
	rest "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/perennial-clv/perennial/pipeline"
)

// BigQuery says how to reach BigQuery. The zero Endpoint and StorageEndpoint are
// the public ones, with the platform's credentials.
type BigQuery struct {
	Project         string // whom jobs are billed to
	Location        string // "" lets BigQuery find it
	Endpoint        string // of the REST API, as https://bigquery.example; with http:// nobody is authenticated, as for an emulator
	StorageEndpoint string // host and port of the storage API; without authentication where Endpoint has none
}

// maxMessage is how large an answer of the storage API may be: it sends blocks
// of rows up to 128 MiB.
const maxMessage = 129 << 20

// Check refuses an endpoint that is none, with ClassUsage.
func (o BigQuery) Check() error {
	if o.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return pipeline.Errorf(pipeline.ClassUsage, "endpoint", "write it as https://host or, for an emulator, http://localhost:9050", "%q is no address of a service", o.Endpoint)
	}
	return nil
}

func (o BigQuery) isOpen() bool { return strings.HasPrefix(o.Endpoint, "http://") }

// restOptions say how to reach the REST API.
func (o BigQuery) restOptions() []option.ClientOption {
	var options []option.ClientOption
	if o.Endpoint != "" {
		options = append(options, option.WithEndpoint(strings.TrimSuffix(o.Endpoint, "/")+"/bigquery/v2/"))
	}
	if o.isOpen() {
		options = append(options, option.WithoutAuthentication())
	}
	return options
}

// Service returns the plain client of the REST API: each of its calls is one
// request, which it never repeats by itself, and each upload one of few.
func (o BigQuery) Service(ctx context.Context) (*rest.Service, error) {
	service, err := rest.NewService(ctx, o.restOptions()...)
	if err != nil {
		return nil, noCredentials(err)
	}
	return service, nil
}

// Client returns a client of the REST API, whose jobs run in Location. It
// repeats what fails for now until its context ends.
func (o BigQuery) Client(ctx context.Context) (*bigquery.Client, error) {
	client, err := bigquery.NewClient(ctx, o.Project, o.restOptions()...)
	if err != nil {
		return nil, noCredentials(err)
	}
	client.Location = o.Location
	return client, nil
}

// ReadClient returns a client of the storage API.
func (o BigQuery) ReadClient(ctx context.Context) (*storage.BigQueryReadClient, error) {
	options := []option.ClientOption{option.WithGRPCDialOption(grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))}
	if o.StorageEndpoint != "" {
		options = append(options, option.WithEndpoint(o.StorageEndpoint))
	}
	if o.isOpen() {
		options = append(options, option.WithoutAuthentication(), option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	}
	client, err := storage.NewBigQueryReadClient(ctx, options...)
	if err != nil {
		return nil, noCredentials(err)
	}
	return client, nil
}

func noCredentials(err error) error {
	return pipeline.Errorf(pipeline.ClassPermission, "", "give the platform's identity a role, or run gcloud auth application-default login on a desk",
		"no credentials for BigQuery: %w", err)
}
