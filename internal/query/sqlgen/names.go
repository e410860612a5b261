package sqlgen

import (
	"strconv"
	"strings"
)

// names gives out names that differ from each other whatever their case, as
// most databases compare them.
type names struct{ used map[string]bool }

func fold(s string) string { return strings.ToLower(s) }

// reserve marks a name as taken.
func (n *names) reserve(s ...string) {
	if n.used == nil {
		n.used = map[string]bool{}
	}
	for _, s := range s {
		n.used[fold(s)] = true
	}
}

// fresh returns hint, or hint with a number behind it, and takes it; names that
// avoid holds are passed over. Zero bytes and quotes are dropped, for the name is ours.
func (n *names) fresh(hint string, avoid ...*names) string {
	hint = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' || r == '`' || r == 0xfffd {
			return '_'
		}
		return r
	}, hint)
	if r := []rune(hint); len(r) > 40 {
		hint = string(r[:40])
	}
	name := hint
	for i := 2; n.has(name) || len(avoid) > 0 && avoid[0].has(name); i++ {
		name = hint + "_" + strconv.Itoa(i)
	}
	n.reserve(name)
	return name
}

func (n *names) has(name string) bool { return n.used[fold(name)] }
