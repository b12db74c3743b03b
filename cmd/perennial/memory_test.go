package main

import (
	"testing"
	"testing/fstest"
)

func TestMemoryIsTheLeastThatAnythingAllows(t *testing.T) {
	const machine = "MemTotal:  2048 kB\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		bytes int64
		limit string
	}{
		{"nothing is known", nil, 0, ""},
		{"the machine's", map[string]string{"proc/meminfo": machine}, 2048 << 10, "this machine"},
		{"a control group of version 2", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "4096\n",
		}, 4096, "the control group"},
		{"a group above has the least", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1024\n", "sys/fs/cgroup/a/b/memory.max": "4096\n",
		}, 1024, "the control group"},
		{"a container sees its group as the root", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/../pod\n", "sys/fs/cgroup/memory.max": "4096\n",
		}, 4096, "the control group"},
		{"version 1 names the controller", map[string]string{
			"proc/self/cgroup": "5:cpu:/x\n4:memory,hugetlb:/y\n",
			"sys/fs/cgroup/memory/y/memory.limit_in_bytes": "4096\n",
		}, 4096, "the control group"},
		{"version 1 writes a huge number for no limit", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 2048 << 10, "this machine"},
		{"the word max is no limit", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n",
		}, 2048 << 10, "this machine"},
	} {
		root := fstest.MapFS{}
		for name, content := range test.files {
			root[name] = &fstest.MapFile{Data: []byte(content)}
		}
		if bytes, limit := memoryOf(root); bytes != test.bytes || limit != test.limit {
			t.Errorf("%s: got %d of %q, want %d of %q", test.name, bytes, limit, test.bytes, test.limit)
		}
	}
}
