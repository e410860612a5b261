package examples

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/harness"
)

// TestAirflow runs the DAG of the nightly round as `airflow dags test` does: once with data that keep the rules, and
// once with data that break one: its exit code 3 fails the run and keeps the import away, while the report is made.
func TestAirflow(t *testing.T) {
	root := harness.Root(t)
	services := os.Getenv("SERVICES_DIR")
	if services == "" {
		services = filepath.Join(root, ".services")
	}
	if _, err := os.Stat(filepath.Join(services, "venv-airflow", "bin", "airflow")); err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("Airflow is not installed: %v", err)
		}
		t.Skip("Airflow is not installed: bash scripts/services/airflow/install.sh")
	}
	// the shop's folder as it lies in the tree: its rules name a file of testdata
	tree := t.TempDir()
	shop := filepath.Join(tree, "examples", "shop")
	if err := os.MkdirAll(shop, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "testdata"), filepath.Join(tree, "testdata")); err != nil {
		t.Skipf("links are missing: %v", err)
	}
	put := func(name string, from ...string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(append([]string{root}, from...)...))
		if err == nil {
			err = os.WriteFile(filepath.Join(shop, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	rules := put("rules.yaml", "examples", "shop", "rules.yaml")
	put("orders.csv", "testdata", "shop.csv")
	run := func(date string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bash", filepath.Join(root, "scripts", "services", "airflow", "run.sh"), "airflow", "ecomctl_nightly", date)
		cmd.Env = append(os.Environ(), "SERVICES_DIR="+services, "ECOMCTL_BIN="+harness.Binary(t), "ECOMCTL_SHOP="+shop,
			"ECOMCTL_RETRIES=0", "ECOMCTL_NOW="+harness.Now, "XDG_CONFIG_HOME="+os.DevNull, "XDG_STATE_HOME="+os.DevNull)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("2024-12-31"); err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	for _, name := range []string{"out/orders.parquet", "out/2024-12-31/report.html", "out/2024-12-31/alerts.csv", "out/2024-12-31/backup.zip", "shop.db"} {
		if st, err := os.Stat(filepath.Join(shop, name)); err != nil || st.Size() == 0 {
			t.Errorf("%s is missing after the round: %v", name, err)
		}
	}
	strict := strings.TrimRight(string(rules), "\n") + "\n  - name: nobody_buys\n    column: quantity\n    type: range\n    max: 0\n    severity: error\n"
	if err := os.WriteFile(filepath.Join(shop, "rules.yaml"), []byte(strict), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(shop, "shop.db")); err != nil {
		t.Fatal(err)
	}
	out, err := run("2025-01-01")
	if err == nil {
		t.Fatal("data that break a rule did not fail the run")
	}
	if !strings.Contains(out, "exit code 3") {
		t.Errorf("the rule's exit code is not in\n%s", tail(out))
	}
	if _, err := os.Stat(filepath.Join(shop, "out", "2025-01-01", "report.html")); err != nil {
		t.Errorf("the report is missing: %v", err)
	}
	if _, err := os.Stat(filepath.Join(shop, "shop.db")); err == nil {
		t.Error("broken data were imported")
	}
}

// tail is the end of a long output.
func tail(s string) string { return s[max(0, len(s)-4000):] }
