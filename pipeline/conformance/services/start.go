package services

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
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

// started holds the commands, whose pipes would be closed if they were collected.
var started struct {
	sync.Mutex
	commands []*exec.Cmd
}
