package accuracy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/accuracy/table"
	"github.com/ecomctl/ecomctl/test/harness"
)

// TestRecommend compares nDCG@10 on every customer's last order with implicit 0.7.3 on the same split,
// as peers/recommend_implicit.py prints it (ALS: the best of its seeds 1 to 3).
func TestRecommend(t *testing.T) {
	type data struct {
		name, preset, file string
		rebuy              bool
		itemknn, als       float64
	}
	var rows [][]string
	measure := func(d data) {
		for _, method := range []struct {
			name string
			peer float64
		}{{"itemknn", d.itemknn}, {"als", d.als}} {
			args := []string{"recommend", d.file, "--preset", d.preset, "--method", method.name, "--evaluate", "--intervals"}
			if d.rebuy {
				args = append(args, "--rebuy")
			}
			a := ask(t, args...)
			at := func(name string) int {
				return slices.IndexFunc(a.rows, func(r []string) bool { return r[0] == name })
			}
			own, popular := at(method.name), at("popular")
			got := a.number(t, own, "ndcg")
			if got < method.peer {
				t.Errorf("%s, %s: nDCG@10 %.4f, implicit has %.4f", d.name, method.name, got, method.peer)
			}
			rows = append(rows, []string{d.name, method.name, table.Num(method.peer, 4), table.Num(got, 4),
				table.Num(a.number(t, own, "ndcg_lo"), 4) + "–" + table.Num(a.number(t, own, "ndcg_hi"), 4), table.Num(a.number(t, popular, "ndcg"), 4)})
		}
	}
	retail := harness.Shared(t, "data/online_retail/online_retail_first_240007_all_columns.parquet")
	journey := harness.Services(t, "data/complete-journey/transactions.parquet")
	measure(data{"Online Retail, new products", "online-retail", retail, false, .0673, .0925})
	measure(data{"Online Retail, all products", "online-retail", retail, true, .2163, .2416})
	measure(data{"The Complete Journey, new products", "complete-journey", journey, false, .0098, .0181})
	measure(data{"The Complete Journey, all products", "complete-journey", journey, true, .0562, .0929})
	table.Section(t, "recommend", strings.Split("data|method|implicit 0.7.3|ecomctl|95 % interval|popular", "|"), rows)
}
