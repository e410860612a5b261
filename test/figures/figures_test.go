package figures

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	const text = "# Page\n\n<!-- begin a -->\nold\n<!-- end a -->\n\n<!-- begin b -->\ntail\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(page, "a", "new\n"); err != nil {
		t.Fatal(err)
	}
	for _, missing := range []string{"b", "c"} {
		if err := Write(page, missing, "new\n"); err == nil {
			t.Errorf("section %s has no end or is not there: must be an error", missing)
		}
	}
	got, err := os.ReadFile(page)
	if want := "# Page\n\n<!-- begin a -->\nnew\n<!-- end a -->\n\n<!-- begin b -->\ntail\n"; err != nil || string(got) != want {
		t.Errorf("%v %q", err, got)
	}
}
