package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what a process took.
type cost struct {
	wall, cpu float64 // seconds; cpu is user and system, of all threads
	peak      int64   // bytes resident
}

// run runs a process to its end and returns what it took; its standard output
// is not kept.
func run(ctx context.Context, stdin, name string, args ...string) (cost, error) {
	c, _, err := runOutput(ctx, stdin, name, args...)
	return c, err
}

// runOutput also returns what the process wrote to standard output. A failure
// carries the last of what it wrote to standard error.
func runOutput(ctx context.Context, stdin, name string, args ...string) (cost, []byte, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, name, args...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &stdout, &stderr
	started := time.Now()
	err := command.Run()
	wall := time.Since(started)
	if err != nil {
		const shown = 600
		text := stderr.String()
		return cost{}, nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, text[max(0, len(text)-shown):])
	}
	state := command.ProcessState
	return cost{wall.Seconds(), (state.UserTime() + state.SystemTime()).Seconds(), peak(state)}, stdout.Bytes(), nil
}

// peak returns the most memory that a process had resident. Linux counts it in
// kibibytes.
func peak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}

// contender is something that is measured.
type contender struct {
	name string
	run  func() (cost, error)
}

// alternate runs the contenders by turns, so that a slow spell of the machine
// meets all of them, and returns the medians by name.
func alternate(contenders []contender, runs int) (map[string]cost, error) {
	all := make(map[string][]cost, len(contenders))
	for i := range runs {
		for _, c := range contenders {
			took, err := c.run()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			fmt.Fprintf(os.Stderr, "  run %d  %-22s %8.2f s  %8.2f cpu-s  %6d MiB\n", i+1, c.name, took.wall, took.cpu, took.peak>>20)
			all[c.name] = append(all[c.name], took)
		}
	}
	medians := make(map[string]cost, len(all))
	for name, costs := range all {
		medians[name] = cost{
			median(costs, func(c cost) float64 { return c.wall }),
			median(costs, func(c cost) float64 { return c.cpu }),
			int64(median(costs, func(c cost) float64 { return float64(c.peak) })),
		}
	}
	return medians, nil
}

// median returns the middle one of a measure, of an even number the mean of
// the two in the middle.
func median(costs []cost, of func(cost) float64) float64 {
	values := make([]float64, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}
