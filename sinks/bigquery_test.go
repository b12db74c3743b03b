package sinks

import (
	"testing"

	"github.com/perennial-clv/perennial/pipeline/conformance"
)

func TestBigQueryConformanceOfTheFake(t *testing.T) {
	conformance.TestSink(t, func(t *testing.T) conformance.Place {
		fake := newFakeBigQuery()
		return bigQueryPlace{fake, fake.serve(t, nil)}
	})
}
