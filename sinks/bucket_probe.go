package sinks

import (
	"context"
	"crypto/rand"
	"path"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// Probe implements pipeline.Prober: it lists, writes, reads, copies and deletes
// objects under _staging, and looks whether the store refuses to write what is
// there already, on which publishing rests.
func (s *bucketSink) Probe(ctx context.Context) (pipeline.Probe, error) {
	p := pipeline.Probe{Place: placeOf(s.location), Free: -1, Exchanges: true} // the journal is replaced in one step
	o, err := s.objects(ctx)
	if err != nil {
		return p, inStage("probe", "", err)
	}
	prefix := path.Join(stagingDir, "probe-"+rand.Text()) + "/"
	err = s.try(ctx, o, prefix, &p)
	if removal := o.removeAll(context.WithoutCancel(ctx), prefix); err == nil {
		err = removal
	}
	return p, inStage("probe", "", err)
}

// try does on one object what a run does.
func (s *bucketSink) try(ctx context.Context, o *objects, prefix string, p *pipeline.Probe) error {
	found, err := o.names(ctx, runsDir+"/")
	if err != nil {
		return err
	}
	p.IsNew = len(found) == 0
	first, second := prefix+"a", prefix+"b"
	isOurs, err := o.putNew(ctx, first, []byte("first\n"))
	if cloud.KindOf(err) == cloud.Invalid || err == nil && !isOurs {
		return s.noConditions(err)
	}
	if err != nil {
		return err
	}
	if isOurs, err = o.putNew(ctx, first, []byte("second\n")); err != nil {
		return err
	}
	if isOurs {
		return s.noConditions(nil)
	}
	if err := o.copy(ctx, second, first); err != nil {
		return err
	}
	content, _, err := o.read(ctx, second)
	if err == nil && string(content) != "first\n" {
		err = cutShort(o.name(second))
	}
	return err
}

// noConditions is the error of a store in which two runs could publish a date at
// once.
func (s *bucketSink) noConditions(err error) error {
	const message, hint = "the store does not refuse to replace an object that must be new", "use a store that honours If-None-Match: * of S3, or publish to a local disk"
	if err == nil {
		return pipeline.Errorf(pipeline.ClassUsage, placeOf(s.location), hint, message)
	}
	return pipeline.Errorf(pipeline.ClassUsage, placeOf(s.location), hint, message+": %w", err)
}
