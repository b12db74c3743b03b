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
// made: the rows, what they are sorted by, and the columns of its customers. Of
// the shortest rows, of 16 to 24 bytes, 5 to 7.2 times were measured.
const shardFactor = 8

// How many bytes a row leaves behind for later, as its share of a customer, who
// has some rows: between the passes about 80 bytes for a customer, on a shelf; and
// while customers are valued and written about 130, which no store holds.
const (
	shelfBytes = 24
	laterBytes = 40
)

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

// largestShard returns how many bytes of rows a shard may have: as many as
// memory holds while it is made, and as a builder of shards can tell apart.
func (r *Run) largestShard() int64 {
	if r.Memory == 0 {
		return ledger.MaxShard
	}
	return min(ledger.MaxShard, (r.Memory-programMemory)/shardFactor)
}

// space returns what memory and disk the stores of the run may take.
func (r *Run) space() *pipeline.Space { return pipeline.NewSpace(r.held(), r.WorkDir, -1) }

// checkShards refuses a shard that a worker could not hold. A shard is some
// customers; one customer cannot be divided.
func (r *Run) checkShards(store *pipeline.Store) error {
	most := r.largestShard()
	for i := range store.Shards() {
		size := store.Size(i)
		if size > ledger.MaxShard {
			return pipeline.Errorf(pipeline.ClassUsage, "", "if one customer stands for many, as guests do, leave it out with rules.exclude",
				"the rows of one customer, with those of a few others, take %d bytes, more than %d", size, int64(ledger.MaxShard))
		}
		if size > most {
			return pipeline.Errorf(pipeline.ClassUsage, "", fmt.Sprintf("run it with --memory %s or more; if one customer stands for many, as guests do, leave it out with rules.exclude", mebibytesFlag(programMemory+size*shardFactor)),
				"the rows of one customer, with those of a few others, take %d bytes, more than the %d that may be held at once", size, most)
		}
	}
	return nil
}

// footprint is what a run is expected to take.
type footprint struct {
	memory  int64 // bytes at one time
	spilled int64 // bytes in files; 0 if memory holds everything
	isLeast bool  // how much there is to read is not known: it takes that, and what the rows need
}

// footprint returns what a run of a source takes. Of 2 M rows of 0.8 M customers
// it says 325 MiB, and 419 were measured; of 10 M rows of 4.2 M customers 1180
// and 1145, and with 512 MiB, which is too little, 688 and 667.
func (r *Run) footprint(d pipeline.Description, bound *ledger.Binding) footprint {
	rows := estimatedRows(d)
	base := int64(programMemory+r.Workers*workerMemory) + rows*laterBytes
	stored := rows * (int64(bound.RowBytes()) + shelfBytes)
	if held := r.held(); stored > held {
		return footprint{memory: base + held, spilled: stored}
	}
	return footprint{memory: base + stored + stored/2, isLeast: workOf(d) < 0} // a half that is not yet collected
}

// text says what the run takes.
func (f footprint) text(workDir string) string {
	if f.isLeast {
		return "at least " + mebibytes(f.memory) + ": how many rows there are is not known before they are read"
	}
	if f.spilled == 0 {
		return "about " + mebibytes(f.memory)
	}
	return fmt.Sprintf("about %s, beside about %s in files in %s", mebibytes(f.memory), mebibytes(f.spilled), workDir)
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", roundedUp(n)) }

// mebibytesFlag returns a size as a flag takes it.
func mebibytesFlag(n int64) string { return fmt.Sprintf("%dMiB", roundedUp(n)) }

// roundedUp returns bytes as mebibytes.
func roundedUp(n int64) int64 { return (n + 1<<20 - 1) >> 20 }
