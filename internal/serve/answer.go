package serve

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
)

// facts stand before the bytes of a rendered table in the cache.
type facts struct {
	Total int      `json:"total"` // rows of the whole result
	Notes []string `json:"notes,omitempty"`
}

// answer answers a GET of an analysis.
func (a *api) answer(c *call, d *analysis.Definition, fixed map[string]string) error {
	f, err := formatOf(c.query[pFormat], c.r.Header)
	if err != nil {
		return err
	}
	sh, err := showOf(c.query)
	if err != nil {
		return err
	}
	ask, err := askOf(d, fixed, c.query)
	if err != nil {
		return err
	}
	tag, err := a.s.conf.Backend.Tag(c.ctx(), ask)
	if err != nil {
		return err
	}
	key := RenderKey(tag, f.name, strings.Join(sh.sort, ","), strconv.Itoa(sh.limit), strconv.Itoa(sh.offset), strings.Join(sh.columns, ","))
	if Unchanged(c.w, c.r, key) {
		return nil
	}
	blob, err := a.s.Render(c.ctx(), key, func(ctx context.Context) ([]byte, error) {
		ans, err := a.s.conf.Backend.Table(ctx, ask)
		if err != nil {
			return nil, err
		}
		if ans.Tag != tag { // the data changed between the two questions
			return nil, NewBusy(0, "the data changed just now")
		}
		return a.renderTable(ans, f, sh)
	})
	if err != nil {
		return err
	}
	return writeTable(c, blob, f, sh, d.Name)
}

// renderTable renders a part of a table, its facts before it.
func (a *api) renderTable(ans *Answer, f *format, sh show) ([]byte, error) {
	head, err := json.Marshal(facts{Total: ans.Table.N, Notes: ans.Notes})
	if err != nil {
		return nil, fault.New(fault.Internal, "encoding an answer: %w", err)
	}
	t, err := part(ans.Table, sh)
	if err != nil {
		return nil, err
	}
	body, err := a.renderOnly(ans, t, f)
	if err != nil {
		return nil, err
	}
	return slices.Concat(binary.AppendUvarint(nil, uint64(len(head))), head, body), nil
}

// renderOnly renders a table of an answer: the bytes that the command line would write.
func (a *api) renderOnly(ans *Answer, t *result.Table, f *format) ([]byte, error) {
	b := &boundedBuffer{limit: a.s.conf.MaxAnswer}
	err := render.Write(b, f.name, t, render.Options{Zone: ans.Zone, Header: true})
	return b.Bytes(), err
}

// part is the asked part of a table, which stays as it is.
func part(whole *result.Table, sh show) (*result.Table, error) {
	t := &result.Table{Name: whole.Name, N: whole.N, Columns: append([]result.Column(nil), whole.Columns...)}
	if len(sh.sort) > 0 {
		if err := t.Sort(sh.sort); err != nil {
			return nil, err
		}
	}
	if sh.offset > 0 {
		rest := make([]int, max(0, t.N-sh.offset))
		for i := range rest {
			rest[i] = sh.offset + i
		}
		t.Take(rest)
	}
	t.Head(sh.limit)
	if len(sh.columns) > 0 {
		if err := t.Select(sh.columns); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// writeTable answers with a rendered table.
func writeTable(c *call, blob []byte, f *format, sh show, name string) error {
	n, used := binary.Uvarint(blob)
	if used <= 0 || n > uint64(len(blob)-used) {
		return fault.New(fault.Internal, "a remembered answer is damaged")
	}
	var fact facts
	if err := json.Unmarshal(blob[used:used+int(n)], &fact); err != nil {
		return fault.New(fault.Internal, "a remembered answer is damaged: %w", err)
	}
	body := blob[used+int(n):]
	h := c.w.Header()
	h.Set("Content-Type", f.typ)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Total-Count", strconv.Itoa(fact.Total))
	h.Set("Content-Disposition", `inline; filename="`+strings.ReplaceAll(name, " ", "-")+f.ext+`"`)
	if sh.limit > 0 {
		h.Set("Link", links(c.r.URL, sh, fact.Total))
	}
	if len(fact.Notes) > 0 {
		h.Set("Ecomctl-Notes", asciiJSON(fact.Notes))
	}
	_, _ = c.w.Write(body) // the client may be gone
	return nil
}

// links are the neighbouring pages (RFC 8288).
func links(u *url.URL, sh show, total int) string {
	q := u.Query()
	var out []string
	add := func(rel string, offset int) {
		q.Set(pOffset, strconv.Itoa(offset))
		out = append(out, fmt.Sprintf("<%s?%s>; rel=%q", u.EscapedPath(), q.Encode(), rel))
	}
	add("first", 0)
	if sh.offset > 0 {
		add("prev", max(0, sh.offset-sh.limit))
	}
	if sh.offset+sh.limit < total {
		add("next", sh.offset+sh.limit)
	}
	add("last", max(0, (total-1)/sh.limit*sh.limit))
	return strings.Join(out, ", ")
}

// asciiJSON writes texts as JSON that a header can hold.
func asciiJSON(v []string) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "[]"
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < 0x7f && r >= 0x20:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if b.Len() > 4000 {
		return `["the remarks are too long for a header; the command line prints them"]`
	}
	return b.String()
}

// boundedBuffer is a buffer that refuses to grow past a limit.
type boundedBuffer struct {
	bytes.Buffer
	limit int64
}

// Write implements io.Writer.
func (b *boundedBuffer) Write(p []byte) (int, error) {
	if int64(b.Len()+len(p)) > b.limit {
		return 0, fault.New(fault.Usage, "the answer is larger than %d MiB", b.limit>>20).WithHint("ask for a part: limit, offset, columns; or use the command line")
	}
	return b.Buffer.Write(p)
}
