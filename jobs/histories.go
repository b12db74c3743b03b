package jobs

import (
	"context"
	"sync/atomic"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/backtest"
	"github.com/perennial-clv/perennial/transforms/cohort"
)

// historyShelf keeps the histories of some customers by shard: those of the first
// shards, who have the smallest hashes of all, as many as it takes. nil keeps
// none.
type historyShelf struct {
	shelf  *pipeline.Shelf
	counts []atomic.Int64 // 1 + members, by shard that was looked at
}

func newHistoryShelf(space *pipeline.Space, shards int) *historyShelf {
	return &historyShelf{shelf: pipeline.NewShelf(space, shards), counts: make([]atomic.Int64, shards)}
}

// put keeps the histories of a shard, unless the shards before it that were
// looked at so far are already enough. Which others are kept as well depends on
// who comes first, what is read of them does not.
func (s *historyShelf) put(ctx context.Context, shard int, v *cohort.View, encoded *[]byte) error {
	if s == nil {
		return nil
	}
	before := int64(0)
	for i := range shard {
		before += max(0, s.counts[i].Load()-1)
	}
	if before >= backtest.MaxSample {
		return nil
	}
	*encoded = backtest.Append((*encoded)[:0], v)
	s.counts[shard].Store(1 + int64(len(v.Members)))
	return s.shelf.Put(ctx, shard, *encoded)
}

// read returns the histories of the sample, which is of no further use.
func (s *historyShelf) read(ctx context.Context) (*backtest.Histories, error) {
	if s == nil {
		return nil, nil
	}
	defer s.shelf.Close()
	h := backtest.NewHistories(backtest.MaxSample)
	var block []byte
	for shard := range s.counts {
		var err error
		if block, err = s.shelf.Get(ctx, shard, block); err != nil {
			return nil, err
		}
		if !h.Enter(block) {
			break
		}
	}
	return h, nil
}
