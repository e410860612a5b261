package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

// extra are report sections that belong to no command.
var extra []namedSection

type namedSection struct {
	id      string
	section *Section
}

// RegisterSection adds a report section that belongs to no command.
func RegisterSection(id string, s *Section) *Section {
	extra = append(extra, namedSection{id, s})
	return s
}

// sections lists all report sections about a table in their order.
func sections(table string) []namedSection {
	list := slices.Clone(extra)
	for _, d := range All() {
		if d.Section != nil {
			list = append(list, namedSection{d.Name, d.Section})
		}
	}
	list = slices.DeleteFunc(list, func(s namedSection) bool { return cmp.Or(s.section.Table, "orders") != table })
	slices.SortStableFunc(list, func(a, b namedSection) int { return a.section.Order - b.section.Order })
	return list
}

// Report is every section of one scan.
type Report struct {
	Views   []*View
	Account query.Account
	AsOf    int64 // µs
}

// RunReport asks the questions of all sections about the request's table in one scan and makes
// their views. What several sections collect alike is collected once. A section that the input cannot feed becomes an empty state that says what is missing.
func RunReport(ctx context.Context, eng engine.Engine, r *Request) (*Report, error) {
	return RunSections(ctx, eng, r)
}

// RunSections is RunReport for the sections of the given ids only ("sales", "products", …);
// without ids for all. An id that the table has no section of is passed over.
func RunSections(ctx context.Context, eng engine.Engine, r *Request, ids ...string) (*Report, error) {
	type part struct {
		namedSection
		queries [2]int // half-open range in the merged plan
		groups  []int  // places in the merged plan
		missing error
	}
	var parts []part
	var left []string
	orders := r.Rel.Name == "orders"
	all := len(ids) == 0
	plan := query.Plan{Duplicates: orders && all, Nulls: orders && all}
	for _, s := range sections(r.Rel.Name) {
		if !all && !slices.Contains(ids, s.id) {
			continue
		}
		p := part{namedSection: s}
		own, err := s.section.Plan(r)
		switch {
		case errors.Is(err, errLarge):
			left = append(left, s.section.Title.In(r.Lang))
			continue
		case err != nil && fault.KindOf(err) == fault.Usage:
			p.missing = err
		case err != nil:
			return nil, err
		default:
			p.queries = [2]int{len(plan.Queries), len(plan.Queries) + len(own.Queries)}
			plan.Queries = append(plan.Queries, own.Queries...)
			plan.Duplicates, plan.Nulls = plan.Duplicates || own.Duplicates, plan.Nulls || own.Nulls
			for _, g := range own.Groupings {
				at := slices.IndexFunc(plan.Groupings, func(o query.Grouping) bool { return reflect.DeepEqual(o, g) })
				if at < 0 {
					at = len(plan.Groupings)
					plan.Groupings = append(plan.Groupings, g)
				}
				p.groups = append(p.groups, at)
			}
		}
		parts = append(parts, p)
	}
	ans, err := answer(ctx, eng, r, plan)
	if err != nil {
		return nil, err
	}
	rep := &Report{Account: ans.Account, AsOf: asOfDay(r, ans) * dayMicros}
	answers := make([]*query.Answer, len(parts))
	secs := make([]*Section, len(parts))
	for i, p := range parts {
		if p.missing == nil {
			answers[i] = &query.Answer{Tables: ans.Tables[p.queries[0]:p.queries[1]:p.queries[1]], Account: ans.Account}
			for _, at := range p.groups {
				answers[i].Groups = append(answers[i].Groups, ans.Groups[at])
			}
			secs[i] = p.section
		}
	}
	if err := runMore(ctx, eng, r, secs, answers); err != nil {
		return nil, err
	}
	views := make([]*View, len(parts))
	err = parallel.Each(ctx, len(parts), r.Threads, func(ctx context.Context, _, i int) (err error) {
		p := parts[i]
		if p.missing != nil {
			views[i] = &View{ID: p.id, Title: p.section.Title.In(r.Lang), Missing: missingText(p.missing)}
			return nil
		}
		views[i], err = p.section.View(ctx, r, answers[i])
		return fault.Wrap(err, "report section %s", p.id)
	})
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		if v != nil {
			rep.Views = append(rep.Views, v)
		}
	}
	if len(left) > 0 && r.Models != NoModels {
		rep.Views = append(rep.Views, leftOut(r, left))
	}
	return rep, nil
}

// leftOut is the empty state that names the model sections a large input goes without.
func leftOut(r *Request, titles []string) *View {
	text := Text{
		EN: "Above %s rows the report leaves out what takes models: %s. Add --models on, or run the commands one by one.",
		ZH: "超过 %s 行时，报告不含需要建模的部分：%s。可加 --models on，或分别运行各命令。",
	}
	p := phrase.Printer{Lang: r.Lang, Currency: r.Currency}
	return &View{ID: "models", Title: Text{"Models", "模型"}.In(r.Lang),
		Missing: fmt.Sprintf(text.In(r.Lang), p.Count(largeRows), strings.Join(titles, Text{", ", "、"}.In(r.Lang)))}
}

// largeRows is the number of input rows above which the report leaves the models out: up
// to there they cost a second or two.
const largeRows = 2_000_000

// errLarge is what the plan of a model's section returns for a large input.
var errLarge = errors.New("the input is large")

// large reports whether model sections are left out of the report of this input.
func (r *Request) large() bool {
	return r.Models == NoModels || r.Models == SmallModels && r.Rows > largeRows
}

// missingText joins an error and its remedy into one sentence.
func missingText(err error) string {
	if hint := fault.HintOf(err); hint != "" {
		return err.Error() + ". " + hint + "."
	}
	return err.Error() + "."
}
