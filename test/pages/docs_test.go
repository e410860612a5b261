package pages_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

// TestDocs executes the commands of docs/pages.md, in order, on free ports.
func TestDocs(t *testing.T) {
	root := harness.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "pages.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, testdata(t, "shop.csv"))
	p := newPrometheus(t, strings.TrimPrefix(s.Monitor, "http://"), filepath.Join(root, "examples", "prometheus", "rules.yml"))
	needPromtool(t, p)
	body(t, s.URL+"/") // loaded
	own := strings.NewReplacer("http://127.0.0.1:5000", s.URL, "http://127.0.0.1:8000", s.Monitor, "http://127.0.0.1:19090", p.URL,
		"testdata/", filepath.Join(root, "testdata")+"/", "examples/", filepath.Join(root, "examples")+"/", "scripts/", filepath.Join(root, "scripts")+"/")
	script := "set -euo pipefail\n"
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	for _, b := range blocks {
		for _, line := range strings.Split(strings.TrimSpace(b[1]), "\n") {
			if strings.HasPrefix(line, "ecomctl serve ") { // runs already, on other ports
				continue
			}
			script += own.Replace(line) + "\n"
		}
	}
	dir := t.TempDir()
	c := exec.Command("bash", "-c", script)
	c.Dir, c.Env = dir, p.env
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\nof\n%s", err, out, script)
	}
	for file, want := range map[string]string{"sales.html": "orders", "customers.html": "zh-CN", "regions.csv": "region,revenue", "mapping.html": "map.order_id", "report.html": "40 rows in",
		"rejects.csv": "_reason", "other-mapping.html": "40 rows in", "metrics.txt": "total_sales{", "answer.json": `"success"`} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s has no %s: %v", file, want, err)
		}
	}
	if len(blocks) < 6 {
		t.Errorf("%d blocks of commands", len(blocks))
	}
}
