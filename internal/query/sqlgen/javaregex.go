package sqlgen

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// javaRegexp writes a regular expression of RE2 as one of Java's that is found in the same texts: signs by their numbers, classes by their
// ranges, so that nothing depends on what a short form means there. Lines (?m) are refused.
func javaRegexp(pattern string) (string, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", fault.New(fault.Usage, "reading the pattern %q: %w", pattern, err)
	}
	var b strings.Builder
	if op := writeJava(&b, re); op != "" {
		return "", fault.New(fault.Usage, "printing SQL for Spark: %s of the pattern %q has another meaning there", op, pattern).
			WithHint("write the pattern without it, or use like, starts_with, ends_with or contains")
	}
	return b.String(), nil
}

// asciiWord are the signs of words to RE2.
const asciiWord = "[0-9A-Z_a-z]"

// Java's forms of what is no text.
var javaPlaces = map[syntax.Op]string{
	syntax.OpNoMatch: "(?!)", syntax.OpEmptyMatch: "(?:)", syntax.OpBeginText: `\A`, syntax.OpEndText: `\z`,
	syntax.OpAnyCharNotNL: `[^\x{A}]`, syntax.OpAnyChar: `[\x{0}-\x{10FFFF}]`,
	syntax.OpWordBoundary:   "(?:(?<=" + asciiWord + ")(?!" + asciiWord + ")|(?<!" + asciiWord + ")(?=" + asciiWord + "))",
	syntax.OpNoWordBoundary: "(?:(?<=" + asciiWord + ")(?=" + asciiWord + ")|(?<!" + asciiWord + ")(?!" + asciiWord + "))",
}

// writeJava returns what cannot be written, or "".
func writeJava(b *strings.Builder, re *syntax.Regexp) string {
	if s, ok := javaPlaces[re.Op]; ok {
		b.WriteString(s)
		return ""
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			writeSign(b, r, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCharClass:
		b.WriteByte('[')
		for i := 0; i+1 < len(re.Rune); i += 2 {
			fmt.Fprintf(b, `\x{%X}-\x{%X}`, re.Rune[i], re.Rune[i+1])
		}
		b.WriteByte(']')
	case syntax.OpCapture, syntax.OpConcat:
		return writeJavaAll(b, re.Sub, "")
	case syntax.OpAlternate:
		return writeJavaAll(b, re.Sub, "|")
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		if what := writeJavaAll(b, re.Sub, ""); what != "" {
			return what
		}
		b.WriteString(map[syntax.Op]string{syntax.OpStar: "*", syntax.OpPlus: "+", syntax.OpQuest: "?"}[re.Op])
		switch {
		case re.Op == syntax.OpRepeat && re.Max < 0:
			fmt.Fprintf(b, "{%d,}", re.Min)
		case re.Op == syntax.OpRepeat:
			fmt.Fprintf(b, "{%d,%d}", re.Min, re.Max)
		}
	default: // lines, which end by other signs in Java
		return re.String()
	}
	return ""
}

func writeJavaAll(b *strings.Builder, list []*syntax.Regexp, between string) string {
	b.WriteString("(?:")
	for i, re := range list {
		if i > 0 {
			b.WriteString(between)
		}
		if what := writeJava(b, re); what != "" {
			return what
		}
	}
	b.WriteByte(')')
	return ""
}

// writeSign writes a sign, or the signs that are it in another case.
func writeSign(b *strings.Builder, r rune, fold bool) {
	if !fold {
		fmt.Fprintf(b, `\x{%X}`, r)
		return
	}
	fmt.Fprintf(b, `[\x{%X}`, r)
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		fmt.Fprintf(b, `\x{%X}`, f)
	}
	b.WriteByte(']')
}
