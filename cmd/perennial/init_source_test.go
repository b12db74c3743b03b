package main

import (
	"strings"
	"testing"
)

// TestInitShowsNoPassword: wherever libpq takes one in a URL.
func TestInitShowsNoPassword(t *testing.T) {
	for _, source := range []string{
		"postgres://shop:secret@host/db",
		"postgres://shop@host/db?password=secret",
		"postgres://shop@host/db?sslpassword=secret&sslmode=require",
		"postgres://shop@host/db?password=sec;ret", // not a query that can be read
		"postgres://shop:sec%ret@host/db?password=secret",
	} {
		p := proposed{[]string{source}, "public.orders"}
		if got := p.String(); strings.Contains(got, "sec") || !strings.HasSuffix(got, " public.orders") {
			t.Errorf("%s: shown as %s", source, got)
		}
	}
	p := proposed{[]string{"postgres://shop@host/db?sslpassword=secret"}, "orders"}
	if !p.hasPassword() {
		t.Error("the job file would hold the password of a key")
	}
}

// TestInitTakesOptionsOfBigQuery, also those that are numbers.
func TestInitTakesOptionsOfBigQuery(t *testing.T) {
	p := proposed{[]string{"bigquery://p.d.t?location=EU&max_bytes_billed=1000"}, ""}
	lines, err := p.bigQueryAdapter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := adapters().OpenSource(lines, nil); err != nil {
		t.Errorf("%s: %v", strings.Join(lines, "\n"), err)
	}
}
