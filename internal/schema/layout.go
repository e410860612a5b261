package schema

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Values that are looked at to tell a layout: so many of the first batch of rows,
// and if those leave day and month unclear so many in all.
const (
	firstValues = 20_000
	mostValues  = 2_000_000
)

// readLayouts settles how times in text are written: day and month in slashed
// dates are told apart by values above 12, or the user must say.
func (b *build) readLayouts(ctx context.Context) error {
	for i := range b.m.Choices {
		c := &b.m.Choices[i]
		d, col, ok := b.timeText(c)
		if !ok {
			continue
		}
		layout, err := readLayout(ctx, d, col, c.Canonical+"="+c.From)
		if err != nil {
			return fault.Wrap(err, "mapping %s: column %q", c.Canonical, c.From)
		}
		if c.Layout = layout; layout != "" {
			c.guessed = true
			b.notices = append(b.notices, Notice(fmt.Sprintf("%s: dates are read as %s", c.Canonical, orderWords[layout])))
		}
	}
	return nil
}

var orderWords = map[string]string{relation.LayoutMDY: "month/day/year", relation.LayoutDMY: "day/month/year"}

// timeText returns the table and the source column when a choice reads times from text
// without a stated layout.
func (b *build) timeText(c *Choice) (d source.Dataset, col int, ok bool) {
	role := b.table.Column(c.Canonical).Role
	if c.Const != nil || c.Layout != "" || (role != Time && role != Instant) {
		return nil, 0, false
	}
	d = b.Fact
	if name := b.from[c.Canonical]; name != "" {
		d = b.Tables[name]
	}
	at := d.Schema().FieldIndices(c.From)
	if len(at) != 1 {
		return nil, 0, false // resolve says so
	}
	return d, at[0], frame.KindOf(d.Schema().Field(at[0]).Type) == frame.String
}

// evidence counts how many values read as which layout.
type evidence struct {
	all, plain, mdy, dmy int
	either               []string // the first values that both orders read
	onlyMDY, onlyDMY     string   // the first values that only one order reads
	bad                  string   // the first value that nothing reads
}

// see looks at one value.
func (e *evidence) see(text string) {
	p, blank := relation.ReadsTime("", text)
	if blank {
		return
	}
	e.all++
	m, _ := relation.ReadsTime(relation.LayoutMDY, text)
	d, _ := relation.ReadsTime(relation.LayoutDMY, text)
	e.plain, e.mdy, e.dmy = e.plain+one(p), e.mdy+one(m), e.dmy+one(d)
	switch {
	case p:
	case m && d:
		if len(e.either) == 0 || len(e.either) == 1 && e.either[0] != text {
			e.either = append(e.either, text)
		}
	case m && e.onlyMDY == "":
		e.onlyMDY = text
	case d && e.onlyDMY == "":
		e.onlyDMY = text
	case !m && !d && e.bad == "":
		e.bad = text
	}
}

// unclear reports whether only further values can tell day from month.
func (e *evidence) unclear() bool {
	return e.all == 0 || (e.mdy == e.dmy && e.plain < e.mdy && 2*e.mdy >= e.all)
}

// layout chooses what most values read as. choice is COLUMN=SOURCE, for the remedy.
func (e *evidence) layout(choice string) (string, error) {
	switch {
	case e.all == 0 || (e.plain >= e.mdy && e.plain >= e.dmy && 2*e.plain >= e.all):
		return "", nil
	case e.onlyMDY != "" && e.onlyDMY != "" && 2*max(e.mdy, e.dmy) >= e.all:
		return "", fault.New(fault.Usage, "its dates may be day/month or month/day: %q is one only as month/day, %q only as day/month", e.onlyMDY, e.onlyDMY).
			WithHint("say which, and the others are rejects: --map '%s@dmy' or @mdy", choice)
	case e.mdy > e.dmy && 2*e.mdy >= e.all:
		return relation.LayoutMDY, nil
	case e.dmy > e.mdy && 2*e.dmy >= e.all:
		return relation.LayoutDMY, nil
	case e.unclear():
		return "", fault.New(fault.Usage, "its dates, such as %s, may be day/month or month/day", quoted(e.either)).
			WithHint("say which: --map '%s@dmy' or '%s@mdy'", choice, choice)
	}
	return "", fault.New(fault.Usage, "its text %q is no time in a known form", e.bad).
		WithHint("state its layout as Go writes it: --map '%s@02.01.2006 15h04'", choice)
}

// quoted joins examples.
func quoted(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strconv.Quote(t)
	}
	return strings.Join(out, " and ")
}

// one is 1 for true.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// readLayout reads values of a text column until they tell its layout.
func readLayout(ctx context.Context, d source.Dataset, col int, choice string) (string, error) {
	var e evidence
	for _, s := range d.Splits() {
		if err := seeSplit(ctx, s, col, &e); err != nil {
			return "", err
		}
		if !e.unclear() || e.all >= mostValues {
			break
		}
	}
	return e.layout(choice)
}

// seeSplit looks at the values of a split, no more than are needed.
func seeSplit(ctx context.Context, s source.Split, col int, e *evidence) (err error) {
	r, err := s.Open(ctx, []source.Want{{Col: col, As: frame.String}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var b frame.Batch
	for e.all < mostValues {
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		c := &b.Cols[0]
		for i := 0; i < b.N && (i < firstValues || e.unclear()); i++ {
			if c.Kind == frame.String && !c.IsNull(i) {
				e.see(string(c.Str(i)))
			}
		}
		if !e.unclear() {
			return nil
		}
	}
	return nil
}
