package sqltable

import (
	"encoding/hex"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/expr"
)

// plainText are the types whose values equal a literal whenever their bytes do, under any collation; so an index can find them. ENUM is none: a
// literal of digits may mean the number of a value there.
var plainText = regexp.MustCompile(`^(char|varchar|tinytext|text|mediumtext|longtext)\b`)

// mysqlBytes is a column as the bytes that are read of it; "" where there is no such thing.
func (f *filter) mysqlBytes(c *column) string {
	switch {
	case c.how == asBytes:
		return f.name(c)
	case c.how == asText && (plainText.MatchString(c.declared) || strings.HasPrefix(c.declared, "enum(")):
		return "CAST(CONVERT(" + f.name(c) + " USING utf8mb4) AS BINARY)"
	}
	return ""
}

// mysqlText: equality is the column's own, whose collation takes more texts for equal, but lets an index find them. The rest compares bytes.
func (f *filter) mysqlText(c *column, op expr.Op, s string) string {
	if v, ok := f.mysqlTexts(c, s); ok && op == expr.OpEq {
		return f.name(c) + " = " + v
	}
	x := f.mysqlBytes(c)
	if x == "" {
		return ""
	}
	return x + " " + sign(op) + " " + binaryLiteral(s)
}

func (f *filter) mysqlTexts(c *column, s string) (string, bool) {
	switch {
	case c.how == asBytes:
		return binaryLiteral(s), true
	case c.how == asText && plainText.MatchString(c.declared) && utf8.ValidString(s):
		return textLiteral(s), true
	}
	return "", false
}

// mysqlLike: under every collation a character is like itself. Of bytes the server does not know the characters.
func (f *filter) mysqlLike(c *column, parts []expr.LikePart) string {
	pattern := ""
	for _, p := range parts {
		switch {
		case !p.Wild:
			pattern += strings.NewReplacer("|", "||", "%", "|%", "_", "|_").Replace(p.Text)
		case c.how == asBytes:
			pattern += "%"
		default:
			pattern += p.Text
		}
	}
	if v, ok := f.mysqlTexts(c, pattern); ok {
		return f.name(c) + " LIKE " + v + " ESCAPE '|'"
	}
	return f.name(c) + " IS NOT NULL"
}

// textLiteral is a text in the connection's character set.
func textLiteral(s string) string {
	if readable(s) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return "_utf8mb4 X'" + hex.EncodeToString([]byte(s)) + "'"
}

// binaryLiteral is a text as bytes.
func binaryLiteral(s string) string {
	if readable(s) {
		return "_binary'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return "X'" + hex.EncodeToString([]byte(s)) + "'"
}

// readable texts mean the same in quotes under every setting of a server.
func readable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == '\\' || r == 0x7f || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// mysqlMoment: dates of zeros and such are null when they are read; whether a server takes them for less does not matter.
func (f *filter) mysqlMoment(c *column, op expr.Op, us int64) string {
	if c.how != asDate && c.how != asTime {
		return ""
	}
	t := time.UnixMicro(us).UTC()
	if t.Year() < 1000 || t.Year() > 9999 { // what the server promises to know
		return ""
	}
	return f.name(c) + " " + sign(op) + " TIMESTAMP'" + t.Format("2006-01-02 15:04:05.000000") + "'"
}
