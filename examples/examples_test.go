// Package examples runs the scripts of this folder, so that none of them can rot.
package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// TestScripts runs every script with the built program first in PATH.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is missing")
	}
	scripts, err := filepath.Glob("*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	scripts = append(scripts, filepath.Join("shop", "nightly.sh"))
	bin := t.TempDir()
	if err := os.Symlink(harness.Binary(t), filepath.Join(bin, "ecomctl")); err != nil {
		t.Skipf("links are missing: %v", err)
	}
	// what the output of a script must hold
	want := map[string]string{
		"first-look.sh": "column,type,rows,nulls",
		"clean.sh":      "_reason,_file,_row",
		"validate.sh":   "exit code 3",
		"questions.sh":  "date,revenue,orders,aov",
		"pipes.sh":      "customer_id,recency_days",
		"folders.sh":    "2024-03",
		"report.sh":     "report-zh.html",
		"nightly.sh":    "done: clean and validate ended with 0, alert with 0",
	}
	for _, script := range scripts {
		t.Run(script, func(t *testing.T) {
			cmd := exec.Command("bash", script)
			cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "OUT="+t.TempDir(), "ECOMCTL_NOW="+harness.Now, "XDG_CONFIG_HOME="+os.DevNull, "XDG_STATE_HOME="+os.DevNull, "SINCE=2024-12-24")
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, stdout.String(), stderr.String())
			}
			if w, ok := want[filepath.Base(script)]; !ok || !strings.Contains(stdout.String(), w) {
				t.Errorf("%q is not in\n%s", w, stdout.String())
			}
		})
	}
}

// TestSettings: the example settings and rules are right, and the settings are used.
func TestSettings(t *testing.T) {
	harness.Must(t, "shop", "config", "check")
	shown := string(harness.Must(t, "shop", "config", "show", "--format", "csv"))
	if !strings.Contains(shown, "tz,America/Sao_Paulo,ecomctl.yaml:4") {
		t.Errorf("%s", shown)
	}
	harness.Must(t, "shop", "validate") // input and rules from the file
}
