package metrics

import "context"

// Look watches until the context ends.
func Look(ctx context.Context, m *Monitor) { m.watch(ctx) }
