package report

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
)

// eventsTable is Provenance.Table of a page about a click-stream alone.
const eventsTable = "events"

// definitionsOf explains the figures of a document: those of sales unless it has none, and
// those of events where it has them.
func definitionsOf(doc *Document, p phrase.Printer) []definition {
	var out []definition
	if doc.Provenance.Table != eventsTable {
		out = definitionsIn(p)
	}
	out = append(out, modelDefinitions(doc, p)...)
	if !slices.ContainsFunc(doc.Views, func(v *analysis.View) bool { return v.ID == "funnel" || v.ID == "visits" }) {
		return out
	}
	d := func(id, name, nameZH, text, textZH string) {
		out = append(out, definition{id, p.Pick(name, nameZH), p.Pick(text, textZH)})
	}
	d("funnel", "Funnel", "转化漏斗",
		"Every event of the first step in the period is tried as a visitor's entry; the deepest chain counts, the earliest on ties. Later steps are other events at the same time or later, within the window from the entry, which may pass the end of the period. A visitor who has not finished and whose window reaches beyond the data may finish yet: he is shown apart and in no percentage.",
		"时段内每个首步事件都尝试作为访客的入口；取走得最远的链，并列时取最早的。后续各步须为同时或更晚的其他事件，且在入口起的窗口内（窗口可超过时段末尾）。尚未完成且窗口超出数据末尾的访客仍可能完成：单独显示，不计入任何百分比。")
	d("visit", "Visits", "来访",
		"The events of one session id; without one, a pause of 30 minutes or more ends a visit. Transitions are from each event to the next of the visit, with its start and end.",
		"同一会话编号的事件为一次来访；没有会话编号时，间隔 30 分钟及以上即为新的来访。转移为来访中每个事件到下一事件，包括开始与结束。")
	return out
}
