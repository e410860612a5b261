package sqlio_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

var block = regexp.MustCompile("(?s)```sh\n(.*?)```")

// docs runs the commands of docs/sql.md: the page's server is the test's.
func docs(t *testing.T, s *mariadb.Server) {
	page, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", "sql.md"))
	if err != nil {
		t.Fatal(err)
	}
	u := s.Database("docs")
	dir := t.TempDir()
	var script strings.Builder
	script.WriteString("set -eu\n")
	blocks := block.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	for _, b := range blocks {
		script.WriteString(b[1])
	}
	text := strings.NewReplacer("127.0.0.1:13306/shop", u.Address()+"/"+u.Database).Replace(script.String())
	c := exec.Command("bash", "-c", text)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(harness.Binary(t))+string(os.PathListSeparator)+os.Getenv("PATH"), "XDG_CONFIG_HOME="+dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := one(t, connect(t, secret(u, s.Port)), "SELECT GROUP_CONCAT(table_name ORDER BY table_name) FROM information_schema.tables WHERE table_schema = DATABASE()"); got != "orders,segments" {
		t.Errorf("tables %s", got)
	}
}
