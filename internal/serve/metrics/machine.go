package metrics

import (
	"context"
	"math"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
)

// machine is one look at the machine; what the system does not tell is NaN.
type machine struct {
	user, system, idle, iowait float64 // seconds of all processors since the start
	cpus                       int
	load1                      float64
	total, available           float64 // bytes of memory
	disks                      []diskUse
	share                      float64 // of the processors' time since the look before
}

type diskUse struct {
	path        string
	total, free float64
}

func lookAtMachine(ctx context.Context, disks []string) machine {
	m := machine{load1: math.NaN(), total: math.NaN(), available: math.NaN(), user: math.NaN(), system: math.NaN(), idle: math.NaN(), iowait: math.NaN(), share: math.NaN()}
	if t, err := cpu.TimesWithContext(ctx, false); err == nil && len(t) > 0 {
		m.user, m.system, m.idle, m.iowait = t[0].User+t[0].Nice, t[0].System+t[0].Irq+t[0].Softirq+t[0].Steal, t[0].Idle, t[0].Iowait
	}
	m.cpus, _ = cpu.CountsWithContext(ctx, true) // 0 where the system does not tell
	if l, err := load.AvgWithContext(ctx); err == nil {
		m.load1 = l.Load1
	}
	if v, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		m.total, m.available = float64(v.Total), float64(v.Available)
	}
	for _, path := range disks {
		if u, err := disk.UsageWithContext(ctx, path); err == nil {
			m.disks = append(m.disks, diskUse{path, float64(u.Total), float64(u.Free)})
		}
	}
	return m
}

// busy sets the share of the processors' time that was used since an earlier look.
func (m *machine) busy(before *machine) {
	if before.cpus == 0 {
		return
	}
	idle := m.idle + m.iowait - before.idle - before.iowait
	all := idle + m.user + m.system - before.user - before.system
	if all > 0 {
		m.share = min(1, max(0, 1-idle/all))
	}
}
