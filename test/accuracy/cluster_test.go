package accuracy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/accuracy/table"
	"github.com/ecomctl/ecomctl/test/harness"
)

// TestCluster compares the inertia that 20 starts find on public tables with that of 50 starts of
// scikit-learn 1.9.1 and faiss 1.15.1, as peers/cluster_kmeans.py prints them.
func TestCluster(t *testing.T) {
	shoppers := "Administrative,Administrative_Duration,Informational,Informational_Duration,ProductRelated,ProductRelated_Duration,BounceRates,ExitRates,PageValues,SpecialDay"
	var rows [][]string
	for _, c := range []struct {
		name, file, columns string
		k                   int
		sklearn, faiss      float64
	}{
		{"Online Shoppers, 12,330 × 10", "data/online_shoppers/online_shoppers_intention.csv", shoppers, 3, 67096.0120, 67096.0132},
		{"Online Shoppers, 12,330 × 10", "data/online_shoppers/online_shoppers_intention.csv", shoppers, 6, 37191.2389, 37191.2441},
		{"Online Shoppers, 12,330 × 10", "data/online_shoppers/online_shoppers_intention.csv", shoppers, 10, 27068.6440, 27068.5197},
		{"CDNOW customers, 2,357 × 3", "data/cdnow/cdnow_customers_summary.csv", "frequency,recency,T", 3, 2107.6907, 2107.6907},
		{"CDNOW customers, 2,357 × 3", "data/cdnow/cdnow_customers_summary.csv", "frequency,recency,T", 6, 967.8554, 967.9382},
		{"CDNOW customers, 2,357 × 3", "data/cdnow/cdnow_customers_summary.csv", "frequency,recency,T", 10, 593.5135, 593.8306},
	} {
		file := harness.Shared(t, c.file)
		inertia := func(k int) (sum float64) {
			a := ask(t, "cluster", file, "--table", "table", "--features", c.columns, "--scale", "log", "--k", fmt.Sprint(k), "--starts", "20")
			for i := range a.rows {
				d := a.number(t, i, "distance")
				sum += d * d
			}
			return sum
		}
		got := inertia(c.k)
		if best := min(c.sklearn, c.faiss); got > best*1.001 {
			t.Errorf("%s, k %d: inertia %.4f, the peers have %.4f", c.name, c.k, got, best)
		}
		rows = append(rows, []string{c.name, fmt.Sprint(c.k), table.Num(c.sklearn, 2), table.Num(c.faiss, 2), table.Num(got, 2),
			table.Num(100*(got/min(c.sklearn, c.faiss)-1), 3) + " %", table.Num(inertia(1), 2)})
	}
	table.Section(t, "cluster", strings.Split("data|k|scikit-learn 1.9.1|faiss 1.15.1|ecomctl|above the better|one cluster", "|"), rows)
}
