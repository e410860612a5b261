package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// rgb parses #rrggbb to 0..1.
func rgb(t *testing.T, hex string) [3]float64 {
	t.Helper()
	var c [3]float64
	for i := range c {
		v, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatalf("colour %q: %v", hex, err)
		}
		c[i] = float64(v) / 255
	}
	return c
}

// linear undoes the sRGB transfer curve (IEC 61966-2-1).
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// contrast is WCAG 2.2's ratio of relative luminances.
func contrast(a, b [3]float64) float64 {
	lum := func(c [3]float64) float64 {
		return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
	}
	x, y := lum(a), lum(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// Simulations of full colour blindness on linear RGB: Machado, Oliveira & Fernandes
// (2009), A Physiologically-based Model for Simulation of Color Vision Deficiency,
// table for severity 1.0.
var blindness = map[string][3][3]float64{
	"none":   {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protan": {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deutan": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritan": {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// lab converts linear sRGB (D65) to CIE L*a*b*.
func lab(c [3]float64) [3]float64 {
	x := (0.4124564*c[0] + 0.3575761*c[1] + 0.1804375*c[2]) / 0.95047
	y := 0.2126729*c[0] + 0.7151522*c[1] + 0.0721750*c[2]
	z := (0.0193339*c[0] + 0.1191920*c[1] + 0.9503041*c[2]) / 1.08883
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	return [3]float64{116*f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))}
}

// seen returns the colour as a reader with the deficiency sees it, in L*a*b*.
func seen(c [3]float64, m [3][3]float64) [3]float64 {
	l := [3]float64{linear(c[0]), linear(c[1]), linear(c[2])}
	var out [3]float64
	for i := range out {
		out[i] = math.Min(1, math.Max(0, m[i][0]*l[0]+m[i][1]*l[1]+m[i][2]*l[2]))
	}
	return lab(out)
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

func themes(t *testing.T, f func(t *testing.T, theme Theme)) {
	for name, theme := range map[string]Theme{"light": Light, "dark": Dark} {
		t.Run(name, func(t *testing.T) { f(t, theme) })
	}
}

func TestThemesAreWhole(t *testing.T) {
	themes(t, func(t *testing.T, theme Theme) {
		for _, k := range Tokens {
			if v := theme[k]; !strings.HasPrefix(v, "#") && !strings.HasPrefix(v, "rgba(") {
				t.Errorf("token %s is %q", k, v)
			}
		}
		if len(theme) != len(Tokens) {
			t.Errorf("%d colours, %d tokens", len(theme), len(Tokens))
		}
	})
}

// TestContrast holds text to 4.5:1 and marks to 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	themes(t, func(t *testing.T, theme Theme) {
		need := func(fore, back string, least float64) {
			if got := contrast(rgb(t, theme[fore]), rgb(t, theme[back])); got < least {
				t.Errorf("%s on %s: %.2f, want %.1f", fore, back, got, least)
			}
		}
		for _, ground := range []string{"bg", "panel", "shade"} {
			for _, text := range []string{"ink", "muted", "link", "good", "bad", "warn"} {
				need(text, ground, 4.5)
			}
		}
		need("focus", "bg", 3)
		for _, mark := range []string{"s1", "s2", "s3", "s4", "s5", "other"} {
			need(mark, "bg", 3)
		}
		need("muted", "empty", 4.5)
		for i := range levels {
			fill, text := levelColor((float64(i) + 0.5) / levels)
			need(text[1:], fill[1:], 4.5)
		}
	})
}

// TestColourBlindReaders keeps series apart (ΔE*ab ≥ 12) and the ordered scale
// ordered in lightness, however the reader sees colours.
func TestColourBlindReaders(t *testing.T) {
	series := []string{"s1", "s2", "s3", "s4", "s5"}
	themes(t, func(t *testing.T, theme Theme) {
		for kind, m := range blindness {
			for i, a := range series {
				for _, b := range series[i+1:] {
					if d := distance(seen(rgb(t, theme[a]), m), seen(rgb(t, theme[b]), m)); d < 12 {
						t.Errorf("%s: %s and %s are %.1f apart", kind, a, b, d)
					}
				}
			}
			// the two colours of gains and losses carry meaning: further apart
			if d := distance(seen(rgb(t, theme["s1"]), m), seen(rgb(t, theme["s2"]), m)); d < 40 {
				t.Errorf("%s: gains and losses are %.1f apart", kind, d)
			}
			last := math.NaN()
			for i := range levels {
				l := seen(rgb(t, theme[fmt.Sprintf("o%d", i+1)]), m)[0]
				if i > 0 && math.Abs(l-last) < 5 {
					t.Errorf("%s: o%d and o%d differ by %.1f in lightness", kind, i, i+1, math.Abs(l-last))
				}
				last = l
			}
		}
	})
}
