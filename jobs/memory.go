package jobs

import "github.com/perennial-clv/perennial/pipeline"

// space returns what memory and disk the stores of the run may take.
func (r *Run) space() *pipeline.Space {
	if r.Memory == 0 {
		return pipeline.NewSpace(pipeline.Unlimited, r.WorkDir, -1)
	}
	return pipeline.NewSpace(r.Memory/2, r.WorkDir, -1)
}
