package session

import (
	"os"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// leastMemory is the smallest budget that lets readers and buffers exist at all.
const leastMemory = 64 << 20

// MemoryBytes returns the memory budget: --memory, else half of the machine.
func (o *Settings) MemoryBytes() (int64, error) {
	if o.Memory == "" {
		return MachineMemory() / 2, nil
	}
	n, err := config.ParseSize(o.Memory)
	if err != nil {
		return 0, fault.Wrap(err, "--memory")
	}
	if n < leastMemory {
		return 0, fault.New(fault.Usage, "--memory %s: at least 64MiB is needed", o.Memory)
	}
	return n, nil
}

// MachineMemory returns the physical memory, or the control group's limit where it is less;
// 4 GiB where the system does not tell.
func MachineMemory() int64 {
	total := int64(4 << 30)
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
				if kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64); err == nil {
					total = kb << 10
				}
			}
		}
	}
	if b, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n > 0 {
			total = min(total, n)
		}
	}
	return total
}
