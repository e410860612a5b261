package cli

import (
	"os"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/term"
)

// parseSize reads 512MiB, 4GB, 1.5g, 1048576.
func parseSize(s string) (int64, error) {
	u := strings.ToLower(strings.TrimSpace(s))
	u = strings.TrimSuffix(u, "b")
	unit := 1.0
	for _, x := range []struct {
		suffix string
		size   float64
	}{{"ki", 1 << 10}, {"mi", 1 << 20}, {"gi", 1 << 30}, {"ti", 1 << 40}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}} {
		if rest, ok := strings.CutSuffix(u, x.suffix); ok {
			u, unit = rest, x.size
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(u), 64)
	if err != nil || !(v > 0) || v*unit > 1<<60 {
		return 0, fault.New(fault.Usage, "%q is not a size", s).WithHint("sizes look like 512MiB or 4GB")
	}
	return int64(v * unit), nil
}

// leastMemory is the smallest budget that lets readers and buffers exist at all.
const leastMemory = 64 << 20

// memoryBytes returns the memory budget: --memory, else half of the machine.
func (o *common) memoryBytes() (int64, error) {
	if o.memory == "" {
		return machineMemory() / 2, nil
	}
	n, err := parseSize(o.memory)
	if err != nil {
		return 0, fault.Wrap(err, "--memory")
	}
	if n < leastMemory {
		return 0, fault.New(fault.Usage, "--memory %s: at least 64MiB is needed", o.memory)
	}
	return n, nil
}

// machineMemory returns the physical memory, or the control group's limit where it is less;
// 4 GiB where the system does not tell.
func machineMemory() int64 {
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

// tempDir is where spilled data go.
func (o *common) tempDir() string {
	if d := o.app.Getenv("ECOMCTL_TMPDIR"); d != "" {
		return d
	}
	return os.TempDir()
}

// progress returns the progress line, or one that draws nothing.
func (o *common) progress() *term.Progress {
	p := &term.Progress{Now: o.app.Now}
	if o.app.IO.ErrTTY && !o.noProgress && !o.app.quiet {
		p.W = o.app.IO.Err
	}
	return p
}
