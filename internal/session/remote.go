package session

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Remote is an engine away from this machine, which sees its inputs itself.
type Remote interface {
	// Open describes inputs as the engine sees them; their rows stay there.
	Open(ctx context.Context, uris []string) (source.Dataset, error)
	// Engine answers questions about what Open described.
	Engine() engine.Engine
}

// Asked returns the engine that answers this session's questions: the host's remote one where it has
// one, else the local one.
func (s *Session) Asked() (engine.Engine, error) {
	if s.host.Remote != nil {
		return s.host.Remote.Engine(), nil
	}
	return s.Engine()
}
