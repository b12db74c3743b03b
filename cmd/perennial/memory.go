package main

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
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
func machineMemory(root fs.FS) int64 {
	info, _ := fs.ReadFile(root, "proc/meminfo") // without it nothing is known
	for line := range strings.Lines(string(info)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kibibytes, _ := strconv.ParseInt(fields[1], 10, 64) // 0 is not known
			return kibibytes << 10
		}
	}
	return 0
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
