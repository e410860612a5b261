package collect

import (
	"path/filepath"
	"regexp"
	"strings"
)

const packedSuffix = ".gz"

var (
	// what log rotation puts behind a name: .1, -20261122, .2026-11-22T10:00, .old, ~
	rotated = regexp.MustCompile(`^(?:[-._][-._0-9T:]*[0-9]|\.(?:old|prev|bak)|~)$`)
	// or before its extension: orders-20261122.log
	numbered = regexp.MustCompile(`^[-._][-._0-9T:]*[0-9]$`)
)

// family reports whether a name is what rotation makes of the file base.
func family(base, name string) bool {
	name = strings.TrimSuffix(name, packedSuffix)
	if rest, ok := strings.CutPrefix(name, base); ok {
		return rotated.MatchString(rest)
	}
	ext := filepath.Ext(base)
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	if middle, of := strings.CutSuffix(rest, ext); ok && of && ext != "" {
		return numbered.MatchString(middle)
	}
	return false
}

// isPacked reports whether a file is read through gzip.
func isPacked(path string) bool { return strings.HasSuffix(path, packedSuffix) }
