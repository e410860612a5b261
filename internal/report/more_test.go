package report_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/report"
)

// watched counts the splits of each scan and can hide what the engine tells about them.
type watched struct {
	engine.Engine
	hide   bool
	splits []int
}

func (w *watched) Run(ctx context.Context, rel *relation.Relation, plan query.Plan) (*query.Answer, error) {
	w.splits = append(w.splits, len(rel.Fact.Splits()))
	ans, err := w.Engine.Run(ctx, rel, plan)
	if err == nil && w.hide {
		ans.Account.SoldSpans = nil
	}
	return ans, err
}

// TestSecondScanIsSmallAndEqual makes the report with and without leaving splits
// out: the same data, from fewer splits.
func TestSecondScanIsSmallAndEqual(t *testing.T) {
	if testing.Short() {
		t.Skip("half a million rows")
	}
	r := run{shop: generate.Options{Rows: 500_000, Regions: "us", Dirty: 0.01, Seed: 9}, lang: "en"}
	var data [2]bytes.Buffer
	var scans [2][]int
	for i := range data {
		w := &watched{Engine: local.New(local.Options{}), hide: i == 1}
		if err := report.WriteJSON(&data[i], makeDocumentWith(t, r, w)); err != nil {
			t.Fatal(err)
		}
		scans[i] = w.splits
	}
	if !bytes.Equal(data[0].Bytes(), data[1].Bytes()) {
		t.Error("leaving splits out changes the report")
	}
	few, all := scans[0], scans[1]
	if last := len(few) - 1; few[last] >= few[0] || all[len(all)-1] != all[0] {
		t.Errorf("splits read by scan: %v; %v when the engine tells nothing", few, all)
	}
}
