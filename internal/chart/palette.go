package chart

// Theme gives every colour token a value.
type Theme map[string]string

// Tokens lists the colour tokens in a fixed order: surfaces and text, then six
// series colours ("other" is the grey of what is left), then the ordered scale
// from little to much, then signs of change.
var Tokens = []string{
	"bg", "panel", "weekend", "ink", "muted", "line", "grid", "axis", "shade", "empty",
	"s1", "s2", "s3", "s4", "s5", "other",
	"o1", "o2", "o3", "o4", "o5", "o6", "onPale", "onDeep", "hatch", "hatchPale",
	"link", "good", "bad", "warn", "focus",
}

// Light and Dark are the two themes. Text passes WCAG AA (4.5:1) on its ground,
// marks pass 3:1, and the series colours stay apart for red-, green- and blue-blind
// readers; palette_test.go computes all of it.
var (
	Light = Theme{
		"bg": "#ffffff", "panel": "#ffffff", "weekend": "#e3e8ee", "ink": "#16191d", "muted": "#59616b", "line": "#dfe3e8", "grid": "#eceff2",
		"axis": "#9aa3ad", "shade": "#f3f5f7", "empty": "#f3f5f7",
		"s1": "#1f5fa8", "s2": "#c4561a", "s3": "#2a9187", "s4": "#8a1c6a", "s5": "#5e4e08", "other": "#858d97",
		"o1": "#eaf2fb", "o2": "#c6ddf2", "o3": "#93bde4", "o4": "#3876b6", "o5": "#1f5fa8", "o6": "#123d73",
		"onPale": "#16191d", "onDeep": "#ffffff", "hatch": "rgba(255,255,255,.38)", "hatchPale": "rgba(31,95,168,.22)",
		"link": "#1a56a0", "good": "#0b6b55", "bad": "#a8321a", "warn": "#7a5200", "focus": "#1a56a0",
	}
	Dark = Theme{
		"bg": "#14171b", "panel": "#1c2026", "weekend": "#2a3139", "ink": "#eceff3", "muted": "#a4adb8", "line": "#30363e", "grid": "#252a31",
		"axis": "#6b7480", "shade": "#1e2329", "empty": "#1e2329",
		"s1": "#6fa8e8", "s2": "#f0945a", "s3": "#63d9c0", "s4": "#c45cb8", "s5": "#ecdc6a", "other": "#8a939e",
		"o1": "#1d2d42", "o2": "#25466c", "o3": "#2f6199", "o4": "#6fa8e8", "o5": "#9cc5f2", "o6": "#d3e6fb",
		"onPale": "#eceff3", "onDeep": "#0d1116", "hatch": "rgba(20,23,27,.38)", "hatchPale": "rgba(156,197,242,.25)",
		"link": "#8bbcf3", "good": "#5fd0b5", "bad": "#ff9a80", "warn": "#e6bb5c", "focus": "#8bbcf3",
	}
)
