package serve_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

// TestFuzz lets schemathesis send generated requests to every path for as many seconds as
// ECOMCTL_API_FUZZ says: `make api-fuzz`. No answer may be a 5xx or break the document.
func TestFuzz(t *testing.T) {
	seconds := os.Getenv("ECOMCTL_API_FUZZ")
	if seconds == "" {
		t.Skip("ECOMCTL_API_FUZZ=SECONDS runs it: make api-fuzz")
	}
	s := start(t, "shop.csv", "--events", "clicks.csv", "--root", ".")
	c := exec.Command("bash", filepath.Join(harness.Root(t), "scripts", "serve", "fuzz.sh"), "http://"+s.addr, seconds)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	s.ok("/api/v1/sales/daily")
	found := func(pattern string) string {
		m := regexp.MustCompile(pattern).FindSubmatch(out)
		if m == nil {
			t.Fatalf("schemathesis does not tell %s", pattern)
		}
		return string(m[1])
	}
	write(t, "fuzz", fmt.Sprintf("%s operations, %s requests in %s seconds: no 5xx, no answer that the document does not allow, no wrong request that was taken (schemathesis %s, seed %s).\n",
		found(`Tested: (\d+)`), found(`(\d+) generated, \d+ passed`), seconds, found(`Schemathesis v([\d.]+)`), found(`Seed: (\d+)`)))
}
