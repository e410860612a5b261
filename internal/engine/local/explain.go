package local

import (
	"fmt"
	"strings"

	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Explain implements engine.Engine.
func (e *Engine) Explain(rel *relation.Relation, plan query.Plan) (string, error) {
	p, err := build(rel, plan, attemptOptions{})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "one scan of %d splits by %d threads\n", len(rel.Fact.Splits()), threadsOr(e.opt.Threads))
	fmt.Fprintf(&b, "columns: %s\n", strings.Join(p.need, ", "))
	return b.String(), nil
}
