// Package figures puts what was measured into the pages of docs/, between the marks of a section:
//
//	<!-- begin basket -->
//	<!-- end basket -->
//
// so that a figure in a page is always one that a make target has written there.
package figures

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

var lock sync.Mutex

// Write puts body between the marks of a section of a page; the page is replaced as a whole. A page without
// the marks is an error. It may be called from several goroutines.
func Write(page, section, body string) error {
	lock.Lock()
	defer lock.Unlock()
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	text, err := replace(string(old), section, body)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	if text == string(old) {
		return nil
	}
	part := page + ".part"
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil { //nolint:gosec // documentation is for everybody
		return err
	}
	return os.Rename(part, page)
}

// replace puts body between the marks of a section of a text.
func replace(text, section, body string) (string, error) {
	begin, end := "<!-- begin "+section+" -->\n", "<!-- end "+section+" -->"
	before, rest, begins := strings.Cut(text, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", fmt.Errorf("no section %s: it stands between %q and %q", section, begin, end)
	}
	return before + begin + body + end + after, nil
}
