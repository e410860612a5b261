package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ecomctl/ecomctl/internal/serve"
)

// gauges collects what is looked at, not counted: when Prometheus asks, the last look is told.
type gauges struct{ m *Monitor }

var (
	dataset = []string{"dataset"}

	totalSales   = desc("total_sales", "Money of the sold lines of a dataset.", "dataset", "currency")
	totalOrders  = desc("total_orders", "Orders of a dataset with a sold line.", dataset...)
	activeUsers  = desc("active_users", "Customers of a dataset with an order in its last 30 days.", dataset...)
	datasetRows  = desc("ecomctl_dataset_rows", "Input rows of a dataset.", dataset...)
	datasetBad   = desc("ecomctl_dataset_rejected_rows", "Rejected input rows of a dataset.", dataset...)
	datasetReady = desc("ecomctl_dataset_ready", "1 when a dataset can be asked.", dataset...)
	datasetLast  = desc("ecomctl_dataset_last_sale_timestamp_seconds", "Wall time of the last sold line.", dataset...)

	upSince     = desc("ecomctl_start_time_seconds", "When the server started.")
	connections = desc("ecomctl_connections", "Open connections.")
	running     = desc("ecomctl_computations_running", "Computations that run.")
	waiting     = desc("ecomctl_computations_waiting", "Computations that wait for their turn.")
	jobs        = desc("ecomctl_jobs", "Jobs by state.", "state")
	cacheUp     = desc("ecomctl_cache_up", "1 when the cache is in service.", "kind")
	cacheItems  = desc("ecomctl_cache_entries", "Answers in the cache.")
	cacheBytes  = desc("ecomctl_cache_bytes", "Bytes of the answers in the cache.")

	serviceUp   = desc("ecomctl_service_up", "1 when the last check of a configured service found it usable.", "service", "address")
	serviceTook = desc("ecomctl_service_check_seconds", "How long the last check of a service took.", "service")

	cpuSeconds = desc("ecomctl_machine_cpu_seconds_total", "Seconds of all processors.", "mode")
	cpuCount   = desc("ecomctl_machine_cpus", "Processors.")
	loadOne    = desc("ecomctl_machine_load1", "Load average of a minute.")
	memTotal   = desc("ecomctl_machine_memory_bytes", "Memory of the machine.")
	memFree    = desc("ecomctl_machine_memory_available_bytes", "Memory that programs can still have.")
	diskTotal  = desc("ecomctl_machine_disk_bytes", "Size of the disk that holds a folder.", "path")
	diskFree   = desc("ecomctl_machine_disk_free_bytes", "Free room on the disk that holds a folder.", "path")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe implements prometheus.Collector. It sends none, which makes an unchecked collector: which
// gauges there are depends on what is served.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		if !math.IsNaN(v) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
		}
	}
	m := g.m
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, s := range m.shops {
		g.shop(gauge, s)
	}
	if m.stats != nil {
		g.server(gauge, m.stats())
	}
	for _, h := range m.health {
		gauge(serviceUp, one(h.up), h.name, h.address)
		gauge(serviceTook, h.took.Seconds(), h.name)
	}
	for mode, v := range map[string]float64{"user": m.host.user, "system": m.host.system, "idle": m.host.idle, "iowait": m.host.iowait} {
		if m.host.cpus > 0 && !math.IsNaN(v) {
			out <- prometheus.MustNewConstMetric(cpuSeconds, prometheus.CounterValue, v, mode)
		}
	}
	if m.host.cpus > 0 {
		gauge(cpuCount, float64(m.host.cpus))
		gauge(loadOne, m.host.load1)
		gauge(memTotal, m.host.total)
		gauge(memFree, m.host.available)
	}
	for _, d := range m.host.disks {
		gauge(diskTotal, d.total, d.path)
		gauge(diskFree, d.free, d.path)
	}
}

func (g *gauges) shop(gauge func(*prometheus.Desc, float64, ...string), s shop) {
	gauge(datasetReady, one(s.state == serve.Ready), s.name)
	if s.state != serve.Ready {
		return
	}
	gauge(datasetRows, float64(s.rows), s.name)
	gauge(datasetBad, float64(s.rejected), s.name)
	if s.last != 0 {
		gauge(datasetLast, float64(s.last)/1e6, s.name)
	}
	if s.known {
		gauge(totalSales, float64(s.sales)/1e4, s.name, s.currency)
		gauge(totalOrders, float64(s.orders), s.name)
		gauge(activeUsers, float64(s.active), s.name)
	}
}

func (g *gauges) server(gauge func(*prometheus.Desc, float64, ...string), st serve.Stats) {
	gauge(upSince, float64(st.Started.UnixMicro())/1e6)
	gauge(connections, float64(st.Connections))
	gauge(running, float64(st.Running))
	gauge(waiting, float64(st.Waiting))
	gauge(jobs, float64(st.JobsRunning), "running")
	gauge(jobs, float64(st.JobsQueued), "queued")
	gauge(jobs, float64(st.JobsKept), "finished")
	if st.CacheKind != "" {
		gauge(cacheUp, one(st.CacheUp), st.CacheKind)
	}
	if st.CacheEntries >= 0 {
		gauge(cacheItems, float64(st.CacheEntries))
	}
	if st.CacheBytes >= 0 {
		gauge(cacheBytes, float64(st.CacheBytes))
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
