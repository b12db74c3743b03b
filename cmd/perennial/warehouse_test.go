//go:build unix

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// warehouseOrders are the rows of the table orders of every warehouse, as
// values of SQL. The last is after the as-of day of the scripts' clock.
const warehouseOrders = `('anna', TIMESTAMP '2024-05-02 10:00:00+00', 'o1', 30.00, 'DE'),
	('anna', TIMESTAMP '2024-06-03 11:00:00+00', 'o2', 20.00, 'DE'),
	('bert', TIMESTAMP '2024-05-20 12:00:00+00', 'o3', 15.50, 'FR'),
	('bert', TIMESTAMP '2024-06-14 23:30:00+00', 'o4', 1.25, 'FR')`

// TestWarehouses runs testdata/warehouse/*.txt as TestScripts does, each beside
// the service of its name, in which there is a table orders: from init to a
// published date.
func TestWarehouses(t *testing.T) {
	for _, c := range []struct {
		name  string
		setUp func(t *testing.T) []string // the environment that names the service
	}{
		{"bigquery", setUpBigQuery},
		{"postgres", setUpPostgres},
		{"lake", setUpLake},
	} {
		t.Run(c.name, func(t *testing.T) {
			environment := c.setUp(t)
			testscript.Run(t, testscript.Params{
				Files: []string{filepath.Join("testdata", "warehouse", c.name+".txt")},
				Setup: func(env *testscript.Env) error {
					jobs, err := filepath.Abs(repository("jobs"))
					if err != nil {
						return err
					}
					for _, variable := range append(environment, "JOBS="+jobs) {
						name, value, _ := strings.Cut(variable, "=")
						env.Setenv(name, value)
					}
					return setUpScript(env)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "published": published, "json": isJSON, "put": put},
			})
		})
	}
}

func setUpBigQuery(t *testing.T) []string {
	warehouse := services.BigQuery(t)
	dataset := warehouse.NewDataset(t)
	client := warehouse.Client(t)
	for _, sql := range []string{
		"CREATE TABLE " + dataset + ".orders (customer_id STRING, occurred_at TIMESTAMP, order_id STRING, amount NUMERIC, country STRING)",
		"INSERT INTO " + dataset + ".orders VALUES " + warehouseOrders,
	} {
		job, err := client.Query(sql).Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if status, err := job.Wait(context.Background()); err != nil || status.Err() != nil {
			t.Fatal(sql, err, status)
		}
	}
	return []string{
		"PROJECT=" + warehouse.Project, "DATASET=" + dataset, "OUT=" + warehouse.NewDataset(t), "LOCATION=" + warehouse.Location,
		"ENDPOINT=" + warehouse.Endpoint, "STORAGE_ENDPOINT=" + warehouse.StorageEndpoint,
	}
}

func setUpLake(t *testing.T) []string {
	stores := services.ObjectStores(t)
	stores.Setenv(t) // for put
	return append(stores.Environment(), "GS="+stores.NewBucket(t, "gs"), "S3="+stores.NewBucket(t, "s3"))
}

// setUpPostgres makes a user who may read the table and needs a password.
func setUpPostgres(t *testing.T) []string {
	server := services.Postgres(t)
	database := server.NewDatabase(t)
	server.SQL(t, database, `CREATE SCHEMA shop;
		CREATE TABLE shop.orders (customer_id text, occurred_at timestamptz, order_id text, amount numeric(12, 2), country text);
		INSERT INTO shop.orders VALUES `+strings.ReplaceAll(warehouseOrders, "TIMESTAMP", "TIMESTAMPTZ")+`;
		CREATE USER `+database+`_reader PASSWORD 'sesame';
		GRANT USAGE ON SCHEMA shop TO `+database+`_reader;
		GRANT SELECT ON shop.orders TO `+database+`_reader;
		CREATE TABLE shop.closed (LIKE shop.orders);`)
	at := fmt.Sprintf("@127.0.0.1:%d/%s?sslmode=disable", server.Port, database)
	return []string{
		"USER_OF_IT=" + database + "_reader", "URL=postgres://" + database + "_reader:sesame" + at,
		"WRONG_URL=postgres://" + database + "_reader:mellon" + at, "BARE_URL=postgres://" + database + "_reader" + at,
	}
}

// put copies a file into an object store.
func put(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: put FILE gs://BUCKET/KEY")
	}
	at, err := cloud.ParseLocation(args[1])
	ts.Check(err)
	bucket, err := cloud.OpenBucket(context.Background(), at.Bucket)
	ts.Check(err)
	defer bucket.Close()
	ts.Check(bucket.WriteAll(context.Background(), at.Key, []byte(ts.ReadFile(args[0])), nil))
}
