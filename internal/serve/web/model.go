package web

import (
	"path"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// model makes what every page has: navigation, languages, words.
func (s *Site) model(title, here string, st *state, p phrase.Printer) *model {
	m := &model{HTMLLang: p.Pick("en", "zh-CN"), Title: title, Brand: s.brand(st), A: s.assets, W: wordsIn(p), Version: s.o.Version, Home: st.pageOnly().at("/")}
	for _, def := range sitePages {
		m.Nav = append(m.Nav, link{Name: def.title.In(st.lang), URL: st.pageOnly().at(def.path), Current: def.path == here})
	}
	bare := st.with(func(s *state) { *s = state{lang: s.lang, langSaid: s.langSaid} })
	for _, o := range s.o.Others {
		m.Nav = append(m.Nav, link{Name: o.Title.In(st.lang), URL: bare.at(o.Path), Current: o.Path == here})
	}
	if s.o.Uploads != nil {
		m.Nav = append(m.Nav, link{Name: uploadTitle.In(st.lang), URL: bare.at("/upload"), Current: here == "/upload"})
	}
	other := st.with(func(s *state) {
		s.langSaid, s.lang = true, "zh"
		if st.lang == "zh" {
			s.lang = "en"
		}
	})
	m.Lang, m.LangTag = link{Name: "中文", URL: other.at(here)}, "zh-CN"
	if st.lang == "zh" {
		m.Lang.Name, m.LangTag = "English", "en"
	}
	return m
}

// brand names the shop.
func (s *Site) brand(st *state) string {
	if s.o.Title != "" {
		return s.o.Title
	}
	if all := s.o.Data.Datasets(); len(all) > 0 {
		d := all[0]
		if i := slices.IndexFunc(all, func(d serve.Dataset) bool { return d.Name == st.dataset }); i >= 0 {
			d = all[i]
		}
		if len(d.Inputs) > 0 {
			return phrase.Name(path.Base(d.Inputs[0]), 60)
		}
		return phrase.Name(d.Name, 60)
	}
	return "ecomctl"
}

// subsections lists a page's sections below its name in the navigation.
func (m *model) subsections(_ string, views []*analysis.View) {
	if len(views) < 2 {
		return
	}
	for _, v := range views {
		m.addSub("", link{Name: v.Title, URL: "#" + v.ID})
	}
}

// addSub adds a link below the current page's.
func (m *model) addSub(_ string, l link) {
	for i := range m.Nav {
		if m.Nav[i].Current {
			m.Nav[i].Subs = append(m.Nav[i].Subs, l)
		}
	}
}

// subtitle says what is shown: the input, its days and its rows.
func (s *Site) subtitle(ds serve.Dataset, in *content, p phrase.Printer) string {
	var parts []string
	if s.o.Title != "" && len(ds.Inputs) > 0 {
		parts = append(parts, phrase.Name(path.Base(ds.Inputs[0]), 60))
	}
	d := in.data
	if !in.chosen.empty() {
		d = in.chosen
	}
	if !d.empty() {
		parts = append(parts, p.Span(d.from, d.end))
	}
	if n := in.prov.Account.Rows; n > 0 {
		parts = append(parts, p.Count(n)+p.Pick(" "+phrase.Plural(n, "row", "rows")+" read", " 行已读取"))
	}
	return strings.Join(parts, " · ")
}

// provenanceOf says where the data of a request come from.
func provenanceOf(r *analysis.Request) report.Provenance {
	p := report.Provenance{Table: r.Rel.Name, Zone: r.Rel.Zone, Now: r.Now}
	if r.Rel.Fact != nil {
		p.Inputs, p.Notices = r.Rel.Fact.Inputs(), r.Rel.Fact.Notices()
	}
	for _, j := range r.Rel.Joins {
		if j.Self {
			continue
		}
		p.Inputs = append(p.Inputs, j.Table.Inputs()...)
	}
	for _, rule := range r.Rel.Rules {
		text := ""
		if rule.When != nil {
			text = expr.Format(rule.When)
		}
		p.Rules = append(p.Rules, report.Rule{Name: rule.Name, Kind: rule.Kind.String(), Text: text})
	}
	for _, c := range r.Rel.Columns[:r.Rel.Canonical] {
		p.Mapping = append(p.Mapping, report.Mapped{Canonical: c.Name, From: c.Sources()})
	}
	if r.AsOf != query.MaxTime {
		p.AsOf = r.AsOf
	}
	return p
}

// severalCurrencies reports whether an error is that money of several currencies would be added.
func severalCurrencies(err error) bool {
	return fault.KindOf(err) == fault.Input && strings.Contains(err.Error(), "currencies are in scope")
}

// currencies offers one page a currency where the error is that there are several.
func (s *Site) currencies(pr *problem, def *pageDef, st *state) {
	if st.currency != "" || def.id == uploadPage.id {
		return
	}
	ds, err := s.dataset(st)
	if err != nil {
		return
	}
	for _, c := range ds.Account.Currencies {
		if name := c.Reason; name != "" {
			pr.Choices = append(pr.Choices, link{Name: phrase.Name(name, 20), URL: st.with(func(s *state) { s.currency = name }).at(def.path)})
		}
	}
}

// controls are the period picker and the filters of a page.
type controls struct {
	Action  string
	Hidden  []link // name and value of what the form must keep
	Presets []link
	Start   string
	End     string
	Min     string // days of the data
	Max     string
	Menus   []menu // of the sales explorer, always in sight
	Selects []menu
	Chips   []link // what is chosen; the address removes it
	Reset   string
}

type menu struct {
	Name, Label string
	Options     []option
	Note        string
}

type option struct {
	Value, Text string
	Selected    bool
}

// controls makes the controls; a page that shows every row has none.
func (s *Site) controls(def *pageDef, st *state, in *content, p phrase.Printer) *controls {
	if def == qualityPage || in.table != "orders" || in.data.empty() {
		return s.datasetOnly(def, st, p)
	}
	c := &controls{Action: def.path, Start: st.start, End: st.end, Min: isoDay(in.data.from), Max: isoDay(in.data.end - 1)}
	for _, id := range periods {
		to := st.with(func(s *state) { s.period, s.start, s.end = id, "", "" })
		c.Presets = append(c.Presets, link{Name: periodName(p, id), URL: to.at(def.path), Current: st.period == id})
	}
	hide := func(name, value string) {
		if value != "" {
			c.Hidden = append(c.Hidden, link{Name: name, URL: value})
		}
	}
	if st.langSaid {
		hide("lang", st.lang)
	}
	if st.period != "custom" && st.period != "all" {
		hide("period", st.period)
	}
	hide("currency", st.currency)
	if def.full {
		c.Menus = explorerMenus(st, in, p)
	}
	switch {
	case def.full:
		c.Menus = append(c.Menus, compareMenu(st, p))
	case def.explore && st.period != "all":
		c.Selects = append(c.Selects, compareMenu(st, p))
	}
	if (!def.explore || !def.full && st.period == "all") && st.compare != "prev" {
		hide("compare", st.compare)
	}
	c.Selects = append(c.Selects, s.datasetMenu(st, p)...)
	for _, col := range in.span.Columns {
		c.Selects = append(c.Selects, filterMenu(st, col, p))
	}
	c.chips(def, st, in, p)
	c.Reset = st.with(func(s *state) {
		s.period, s.start, s.end, s.compare = "all", "", "", "prev"
		s.filters, s.unknown = map[string]string{}, map[string]bool{}
	}).at(def.path)
	return c
}

// datasetOnly are the controls of a page that asks for nothing but which data.
func (s *Site) datasetOnly(def *pageDef, st *state, p phrase.Printer) *controls {
	menus := s.datasetMenu(st, p)
	if len(menus) == 0 {
		return nil
	}
	c := &controls{Action: def.path, Menus: menus}
	if st.langSaid {
		c.Hidden = append(c.Hidden, link{Name: "lang", URL: st.lang})
	}
	return c
}

func (s *Site) datasetMenu(st *state, p phrase.Printer) []menu {
	all := s.o.Data.Datasets()
	if len(all) < 2 {
		return nil
	}
	m := menu{Name: "dataset", Label: p.Pick("Data", "数据")}
	for i, d := range all {
		m.Options = append(m.Options, option{d.Name, phrase.Name(d.Name, 60), d.Name == st.dataset || st.dataset == "" && i == 0})
	}
	return []menu{m}
}

func isoDay(day int64) string { return dateOf(day).Format("2006-01-02") }

func explorerMenus(st *state, in *content, p phrase.Printer) []menu {
	w := wordsIn(p)
	measure := menu{Name: "measure", Label: w.Measure}
	for _, id := range analysis.ExploreMeasures {
		measure.Options = append(measure.Options, option{id, measureName(p, id), st.measure == id})
	}
	cut := menu{Name: "cut", Label: w.Cut}
	for _, id := range []string{"", "day", "week", "month"} {
		cut.Options = append(cut.Options, option{id, cutName(p, id), st.cut == id})
	}
	by := menu{Name: "by", Label: w.By}
	chosen := exploreOf(st, days{}, in.by).By
	for _, id := range append(slices.Clone(in.by), "") {
		by.Options = append(by.Options, option{id, byName(p, id), chosen == id})
	}
	return []menu{measure, cut, by}
}

func compareMenu(st *state, p phrase.Printer) menu {
	m := menu{Name: "compare", Label: wordsIn(p).Compare}
	for _, id := range []string{"prev", "year", "none"} {
		m.Options = append(m.Options, option{id, compareName(p, id), st.compare == id})
	}
	return m
}

// filterMenu lists the values of a column, those with the most revenue first.
func filterMenu(st *state, col analysis.ColumnValues, p phrase.Printer) menu {
	m := menu{Name: col.Column, Label: filterName(p, col.Column), Options: []option{{"", p.Pick("all", "全部"), st.filters[col.Column] == "" && !st.unknown[col.Column]}}}
	chosen, seen := st.filters[col.Column], false
	for _, v := range col.Values {
		if v.Text == "" || len(v.Text) > maxValue {
			continue
		}
		m.Options = append(m.Options, option{v.Text, phrase.Name(v.Text, 60), v.Text == chosen})
		seen = seen || v.Text == chosen
	}
	if chosen != "" && !seen {
		m.Options = append(m.Options, option{chosen, phrase.Name(chosen, 60), true})
	}
	if col.Nulls > 0 || st.unknown[col.Column] {
		m.Options = append(m.Options, option{unknownValue, p.Pick("unknown", "未知"), st.unknown[col.Column]})
	}
	if col.More > 0 {
		m.Note = p.Pick("the "+p.Count(int64(len(col.Values)))+" largest of "+p.Count(int64(len(col.Values)+col.More)), "最大的 "+p.Count(int64(len(col.Values)))+" 个，共 "+p.Count(int64(len(col.Values)+col.More))+" 个")
	}
	return m
}

// chips are what is chosen, each with the address without it.
func (c *controls) chips(def *pageDef, st *state, in *content, p phrase.Printer) {
	if st.period == "custom" {
		c.Chips = append(c.Chips, link{Name: p.Span(in.chosen.from, max(in.chosen.end, in.chosen.from+1)), URL: st.with(func(s *state) { s.period, s.start, s.end = "all", "", "" }).at(def.path)})
	}
	for _, col := range filterColumns {
		if v, ok := st.filters[col]; ok {
			c.Chips = append(c.Chips, link{Name: filterName(p, col) + p.Pick(": ", "：") + phrase.Name(v, 40), URL: st.with(func(s *state) { delete(s.filters, col) }).at(def.path)})
		}
		if st.unknown[col] {
			c.Chips = append(c.Chips, link{Name: filterName(p, col) + p.Pick(": unknown", "：未知"), URL: st.with(func(s *state) { delete(s.unknown, col) }).at(def.path)})
		}
	}
	if st.currency != "" {
		c.Chips = append(c.Chips, link{Name: wordsIn(p).Currency + p.Pick(": ", "：") + phrase.Name(st.currency, 20), URL: st.with(func(s *state) { s.currency = "" }).at(def.path)})
	}
}
