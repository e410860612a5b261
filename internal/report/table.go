package report

import (
	"html"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

// table is a result table as the page shows it.
type table struct {
	Head []head
	Body template.HTML // rows; every text escaped by cell.write
	Cut  string        // what was left out
}

type head struct {
	Name, Text, Desc string
	Number           bool
}

// cell is one value: Text for people, Raw in full precision for the CSV where
// it differs.
type cell struct{ Text, Raw, Class string }

// Names are cut in the page and, later, in its downloads.
const (
	shownRunes = 120
	savedRunes = 1000
)

// maxRows bounds the rows of a table in the page.
const maxRows = 800

// newTable formats a result table.
func newTable(t *result.Table, p phrase.Printer) table {
	var out table
	for _, c := range t.Columns {
		out.Head = append(out.Head, head{Name: c.Name, Text: p.Column(c.Name), Desc: c.Desc, Number: numeric(c.Type)})
	}
	n := min(t.N, maxRows)
	if n < t.N {
		out.Cut = p.Pick("The first "+p.Count(int64(n))+" of "+p.Count(int64(t.N))+" rows; the commands give all.", "前 "+p.Count(int64(n))+" 行，共 "+p.Count(int64(t.N))+" 行；用命令可得到全部。")
	}
	// Thousands of cells: html/template would spend most of a report's drawing on them.
	var b strings.Builder
	for i := range n {
		b.WriteString("<tr>")
		for k := range t.Columns {
			newCell(&t.Columns[k], i, p).write(&b)
		}
		b.WriteByte('\n')
	}
	out.Body = template.HTML(b.String())
	return out
}

// write writes the cell; the texts are the only parts that come from data.
func (c cell) write(b *strings.Builder) {
	b.WriteString("<td")
	if c.Class != "" {
		b.WriteString(` class="` + c.Class + `"`)
	}
	if c.Raw != "" {
		b.WriteString(` data-v="` + html.EscapeString(c.Raw) + `"`)
	}
	b.WriteByte('>')
	b.WriteString(html.EscapeString(c.Text))
}

func numeric(t expr.Type) bool { return t == expr.Int || t == expr.Float || t == expr.Money }

// newCell formats one value.
func newCell(c *result.Column, i int, p phrase.Printer) cell {
	d := &c.Data
	if d.IsNull(i) {
		return cell{Text: "–", Class: "null" + class(c.Type)}
	}
	var out cell
	switch c.Type {
	case expr.Money:
		out = cell{Text: p.Money(d.I64[i]), Raw: rawMoney(d.I64[i])}
	case expr.Int:
		out = cell{Text: p.Count(d.I64[i]), Raw: strconv.FormatInt(d.I64[i], 10)}
	case expr.Float:
		v := d.F64[i]
		out.Raw = strconv.FormatFloat(v, 'g', -1, 64)
		switch {
		case c.Unit == result.Ratio:
			out.Text = p.Percent(v)
		case c.Unit == result.Money:
			out.Text = p.Money(int64(v * phrase.MoneyScale))
		default:
			out.Text = trimZeros(phrase.Decimal(v, 2))
		}
	case expr.Date:
		out.Text = phrase.Date(d.I64[i]).Format("2006-01-02")
	case expr.Time:
		out.Text = time.UnixMicro(d.I64[i]).UTC().Format("2006-01-02 15:04:05")
	case expr.Bool:
		out = cell{Text: p.Pick("no", "否"), Raw: "false"}
		if d.I64[i] != 0 {
			out = cell{Text: p.Pick("yes", "是"), Raw: "true"}
		}
	default:
		text := textOf(d, i)
		out = cell{Text: phrase.Name(text, shownRunes), Raw: phrase.Name(text, savedRunes)} // downloads hold no controls either
	}
	if out.Raw == out.Text {
		out.Raw = ""
	}
	out.Class = trimSpace(class(c.Type))
	return out
}

func class(t expr.Type) string {
	if numeric(t) {
		return " n"
	}
	return ""
}

func trimSpace(s string) string {
	if s != "" && s[0] == ' ' {
		return s[1:]
	}
	return s
}

// textOf returns a text or id value; ids may be integers.
func textOf(d *frame.Column, i int) string {
	if d.Kind == frame.String {
		return string(d.Str(i))
	}
	if d.Kind == frame.Float {
		return strconv.FormatFloat(d.F64[i], 'g', -1, 64)
	}
	return strconv.FormatInt(d.I64[i], 10)
}

// rawMoney writes exact money in full precision: "12.5".
func rawMoney(m int64) string {
	neg := m < 0
	u := uint64(m)
	if neg {
		u = -u
	}
	s := strconv.FormatUint(u/phrase.MoneyScale, 10)
	if f := u % phrase.MoneyScale; f != 0 {
		frac := strconv.FormatUint(phrase.MoneyScale+f, 10)[1:]
		s = trimZeros(s + "." + frac)
	}
	if neg {
		s = "-" + s
	}
	return s
}

// trimZeros drops trailing zeros after a point.
func trimZeros(s string) string {
	dot := -1
	for i := range s {
		if s[i] == '.' {
			dot = i
		}
	}
	if dot < 0 {
		return s
	}
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

// input is one input of the trust box.
type input struct {
	Name  string
	Lines []string
}

// maxInputs bounds the inputs listed in the page; the JSON has all.
const maxInputs = 60

// inputs lists the inputs with format, rows, bytes and digest.
func inputs(doc *Document, p phrase.Printer) []input {
	all := doc.Provenance.Inputs
	var out []input
	for _, in := range all[:min(len(all), maxInputs)] {
		facts := []string{in.Format}
		if in.Detail != "" {
			facts = append(facts, in.Detail)
		}
		if in.Rows >= 0 {
			facts = append(facts, p.Count(in.Rows)+p.Pick(" "+phrase.Plural(in.Rows, "row", "rows"), " 行"))
		}
		if in.Size >= 0 {
			facts = append(facts, p.Count(in.Size)+p.Pick(" bytes", " 字节"))
		}
		e := input{Name: phrase.Name(in.URI, 200), Lines: []string{phrase.Name(strings.Join(facts, " · "), 300)}}
		if in.Digest != "" {
			digest := in.Digest
			if in.DigestKind != "" {
				digest += " (" + p.Pick("of ", "") + in.DigestKind + ")"
			}
			e.Lines = append(e.Lines, digest)
		}
		out = append(out, e)
	}
	if n := len(all); n > maxInputs {
		out = append(out, input{Name: p.Pick("and "+p.Count(int64(n-maxInputs))+" more", "以及另外 "+p.Count(int64(n-maxInputs))+" 个")})
	}
	return out
}
