package cli

import (
	"context"
	"maps"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/schema"
)

// openReport opens the input of a report: orders, or events where its columns say so.
func (o *reportOptions) openReport(ctx context.Context, inputs []string) (*session, error) {
	if o.events != "" {
		return o.without(schema.Events).open(ctx, schema.Orders.Name, inputs, false)
	}
	s := &session{common: o.common}
	if err := o.openInputs(ctx, s, inputs); err != nil {
		s.Close()
		return nil, err
	}
	table, err := schema.Choose(s.data, o.preset, o.maps, []string{schema.Orders.Name, schema.Events.Name})
	if err != nil {
		s.Close()
		return nil, err
	}
	return o.relate(ctx, s, table, table == schema.Events.Name)
}

// without returns the flags with what is about another table left out: its preset, and maps of
// columns that only it has.
func (o *reportOptions) without(other *schema.Table) *common {
	mine := schema.Orders
	if other == schema.Orders {
		mine = schema.Events
	}
	c := *o.common
	c.maps = maps.Clone(o.maps)
	for name := range o.maps {
		if mine.Column(name) == nil && other.Column(name) != nil {
			delete(c.maps, name)
		}
	}
	if p, err := schema.FindPreset(c.preset); err == nil && p.Table == other {
		c.preset = ""
	}
	return &c
}

// addEvents adds the sections of the click-stream that --events names. The returned function
// prints its account once the page is written.
func (o *reportOptions) addEvents(ctx context.Context, orders *session, doc *report.Document) (account func() error, err error) {
	none := func() error { return nil }
	if o.events == "" {
		return none, nil
	}
	c := o.without(schema.Orders)
	c.where, c.net, c.currency, c.products, c.customers = "", false, "", "", ""
	for name := range c.maps { // what both tables have is the orders' own
		if schema.Orders.Column(name) != nil {
			delete(c.maps, name)
		}
	}
	s, err := c.open(ctx, schema.Events.Name, []string{o.events}, true)
	if err != nil {
		return nil, fault.Wrap(err, "--events")
	}
	defer s.Close()
	if err := analysis.Require(analysis.Get("behavior"), s.rel); err != nil {
		return nil, fault.Wrap(err, "--events %s", o.events)
	}
	if err := s.guard(o.output); err != nil {
		return nil, err
	}
	s.req.Models, s.req.Pseudonym = orders.req.Models, orders.req.Pseudonym
	eng, err := s.newEngine()
	if err != nil {
		return nil, err
	}
	rep, err := analysis.RunReport(ctx, eng, s.req)
	if err != nil {
		return nil, fault.Wrap(err, "--events")
	}
	doc.Views = append(doc.Views, rep.Views...)
	p := &doc.Provenance
	p.Inputs = append(p.Inputs, s.data.Inputs()...)
	p.Notices = append(append(p.Notices, "events: "+keptLine(&rep.Account)), s.data.Notices()...)
	return func() error { return s.account(&rep.Account) }, nil
}
