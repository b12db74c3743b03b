package jobs

import (
	"fmt"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// How the memory of a run is dealt out.
//
//	memory = program + workers × workerMemory + stores + what is not yet collected
//
// The program is its code, the runtime and the sums that all workers add up to.
// A worker reads a batch of a source, or makes one shard of customers of its
// rows, or encodes a part of a table. What is left is halved: one half for the
// stores and shelves, which write to files what does not fit; the other for
// what the garbage collector has not collected yet and for what grows with the
// number of customers, as the cells that models are fitted on. Measured, and
// generously rounded, on orders with integer and with text keys.
const (
	programMemory = 48 << 20
	workerMemory  = 32 << 20
	leastHeld     = 8 << 20 // however little memory there is: with less, runs of a shard in a file become too short

	// LeastMemory is the least that a run can be given.
	LeastMemory = 64 << 20
)

// shardFactor is how many times the bytes of its rows a shard takes while it is
// made: the rows, what they are sorted by, and the columns of its customers.
const shardFactor = 5

// customerBytes is how many bytes of customers a row leaves behind between the
// passes: about 80 for a customer, who has some rows.
const customerBytes = 24

// held returns how many bytes the stores of the run may keep in memory.
func (r *Run) held() int64 {
	switch {
	case r.HeldBytes > 0:
		return int64(r.HeldBytes)
	case r.Memory == 0:
		return pipeline.Unlimited
	default:
		return max(leastHeld, (r.Memory-programMemory-int64(r.Workers)*workerMemory)/2)
	}
}

// largestShard returns how many bytes of rows a shard may have.
func (r *Run) largestShard() int64 {
	if r.Memory == 0 {
		return pipeline.Unlimited
	}
	return (r.Memory - programMemory) / shardFactor
}

// space returns what memory and disk the stores of the run may take.
func (r *Run) space() *pipeline.Space { return pipeline.NewSpace(r.held(), r.WorkDir, -1) }

// checkShards refuses a shard that a worker could not hold. A shard is some
// customers; one customer cannot be divided.
func (r *Run) checkShards(store *pipeline.Store) error {
	most := r.largestShard()
	for i := range store.Shards() {
		if size := store.Size(i); size > most {
			return pipeline.Errorf(pipeline.ClassUsage, "", fmt.Sprintf("run it with --memory %s or more; if one customer stands for many, as guests do, leave it out with rules.exclude", mebibytesFlag(programMemory+size*shardFactor)),
				"the rows of one customer, with those of a few others, take %d bytes, more than the %d that may be held at once", size, most)
		}
	}
	return nil
}

// forecast is what a run is expected to take.
type forecast struct {
	memory  int64 // bytes at most at one time
	spilled int64 // bytes in files; 0 if memory holds everything
}

// forecast returns what a run of a source takes.
func (r *Run) forecast(d pipeline.Description, bound *ledger.Binding) forecast {
	rows := estimatedRows(d)
	need := rows * (int64(bound.RowBytes()) + customerBytes)
	base := int64(programMemory + r.Workers*workerMemory)
	if need <= r.held() {
		return forecast{memory: base + need + need/2} // a half that is not yet collected
	}
	return forecast{memory: r.Memory, spilled: need}
}

// text says what the run takes.
func (f forecast) text(workDir string) string {
	if f.spilled == 0 {
		return "about " + mebibytes(f.memory)
	}
	return fmt.Sprintf("at most %s, beside about %s in files in %s", mebibytes(f.memory), mebibytes(f.spilled), workDir)
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", roundedUp(n)) }

// mebibytesFlag returns a size as a flag takes it.
func mebibytesFlag(n int64) string { return fmt.Sprintf("%dMiB", roundedUp(n)) }

// roundedUp returns bytes as mebibytes.
func roundedUp(n int64) int64 { return (n + 1<<20 - 1) >> 20 }
