package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/cobra"
)

// profiles are files for what a run spends its time on and where it allocates,
// for go tool pprof; empty ones are not written.
type profiles struct{ cpu, memory string }

// add adds the flags, which --help does not list: they are for who works on
// the program.
func (p *profiles) add(c *cobra.Command) {
	c.Flags().StringVar(&p.cpu, "cpuprofile", "", "`file` for a profile of processor time")
	c.Flags().StringVar(&p.memory, "memprofile", "", "`file` for a profile of allocations")
	for _, name := range []string{"cpuprofile", "memprofile"} {
		_ = c.Flags().MarkHidden(name) // the flag is there
	}
}

// begin begins the profiles; end writes them, also after a failed run.
func (p *profiles) begin() (end func() error, err error) {
	if p.cpu == "" {
		return p.writeMemory, nil
	}
	file, err := os.Create(p.cpu)
	if err != nil {
		return nil, cannotWrite(p.cpu, err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(cannotWrite(p.cpu, err), file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		err := file.Close()
		if err != nil {
			err = cannotWrite(p.cpu, err)
		}
		return errors.Join(err, p.writeMemory())
	}, nil
}

// writeMemory writes all allocations so far, and what is in use.
func (p *profiles) writeMemory() error {
	if p.memory == "" {
		return nil
	}
	file, err := os.Create(p.memory)
	if err != nil {
		return cannotWrite(p.memory, err)
	}
	runtime.GC() // what is in use is known since the last collection
	if err := errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close()); err != nil {
		return cannotWrite(p.memory, err)
	}
	return nil
}
