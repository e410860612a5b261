// Package metrics tells how a server is: /metrics for Prometheus and a monitoring page for people,
// both on an address of their own (127.0.0.1:8000 by default).
//
//	serve.Server ─serve.Metrics─▶ Monitor ─┬─▶ /metrics   (Prometheus)
//	datasets, machine, services ───────────┘└▶ /          (page: the same figures, with the last minutes)
//
// Labels are few whatever clients ask for: routes are patterns, never addresses. It is the one
// package that imports Prometheus' client and gopsutil.
package metrics
