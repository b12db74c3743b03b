package services

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// start starts a command that prints one line of JSON as soon as it can be
// reached, and reads that into says. The command's standard input is a pipe that
// ends with this process, however that ends; it must end then.
func start(command *exec.Cmd, says any) error {
	if _, err := command.StdinPipe(); err != nil {
		return err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return err
	}
	if err := json.NewDecoder(out).Decode(says); err != nil {
		return fmt.Errorf("%s did not start: %w", command.Path, err)
	}
	started.Lock()
	defer started.Unlock()
	started.commands = append(started.commands, command)
	return nil
}

// skipUnlessStarted ends a test whose service could not be started: it says how to
// get the service, or fails where CI is in the environment.
func skipUnlessStarted(t testing.TB, err error, service, howToGet string) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("%s cannot be started: %v", service, err)
	default:
		t.Skipf("%s cannot be started here; %s: %v", service, howToGet, err)
	}
}

// started holds the commands, whose pipes would be closed if they were collected.
var started struct {
	sync.Mutex
	commands []*exec.Cmd
}
