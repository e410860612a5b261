package local_test

import (
	"testing"

	"github.com/ecomctl/ecomctl/internal/engine/local"
)

func TestExplainReport(t *testing.T) {
	text, err := local.New(local.Options{Threads: 2}).Explain(benchRelation(t), reportPlan())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(text)
}
