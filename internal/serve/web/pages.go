package web

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
)

var (
	overviewPage = &pageDef{id: "overview", path: "/", title: overviewTitle, explore: true, arrange: overview,
		sections: []string{"sales", "products", "geo", "segments", "quality", "funnel", "behavior"}}
	salesPage = &pageDef{id: "sales", path: "/sales", title: salesTitle, explore: true, full: true, arrange: salesBlocks,
		sections: []string{"sales", "anomaly", "forecast"}}
	customersPage = &pageDef{id: "customers", path: "/customers", title: customersTitle, arrange: allBlocks,
		sections: []string{"segments", "cohort", "lifetime", "cluster"}}
	productsPage = &pageDef{id: "products", path: "/products", title: productsTitle, arrange: allBlocks,
		sections: []string{"products", "basket", "recommend"}}
	geoPage = &pageDef{id: "geo", path: "/geo", title: geoTitle, arrange: allBlocks, sections: []string{"geo"}}
	// quality reads every row, whatever period is chosen elsewhere
	qualityPage = &pageDef{id: "quality", path: "/quality", title: qualityTitle, arrange: allBlocks, sections: []string{"quality"}}

	sitePages = []*pageDef{overviewPage, salesPage, customersPage, productsPage, geoPage, qualityPage}
)

// homes are the pages of the report's views, by view.
var homes = map[string]*pageDef{"sales": salesPage, "products": productsPage, "regions": geoPage, "customers": customersPage, "quality": qualityPage}

// overview is the front page: the chosen period, then of each subject the finding and one figure.
func overview(s *state, p phrase.Printer, in *content) []block {
	var out []block
	if in.explore != nil {
		for _, v := range in.explore.Views {
			own := *v
			own.Figures = v.Figures[:min(2, len(v.Figures))]
			out = append(out, block{View: &own, More: goTo(s, p, salesPage)})
		}
	}
	for _, v := range in.rep.Views {
		home := homes[v.ID]
		if home == nil { // clicks
			out = append(out, block{View: v})
			continue
		}
		own := *v
		own.Actions = nil
		own.Figures = frontFigure(v)
		if v.ID != "sales" {
			own.Lead, own.Tiles = v.Lead[:min(1, len(v.Lead))], nil
		} else if in.explore != nil {
			own.Tiles = nil // the chosen period has its own above
		}
		if v.ID == "quality" {
			own.Figures = nil
		}
		out = append(out, block{View: &own, More: goTo(s, p, home)})
	}
	return out
}

func goTo(s *state, p phrase.Printer, def *pageDef) *link {
	return &link{Name: moreAbout(p, def.title.In(s.lang)), URL: s.pageOnly().at(def.path)}
}

func salesBlocks(s *state, p phrase.Printer, in *content) []block {
	var out []block
	if in.explore != nil {
		for _, v := range in.explore.Views {
			out = append(out, block{View: v})
		}
	}
	for _, b := range allBlocks(s, p, in) {
		if in.explore != nil && b.View.ID == "sales" && s.period != "all" { // the chosen period has its own tiles above
			own := *b.View
			own.Tiles, b.View = nil, &own
		}
		out = append(out, b)
	}
	return out
}

func allBlocks(_ *state, p phrase.Printer, in *content) []block {
	var out []block
	for _, v := range in.rep.Views {
		out = append(out, block{View: v})
	}
	if len(out) == 0 {
		out = append(out, block{View: &analysis.View{ID: "none", Title: p.Pick("Nothing to show", "没有可显示的内容"),
			Missing: p.Pick("These data are clicks, not orders: the overview shows what they tell. Serve an orders file for this page: ecomctl serve orders.csv.",
				"这些数据是点击而非订单：概览页展示其内容。要查看本页，请提供订单文件：ecomctl serve orders.csv。")}})
	}
	return out
}

// frontActions bounds what the front page asks to do.
const frontActions = 5

// actionsOf gathers what to do from all subjects, the first of each before the second of any.
func actionsOf(in *content) []analysis.Action {
	var out []analysis.Action
	for i := range frontActions {
		for _, v := range in.rep.Views {
			if i < len(v.Actions) && !slices.Contains(out, v.Actions[i]) {
				out = append(out, v.Actions[i])
			}
		}
	}
	return out[:min(frontActions, len(out))]
}

// frontFigure is the figure of a view that the front page shows: products by name say more there
// than how unequal they are.
func frontFigure(v *analysis.View) []analysis.Figure {
	for _, f := range v.Figures {
		if f.ID == "products-top" {
			return []analysis.Figure{f}
		}
	}
	return v.Figures[:min(1, len(v.Figures))]
}
