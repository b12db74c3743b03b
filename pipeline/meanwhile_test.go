package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestMeanwhileCallsUntilItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		stop := Meanwhile(t.Context(), time.Minute, func(context.Context) { calls++ })
		time.Sleep(3*time.Minute + time.Second)
		stop()
		time.Sleep(time.Hour)
		stop()
		if calls != 3 {
			t.Errorf("%d calls in three minutes and an hour after, want 3", calls)
		}
	})
}

func TestMeanwhileEndsTheCallUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		stop := Meanwhile(t.Context(), time.Minute, func(ctx context.Context) {
			<-ctx.Done()
			ended = true
		})
		time.Sleep(2 * time.Minute)
		stop()
		if !ended {
			t.Error("the call under way goes on after stop")
		}
	})
}
