package store

import (
	"os"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// scratch is a folder that ends with its use.
type scratch struct{ path string }

func scratchDir(parent string) (*scratch, error) {
	p, err := os.MkdirTemp(parent, "ecomctl-db-")
	if err != nil {
		return nil, fault.New(fault.Full, "making a folder for a copy of the database: %w", err).WithHint("make room, or set tmpdir")
	}
	return &scratch{p}, nil
}

func (s *scratch) remove() { _ = os.RemoveAll(s.path) } // what stays is the system's to clear
