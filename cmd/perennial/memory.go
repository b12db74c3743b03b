package main

import (
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/perennial-clv/perennial/jobs"
)

// memoryOf returns how many bytes this process may take, and what says so: the
// least limit of its control groups (version 2 or 1) and the machine's memory,
// as Linux tells them below root. Elsewhere it is 0: not known.
func memoryOf(root fs.FS) (bytes int64, limit string) {
	bytes, limit = math.MaxInt64, ""
	least := func(n int64, of string) {
		if n > 0 && n < bytes {
			bytes, limit = n, of
		}
	}
	least(machineMemory(root), "this machine")
	groups, _ := fs.ReadFile(root, "proc/self/cgroup") // without it there are none
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path; version 2 names no controllers
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		switch {
		case strings.Contains(","+parts[1]+",", ",memory,"):
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case parts[1] != "":
			continue
		}
		// In a container the path may be the host's and not be there: then the
		// container's own group is the root.
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			least(numberIn(root, path.Join(folder, group, file)), "the control group")
			if group == "/" {
				break
			}
		}
	}
	if limit == "" {
		return 0, ""
	}
	return bytes, limit
}

// machineMemory returns the memory that the machine has, 0 if it does not say.
func machineMemory(root fs.FS) int64 { return kibibytesIn(root, "proc/meminfo", "MemTotal:") }

// peakMemory returns the most memory that this process has had at one time, 0
// if the machine does not say.
func peakMemory(root fs.FS) int64 { return kibibytesIn(root, "proc/self/status", "VmHWM:") }

// kibibytesIn returns the bytes of a line "name number kB" of a file, 0 where
// there is none.
func kibibytesIn(root fs.FS, file, name string) int64 {
	content, _ := fs.ReadFile(root, file) // without it nothing is known
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			kibibytes, _ := strconv.ParseInt(fields[1], 10, 64) // 0 is not known
			return kibibytes << 10
		}
	}
	return 0
}

// memoryIn returns how many bytes a run may take: what --memory says, else the
// larger part of what there is, and the rest to whoever else is there and to the
// cache of files; 0 where nothing is known.
func (f *flags) memoryIn(w *world) int64 {
	const percent = 70
	there, _ := memoryOf(w.root)
	switch {
	case f.memory > 0:
		return int64(f.memory)
	case there == 0:
		return 0
	default:
		return max(jobs.LeastMemory, there/100*percent)
	}
}

// limitMemory makes the garbage collector keep the process below a number of
// bytes, 0 for no limit.
//
// The limit of Go does not count the program's code and what the system keeps
// for the process, about a sixteenth and 8 MiB here. Far below the limit the
// heap grows to one and a half of what is in use, not to the twice that Go
// chooses: most of it are large slices without pointers, which cost the
// collector nothing to look at, so that memory can be had for little time.
func limitMemory(bytes int64) {
	if bytes == 0 {
		return
	}
	const growth = 50
	debug.SetGCPercent(growth)
	debug.SetMemoryLimit(bytes - bytes/16 - 8<<20)
}

// numberIn returns the number that a file holds; 0 for the word max, and where
// there is no such file.
func numberIn(root fs.FS, name string) int64 {
	content, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64) // max is no number
	return n
}
