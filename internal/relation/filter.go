package relation

import (
	"github.com/ecomctl/ecomctl/internal/fault"
)

type filter struct{}

func (b *builder) compileFilter(r Rule) (*filter, error) {
	return nil, fault.New(fault.Usage, "rule %s: expressions are not compiled yet", r.Name)
}

func (f *filter) mask(*Worker, []uint64) bool { return false }
