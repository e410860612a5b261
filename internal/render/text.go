package render

import (
	"bufio"
	"bytes"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
)

// writeCSV writes RFC 4180: fields are quoted only when they must be; an empty
// text is quoted so that it differs from null.
func writeCSV(w *bufio.Writer, t *result.Table, o Options, sep byte) error {
	if o.Header {
		for i := range t.Columns {
			if i > 0 {
				w.WriteByte(sep)
			}
			writeField(w, []byte(t.Columns[i].Name), sep)
		}
		w.WriteByte('\n')
	}
	var buf []byte
	for r := range t.N {
		for i := range t.Columns {
			c := &t.Columns[i]
			if i > 0 {
				w.WriteByte(sep)
			}
			if c.Data.IsNull(r) {
				continue
			}
			if c.Type == expr.Text {
				writeField(w, c.Data.Str(r), sep)
				continue
			}
			buf = appendPlain(buf[:0], c, r, o.Zone)
			w.Write(buf)
		}
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

// writeField quotes a text field where RFC 4180 asks for it.
func writeField(w *bufio.Writer, s []byte, sep byte) {
	if len(s) > 0 && bytes.IndexByte(s, sep) < 0 && !bytes.ContainsAny(s, "\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		w.Write(s)
		return
	}
	w.WriteByte('"')
	for len(s) > 0 {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			break
		}
		w.Write(s[:i])
		w.WriteString(`""`)
		s = s[i+1:]
	}
	w.Write(s)
	w.WriteByte('"')
}

var tsvEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// writeTSV writes tab-separated values with backslash escapes (IANA text/tab-separated-values
// allows no tab inside a field); null is an empty field.
func writeTSV(w *bufio.Writer, t *result.Table, o Options) error {
	if o.Header {
		w.WriteString(strings.Join(t.Names(), "\t") + "\n")
	}
	var buf []byte
	for r := range t.N {
		for i := range t.Columns {
			c := &t.Columns[i]
			if i > 0 {
				w.WriteByte('\t')
			}
			if c.Data.IsNull(r) {
				continue
			}
			buf = appendPlain(buf[:0], c, r, o.Zone)
			if c.Type == expr.Text {
				tsvEscapes.WriteString(w, string(buf))
			} else {
				w.Write(buf)
			}
		}
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes one array of objects, one object a line.
func writeJSON(w *bufio.Writer, t *result.Table, o Options) error {
	w.WriteString("[")
	keys := jsonKeys(t)
	var buf []byte
	for r := range t.N {
		buf = buf[:0]
		if r > 0 {
			buf = append(buf, ',')
		}
		buf = appendObject(append(buf, '\n'), t, keys, r, o)
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	if t.N > 0 {
		w.WriteByte('\n')
	}
	_, err := w.WriteString("]\n")
	return err
}

// writeNDJSON writes one object a line.
func writeNDJSON(w *bufio.Writer, t *result.Table, o Options) error {
	keys := jsonKeys(t)
	var buf []byte
	for r := range t.N {
		buf = append(appendObject(buf[:0], t, keys, r, o), '\n')
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

func jsonKeys(t *result.Table) [][]byte {
	keys := make([][]byte, len(t.Columns))
	for i := range t.Columns {
		keys[i] = append(appendJSONString(nil, []byte(t.Columns[i].Name)), ':')
	}
	return keys
}

func appendObject(dst []byte, t *result.Table, keys [][]byte, r int, o Options) []byte {
	dst = append(dst, '{')
	for i := range t.Columns {
		c := &t.Columns[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, keys[i]...)
		switch {
		case c.Data.IsNull(r):
			dst = append(dst, "null"...)
		case c.Type == expr.Text:
			dst = appendJSONString(dst, c.Data.Str(r))
		case c.Type == expr.Time || c.Type == expr.Date:
			dst = append(appendPlain(append(dst, '"'), c, r, o.Zone), '"')
		default:
			dst = appendPlain(dst, c, r, o.Zone)
		}
	}
	return append(dst, '}')
}

// appendJSONString quotes s; bytes that are not UTF-8 become U+FFFD, and < > & are escaped
// so that the text is harmless inside a page.
func appendJSONString(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		b := s[i]
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b == '\n':
			dst = append(dst, `\n`...)
		case b == '\t':
			dst = append(dst, `\t`...)
		case b == '\r':
			dst = append(dst, `\r`...)
		case b < 0x20 || b == '<' || b == '>' || b == '&' || b == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		case b < utf8.RuneSelf:
			dst = append(dst, b)
		default:
			r, n := utf8.DecodeRune(s[i:])
			if r == '\u2028' || r == '\u2029' {
				dst = append(dst, `\u202`...)
				dst = append(dst, hex[r&15])
			} else {
				dst = utf8.AppendRune(dst, r)
			}
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "&", "&amp;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`)

// writeMarkdown writes a pipe table; numbers are right-aligned.
func writeMarkdown(w *bufio.Writer, t *result.Table, o Options) error {
	for i := range t.Columns {
		w.WriteString("| " + markdownEscapes.Replace(Clean(t.Columns[i].Name)) + " ")
	}
	w.WriteString("|\n")
	for i := range t.Columns {
		if numeric(t.Columns[i].Type) {
			w.WriteString("|---:")
		} else {
			w.WriteString("|---")
		}
	}
	w.WriteString("|\n")
	for r := range t.N {
		for i := range t.Columns {
			w.WriteString("| " + markdownEscapes.Replace(human(&t.Columns[i], r, o)) + " ")
		}
		if _, err := w.WriteString("|\n"); err != nil {
			return err
		}
	}
	return nil
}

// writeHTML writes a plain, self-contained page with one table.
func writeHTML(w *bufio.Writer, t *result.Table, o Options) error {
	w.WriteString("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>" + html.EscapeString(t.Name) +
		"</title>\n<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem}table{border-collapse:collapse;font-variant-numeric:tabular-nums}" +
		"th,td{padding:.3rem .8rem;border-bottom:1px solid #ddd;text-align:left}.n{text-align:right}</style>\n<table><thead><tr>")
	class := make([]string, len(t.Columns))
	for i := range t.Columns {
		if numeric(t.Columns[i].Type) {
			class[i] = ` class="n"`
		}
		w.WriteString("<th" + class[i] + ` scope="col" title="` + html.EscapeString(t.Columns[i].Desc) + `">` + html.EscapeString(Clean(t.Columns[i].Name)) + "</th>")
	}
	w.WriteString("</tr></thead>\n<tbody>\n")
	for r := range t.N {
		w.WriteString("<tr>")
		for i := range t.Columns {
			w.WriteString("<td" + class[i] + ">" + html.EscapeString(human(&t.Columns[i], r, o)) + "</td>")
		}
		if _, err := w.WriteString("</tr>\n"); err != nil {
			return err
		}
	}
	_, err := w.WriteString("</tbody></table></html>\n")
	return err
}
