package kafka

import (
	"context"
	"fmt"
)

// Check looks a topic up and says what it holds: `doctor` shows it. Nothing is read or changed; conf's
// Patience bounds the tries.
func Check(ctx context.Context, conf Config) (found string, err error) {
	s := New(conf)
	defer s.close()
	parts, err := s.partitions(ctx)
	if err != nil {
		return "", err
	}
	at, err := s.offsets(ctx, parts)
	if err != nil {
		return "", err
	}
	var records int64
	for _, p := range at {
		records += p.last - p.first
	}
	return fmt.Sprintf("%d partitions, offsets hold %d records", len(parts), records), nil
}
