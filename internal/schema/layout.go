package schema

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// sampleValues bounds how many texts are looked at to tell a layout.
const sampleValues = 20_000

// readLayouts settles how times in text are written: day and month in slashed
// dates are told apart by values above 12, or the user must say.
func (b *build) readLayouts(ctx context.Context) error {
	for i := range b.m.Choices {
		c := &b.m.Choices[i]
		col, ok := b.timeText(c)
		if !ok {
			continue
		}
		texts, err := sample(ctx, b.Fact, col)
		if err != nil {
			return err
		}
		layout, err := layoutOf(texts)
		if err != nil {
			return fault.Wrap(err, "mapping %s: column %q", c.Canonical, c.From)
		}
		if c.Layout = layout; layout != "" {
			b.notices = append(b.notices, Notice(fmt.Sprintf("%s: dates are read as %s", c.Canonical, orderWords[layout])))
		}
	}
	return nil
}

var orderWords = map[string]string{relation.LayoutMDY: "month/day/year", relation.LayoutDMY: "day/month/year"}

// timeText returns the source column when a choice reads times from text of the
// fact table without a stated layout.
func (b *build) timeText(c *Choice) (int, bool) {
	role := b.table.Column(c.Canonical).Role
	if c.Const != nil || b.from[c.Canonical] != "" || c.Layout != "" || (role != Time && role != Instant) {
		return 0, false
	}
	at := b.schema.FieldIndices(c.From)
	if len(at) != 1 {
		return 0, false // resolve says so
	}
	return at[0], frame.KindOf(b.schema.Field(at[0]).Type) == frame.String
}

// layoutOf chooses between the layouts by what most values read as.
func layoutOf(texts []string) (string, error) {
	var plain, mdy, dmy, all int
	bad := ""
	for _, t := range texts {
		p, blank := relation.ReadsTime("", t)
		if blank {
			continue
		}
		all++
		m, _ := relation.ReadsTime(relation.LayoutMDY, t)
		d, _ := relation.ReadsTime(relation.LayoutDMY, t)
		plain, mdy, dmy = plain+one(p), mdy+one(m), dmy+one(d)
		if !p && !m && !d && bad == "" {
			bad = t
		}
	}
	switch {
	case all == 0 || (plain >= mdy && plain >= dmy && 2*plain >= all):
		return "", nil
	case mdy > dmy && 2*mdy >= all:
		return relation.LayoutMDY, nil
	case dmy > mdy && 2*dmy >= all:
		return relation.LayoutDMY, nil
	case mdy == dmy && 2*mdy >= all:
		return "", fault.New(fault.Usage, "its dates, such as %q, may be day/month or month/day", texts[0]).
			WithHint("say which: --map 'order_ts=COLUMN@dmy' or @mdy")
	}
	return "", fault.New(fault.Usage, "its text %q is no time in a known form", bad).
		WithHint("state its layout as Go writes it: --map 'order_ts=COLUMN@02.01.2006 15h04'")
}

// one is 1 for true.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sample reads texts of a column from the first rows of up to three splits.
func sample(ctx context.Context, d source.Dataset, col int) ([]string, error) {
	splits := d.Splits()
	var texts []string
	for _, i := range [...]int{0, len(splits) / 2, len(splits) - 1} {
		if i < 0 || i >= len(splits) || (i == 0 && len(texts) > 0) {
			continue
		}
		var err error
		if texts, err = sampleSplit(ctx, splits[i], col, texts); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// sampleSplit appends the texts of the first batch of a split.
func sampleSplit(ctx context.Context, s source.Split, col int, texts []string) (_ []string, err error) {
	r, err := s.Open(ctx, []source.Want{{Col: col, As: frame.String}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var b frame.Batch
	if err := r.Next(&b); errors.Is(err, io.EOF) {
		return texts, nil
	} else if err != nil {
		return nil, err
	}
	c := &b.Cols[0]
	for i := 0; i < b.N && i < sampleValues; i++ {
		if !c.IsNull(i) && c.Kind == frame.String {
			texts = append(texts, string(c.Str(i)))
		}
	}
	return texts, nil
}
