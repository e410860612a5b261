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
func (o *reportOptions) openReport(ctx context.Context, inputs []string) (*opened, error) {
	if o.events != "" {
		return o.without(schema.Events).open(ctx, schema.Orders.Name, inputs, false)
	}
	s, err := o.inputs(ctx, inputs)
	if err != nil {
		return nil, err
	}
	table, err := s.Choose(schema.Orders.Name, schema.Events.Name)
	if err == nil {
		err = s.Relate(ctx, table, table == schema.Events.Name)
	}
	return s.orClose(err)
}

// without returns the flags with what is about another table left out: its preset, and maps of
// columns that only it has.
func (o *reportOptions) without(other *schema.Table) *common {
	mine := schema.Orders
	if other == schema.Orders {
		mine = schema.Events
	}
	c := *o.common
	c.Maps = maps.Clone(o.Maps)
	for name := range o.Maps {
		if mine.Column(name) == nil && other.Column(name) != nil {
			delete(c.Maps, name)
		}
	}
	if p, err := schema.FindPreset(c.Preset); err == nil && p.Table == other {
		c.Preset = ""
	}
	return &c
}

// addEvents adds the sections of the click-stream that --events names. The returned function
// prints its account once the page is written.
func (o *reportOptions) addEvents(ctx context.Context, orders *opened, doc *report.Document) (account func() error, err error) {
	none := func() error { return nil }
	if o.events == "" {
		return none, nil
	}
	c := o.without(schema.Orders)
	c.Where, c.Net, c.Currency, c.Products, c.Customers = "", false, "", "", ""
	for name := range c.Maps { // what both tables have is the orders' own
		if schema.Orders.Column(name) != nil {
			delete(c.Maps, name)
		}
	}
	s, err := c.open(ctx, schema.Events.Name, []string{o.events}, true)
	if err != nil {
		return nil, fault.Wrap(err, "--events")
	}
	defer s.Close()
	if err := analysis.Require(analysis.Get("behavior"), s.Rel); err != nil {
		return nil, fault.Wrap(err, "--events %s", o.events)
	}
	if err := s.guard(o.output); err != nil {
		return nil, err
	}
	s.Req.Models, s.Req.Pseudonym = orders.Req.Models, orders.Req.Pseudonym
	eng, err := s.Engine()
	if err != nil {
		return nil, err
	}
	rep, err := analysis.RunReport(ctx, eng, s.Req)
	if err != nil {
		return nil, fault.Wrap(err, "--events")
	}
	doc.Views = append(doc.Views, rep.Views...)
	p := &doc.Provenance
	p.Inputs = append(p.Inputs, s.Data.Inputs()...)
	p.Notices = append(append(p.Notices, "events: "+keptLine(&rep.Account)), s.Data.Notices()...)
	return func() error { return s.account(&rep.Account) }, nil
}
