package term

import (
	"fmt"
	"unicode/utf8"
)

// Show draws a text of the caller's own, for work that is not counted in bytes. Done clears it.
func (p *Progress) Show(text string) {
	if p == nil || p.W == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.Now(); now.Sub(p.drawn) >= redraw {
		p.drawn = now
		const width = 100 // a longer line would not be rewritten in place
		for utf8.RuneCountInString(text) > width {
			_, n := utf8.DecodeLastRuneInString(text)
			text = text[:len(text)-n]
		}
		fmt.Fprintf(p.W, "\r\x1b[K%s", text)
	}
}
