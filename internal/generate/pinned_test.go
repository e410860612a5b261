package generate

import "slices"

// Digests of TestPinned: FNV-1a over the values of the first split.
const (
	pinnedDefault = 0xd561a4905a3a1be4
	pinnedDirty   = 0xeacd7ceac8d38468
	pinnedChinese = 0x9013e6ce068aceb8
)

func sortFloats(v []float64) { slices.Sort(v) }
