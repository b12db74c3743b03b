package models

import "github.com/perennial-clv/perennial/transforms/numeric"

const (
	// blockCells is the size of the blocks of which plain sums are taken. The sums
	// of blocks are added in their order with compensation.
	blockCells = 1024
	// taskBlocks is how many blocks make a task: about a millisecond.
	taskBlocks = 32
)

// Each runs task(0) to task(n−1), several at once if it can, and returns when
// all have ended. No result depends on it. nil runs one after the other.
type Each func(n int, task func(i int))

// Run runs the tasks by each, or one after the other where that is nil.
func (each Each) Run(n int, task func(i int)) {
	if each != nil && n > 1 {
		each(n, task)
		return
	}
	for i := range n {
		task(i)
	}
}

// addBlocks adds the evaluations of all blocks in their order, whichever is
// evaluated first. into is where they are kept meanwhile, one for each.
func (each Each) addBlocks(sums *termSums, into []evaluation, evaluate func(block int) evaluation) {
	tasks := (len(into) + taskBlocks - 1) / taskBlocks
	each.Run(tasks, func(task int) {
		for block := task * taskBlocks; block < min((task+1)*taskBlocks, len(into)); block++ {
			into[block] = evaluate(block)
		}
	})
	for i := range into {
		sums.add(into[i])
	}
}

// termSums adds evaluations with compensation. Only the upper triangle of the
// Hessian is kept.
type termSums struct {
	value    numeric.Sum
	gradient [maxParameters]numeric.Sum
	hessian  [maxParameters][maxParameters]numeric.Sum
}

func (s *termSums) add(e evaluation) {
	s.value.Add(e.value)
	for i := range maxParameters {
		s.gradient[i].Add(e.gradient[i])
		for j := i; j < maxParameters; j++ {
			s.hessian[i][j].Add(e.hessian[i][j])
		}
	}
}

// mean returns the sums divided by n, with the whole Hessian.
func (s *termSums) mean(n float64) (e evaluation) {
	e.value = s.value.Value() / n
	for i := range maxParameters {
		e.gradient[i] = s.gradient[i].Value() / n
		for j := i; j < maxParameters; j++ {
			e.hessian[i][j] = s.hessian[i][j].Value() / n
			e.hessian[j][i] = e.hessian[i][j]
		}
	}
	return e
}
