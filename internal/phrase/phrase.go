// Package phrase writes the words and figures of reports: numbers, money, dates
// and the sentences that lead a section, in English and Chinese.
//
// Sentences are made by rules from facts that a table holds; they state a finding
// with its number and its cause, hedge when the data is thin, and never praise.
package phrase

import "strings"

// Thin is the number of orders below which a change is not interpreted: the
// standard error of a count of 30 is already 18 % of it.
const Thin = 30

// Printer writes for one language and one currency. The zero value writes
// English without a currency sign.
type Printer struct {
	Lang     string // "en" or "zh"
	Currency string // ISO 4217 code or any label; "" = none
}

// ZH reports whether the printer writes Chinese.
func (p Printer) ZH() bool { return p.Lang == "zh" }

// Pick returns the text of the printer's language; Chinese is spaced around
// Latin words.
func (p Printer) Pick(en, zh string) string {
	if p.ZH() {
		return Spaced(zh)
	}
	return en
}

// signs are the currency signs of the codes that have an unambiguous or usual one.
var signs = map[string]string{
	"GBP": "£", "USD": "$", "EUR": "€", "CNY": "¥", "RMB": "¥", "JPY": "¥", "BRL": "R$", "INR": "₹", "KRW": "₩",
	"AUD": "A$", "CAD": "C$", "HKD": "HK$", "TWD": "NT$", "SGD": "S$", "NZD": "NZ$", "MXN": "MX$", "VND": "₫",
	"PHP": "₱", "TRY": "₺", "UAH": "₴", "NGN": "₦", "ILS": "₪", "THB": "฿",
}

// Sign returns what stands before an amount: "£", "CHF " (with a no-break
// space), or "".
func (p Printer) Sign() string {
	if p.Currency == "" {
		return ""
	}
	if s, ok := signs[strings.ToUpper(p.Currency)]; ok {
		return s
	}
	return p.Currency + nbsp
}

// Join writes "a, b and c".
func (p Printer) Join(items []string) string {
	sep, last := ", ", " and "
	if p.ZH() {
		sep, last = "、", "和"
	}
	switch n := len(items); n {
	case 0:
		return ""
	case 1:
		return items[0]
	default:
		return strings.Join(items[:n-1], sep) + last + items[n-1]
	}
}

// Name makes a name from the data fit for running text: control and
// bidirectional characters become spaces, and what is longer than max runes is cut with "…".
func Name(s string, max int) string {
	var b strings.Builder
	n := 0
	space := true // drops leading and repeated blanks
	for _, r := range s {
		if unsafeRune(r) || r == ' ' {
			if space {
				continue
			}
			space = true
			r = ' '
		} else {
			space = false
		}
		if n == max {
			return strings.TrimRight(b.String(), " ") + "…"
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimRight(b.String(), " ")
}

// unsafeRune reports characters that change how text around them is shown:
// controls, line separators, zero-width marks and bidirectional overrides.
func unsafeRune(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0xfffd,
		r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
		r == 0x061c, r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r == 0xad, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}
