package cache

import "context"

// Tiered asks a near cache first and a far one then. What the far one knows is kept near: values
// never change, so the near copy cannot be old.
type Tiered struct{ Near, Far Cache }

// Get implements Cache.
func (t Tiered) Get(ctx context.Context, key string) ([]byte, bool) {
	if v, ok := t.Near.Get(ctx, key); ok {
		return v, true
	}
	v, ok := t.Far.Get(ctx, key)
	if ok {
		t.Near.Put(ctx, key, v)
	}
	return v, ok
}

// Put implements Cache.
func (t Tiered) Put(ctx context.Context, key string, value []byte) {
	t.Near.Put(ctx, key, value)
	t.Far.Put(ctx, key, value)
}

// Health is that of the far cache, with the near one's room and hits.
func (t Tiered) Health() Health {
	near, far := t.Near.Health(), t.Far.Health()
	far.Entries, far.Bytes = near.Entries, near.Bytes
	far.Hits += near.Hits
	far.Evicted += near.Evicted
	return far
}

// Close implements Cache.
func (t Tiered) Close() error {
	err := t.Far.Close()
	if nearErr := t.Near.Close(); err == nil {
		err = nearErr
	}
	return err
}
