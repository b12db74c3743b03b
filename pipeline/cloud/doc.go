// Package cloud is what sources and sinks of remote services have in common: how
// one is reached with the platform's credentials, what its errors mean, and how
// often and how long to try again. It knows no table and no row.
//
//	bigquery.go  clients of BigQuery
//	bucket.go    buckets of object stores: gs:// and s3://
//	object.go    objects of buckets: which there are, and reading one version of one
//	range.go     bytes of an object, resumed where they are cut off
//	kind.go      what an error of a service means
//	uploads.go   unfinished uploads, given up
//	retry.go     bounded retries, with the delays that a service asks for
//
// Credentials are those of the platform: Google's application default
// credentials (workload identity, a service account of the machine, gcloud on a
// desk), the AWS SDK's default chain. None is ever read from a job file.
package cloud
