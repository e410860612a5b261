package sqlgen

import "testing"

// Java's form says by numbers what RE2's says by short forms and flags.
func TestJavaRegexp(t *testing.T) {
	for pattern, want := range map[string]string{
		`^a.$`:       `(?:\A\x{61}[^\x{A}]\z)`,
		`(?s)a.|\d+`: `(?:(?:\x{61}[\x{0}-\x{10FFFF}])|(?:[\x{30}-\x{39}])+)`,
		`(?i)k`:      `[\x{4B}\x{6B}\x{212A}]`, // the sign of Kelvin is a k
		`[^x]{2,}?`:  `(?:[\x{0}-\x{77}\x{79}-\x{10FFFF}]){2,}`,
		`(é|🛒){1,3}`: `(?:(?:[\x{E9}-\x{E9}\x{1F6D2}-\x{1F6D2}])){1,3}`,
	} {
		got, err := javaRegexp(pattern)
		if err != nil || got != want {
			t.Errorf("%s is %s, want %s; %v", pattern, got, want, err)
		}
	}
	for _, pattern := range []string{`(?m)^a`, `(?m)a$`} {
		if got, err := javaRegexp(pattern); err == nil {
			t.Errorf("%s is %s", pattern, got)
		}
	}
}
