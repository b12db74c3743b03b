// Package services starts real services for tests: each once for a test binary,
// on free ports, and none outlives it. Where one cannot be started the test is
// skipped and told how to get it, but with CI in the environment it fails.
//
//	bigquery.go      BigQuery: an emulator, or a real project
//	objectstores.go  Google Cloud Storage and S3, both in memory
//	postgres.go      PostgreSQL, of the machine's own package
//	start.go         the process of a service
package services
