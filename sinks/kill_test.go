//go:build unix

package sinks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

// These environment variables turn the test binary into a run that is killed,
// or that waits to be.
const (
	helperFolder   = "PERENNIAL_TEST_FOLDER"
	helperKillAt   = "PERENNIAL_TEST_KILL_AT"
	helperExchange = "PERENNIAL_TEST_EXCHANGE"
	helperRemove   = "PERENNIAL_TEST_REMOVE" // remove expired dates instead
)

// TestHelperRun is the run in its own process, not a test.
func TestHelperRun(t *testing.T) {
	path := os.Getenv(helperFolder)
	if path == "" {
		t.Skip("only as a helper process")
	}
	k, _ := strconv.Atoi(os.Getenv(helperKillAt))
	s := folder(path).open(t)
	if k == 0 {
		holdUntilKilled(t, s)
	}
	s.disk.step = func(name string) error {
		if k--; k == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		if os.Getenv(helperExchange) == "false" {
			return noExchange(name)
		}
		return nil
	}
	var err error
	if os.Getenv(helperRemove) == "true" {
		s.keeping = &keeping{days: 1}
		_, err = s.RemoveExpired(context.Background(), asOf)
	} else {
		err = tryRun(context.Background(), s, "new", newTables)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// holdUntilKilled claims the date, says so, and waits.
func holdUntilKilled(t *testing.T, s *parquetSink) {
	if _, err := s.Begin(context.Background(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "held"}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("held")
	io.ReadAll(os.Stdin)
}

func helper(f folder, killAt int, exchange bool) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run=^TestHelperRun$")
	c.Env = append(os.Environ(), helperFolder+"="+string(f), helperKillAt+"="+strconv.Itoa(killAt), helperExchange+"="+strconv.FormatBool(exchange))
	return c
}

func TestAKilledRunLeavesWholeTablesAndTheNextCompletes(t *testing.T) {
	t.Parallel() // it mostly waits for the disk
	for _, exchange := range []bool{true, false} {
		for k := 1; ; k++ {
			f := folder(filepath.Join(t.TempDir(), "out"))
			runOnce(t, f.open(t), "old", oldTables)
			out, err := helper(f, k, exchange).CombinedOutput()
			if err == nil {
				// The run has fewer steps than k. Staging two tables and
				// publishing three are at least forty.
				if k < 40 {
					t.Fatalf("the run had %d steps, want at least 40", k-1)
				}
				break
			}
			if !killed(err) {
				t.Fatalf("step %d: the run ended by itself: %v\n%s", k, err, out)
			}
			wantRecovery(t, f, fmt.Sprintf("exchange %v, killed at step %d", exchange, k), exchange)
			if t.Failed() {
				return
			}
		}
	}
}

func TestAKilledRemovalLeavesDatesWholeOrGone(t *testing.T) {
	t.Parallel() // it mostly waits for the disk
	for k := 1; ; k++ {
		f := dated(t)
		c := helper(f, k, true)
		c.Env = append(c.Env, helperRemove+"=true")
		out, err := c.CombinedOutput()
		if err == nil {
			// Removing two dates of two tables is at least twenty steps.
			if k < 20 {
				t.Fatalf("the removal had %d steps, want at least 20", k-1)
			}
			return
		}
		if !killed(err) {
			t.Fatalf("step %d: the removal ended by itself: %v\n%s", k, err, out)
		}
		wantWholeOrGone(t, f, fmt.Sprintf("killed at step %d", k))
		if t.Failed() {
			return
		}
	}
}

func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func TestADateIsBusyAcrossProcessesUntilItsHolderDies(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "out"))
	c := helper(f, 0, true)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if said, err := bufio.NewReader(out).ReadString('\n'); err != nil || said != "held\n" {
		t.Fatalf("the helper said %q (%v), want held", said, err)
	}
	_, err = f.open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r2"})
	var e *pipeline.Error
	if !errors.As(err, &e) || e.Class != pipeline.ClassBusy || e.Hint == "" {
		t.Errorf("Begin beside a live run: got error %v, want one of class busy with a hint", err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); !killed(err) {
		t.Fatalf("the helper ended with %v, want killed", err)
	}
	runOnce(t, f.open(t), "r3", oldTables)
	wantTables(t, f, "after the holder's death", "r3", oldTables)
	if left := f.Staged(t); len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}
