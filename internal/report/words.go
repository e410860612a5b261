package report

import "github.com/ecomctl/ecomctl/internal/phrase"

// words are the fixed texts of the page.
type words struct {
	Skip, How, Theme, Print, Contents, Trust, NoScript, Footer, Actions, Table, Inputs, Run, Again, Definitions, NoCharts string
	Unusual, TooFew, Usual                                                                                                string
}

func wordsIn(p phrase.Printer) words {
	return words{
		Skip:        p.Pick("Skip to the report", "跳到正文"),
		How:         p.Pick("How is this computed?", "如何计算？"),
		Theme:       p.Pick("Light / dark", "浅色／深色"),
		Print:       p.Pick("Print", "打印"),
		Contents:    p.Pick("Contents", "目录"),
		Trust:       p.Pick("Can I trust this?", "数据来源与可信度"),
		NoScript:    p.Pick("Charts need JavaScript; every figure's table is below it.", "图表需要 JavaScript；每张图下方都有数据表。"),
		Footer:      footer(p),
		Actions:     p.Pick("What to do", "可以做什么"),
		Table:       p.Pick("Show the table", "查看数据表"),
		Inputs:      p.Pick("Inputs", "输入"),
		Run:         p.Pick("How it was made", "生成方式"),
		Again:       p.Pick("Make this page again", "重新生成本页"),
		Definitions: p.Pick("Definitions", "定义"),
		NoCharts:    p.Pick("The chart cannot be drawn: this browser does not, or the program was built without its chart library (make build). Its table is below.", "无法绘制图表：浏览器不支持，或程序构建时未包含图表库（make build）。数据表见下方。"),
		Unusual:     p.Pick("outside the usual range", "超出通常范围"),
		Usual:       p.Pick("usual", "正常范围"),
		TooFew:      p.Pick("too short a history to judge", "历史太短，无法判断"),
	}
}

// definition is one entry of the definitions.
type definition struct{ ID, Name, Text string }

// definitions explains every figure of the page in a sentence or two.
func definitionsIn(p phrase.Printer) []definition {
	d := func(id, name, nameZH, text, textZH string) definition {
		return definition{id, p.Pick(name, nameZH), p.Pick(text, textZH)}
	}
	return []definition{
		d("sale", "What counts as a sale", "什么算作销售",
			"Each input row is exactly one of: rejected (no order id, time or product, an unreadable value, no computable money, a negative price, quantity 0, a time in the future), void (cancelled, refunded, failed, unpaid), reversal (negative quantity or amount), outside (on or after as-of), or sold. Only sold lines make revenue.",
			"每一输入行恰好属于以下一类：拒绝（缺订单号、时间或商品，值无法解析，金额无法计算，单价为负，数量为 0，时间在未来）、作废（取消、退款、失败、未付款）、退货（数量或金额为负）、期外（在截止日或之后）、已售。只有已售明细计入收入。"),
		d("money", "Money", "金额",
			"A line's money is its amount, or quantity × unit price − discount, rounded to 10⁻⁴ and added exactly; it does not depend on the order of the rows.",
			"一行的金额为其金额列，或数量 × 单价 − 折扣，四舍五入到 10⁻⁴ 后精确相加，与行的顺序无关。"),
		d("period", "Periods", "时段",
			"Weeks are ISO weeks from Monday. The headline compares the last whole week with the one before; where weeks are too thin (fewer than 30 orders) or too few, months or days. A period is whole when the data cover all its days.",
			"周为 ISO 周，从周一开始。标题比较最近一个完整周与前一周；若周的数据太少（不足 30 笔订单）则用月或日。数据覆盖全部天数的时段才算完整。"),
		d("usual", "Usual range", "通常范围",
			"Median ± 2 × 1.4826 × MAD of up to 52 earlier changes, at least 8 (MAD: median absolute deviation); for amounts of ln ratios, for shares of differences in percent points.",
			"此前最多 52 次、至少 8 次变化的中位数 ± 2 × 1.4826 × MAD（绝对离差中位数）；金额用对数比，占比用百分点之差。"),
		d("cause", "Cause of a change", "变化的原因",
			"The customers (at most three), regions or categories (at most two) or the channel that explain between half and twice the net change and at least 25 points more of it than their share of revenue, and move the total by at least 3 % (regions and categories: by 30 % of all movement up and down); if none do, the number of orders against the average order.",
			"若干客户（至多三位）、地区或品类（至多两个）或渠道，其解释净变化的一半至两倍，且比其收入占比高出至少 25 个百分点，并使总额变动至少 3%（地区与品类：至少占全部升降幅度的 30%）；若没有，则比较订单数与客单价。"),
		d("rfm", "Segments", "客户分群",
			"Recency: days from the last order to as-of; frequency: distinct orders; money: revenue. A score is 1 + ⌊5 × (customers strictly worse) / N⌋; v = ⌊(f + m + 1) / 2⌋. r 5: v ≥ 4 champions, 2–3 potential loyalists, 1 new; r 4: v ≥ 4 loyal, 2–3 potential loyalists, 1 promising; r 3: v ≥ 4 loyal, 3 need attention, ≤ 2 about to sleep; r ≤ 2: v 5 can't lose, 3–4 at risk, else hibernating, but r 1 with v 1 lost.",
			"最近：最后一次下单距截止日的天数；频次：不同订单数；金额：收入。得分 = 1 + ⌊5 ×（严格更差的客户数）/ N⌋；v = ⌊(f + m + 1) / 2⌋。r 5：v ≥ 4 冠军，2–3 潜在忠诚，1 新客户；r 4：v ≥ 4 忠诚，2–3 潜在忠诚，1 有希望；r 3：v ≥ 4 忠诚，3 需要关注，≤ 2 即将沉睡；r ≤ 2：v 5 不能失去，3–4 有流失风险，其余休眠，但 r 1 且 v 1 为流失。"),
		d("cohort", "Cohorts", "群组",
			"Customers by the calendar month of their first order. Retention is the share of them with an order in a later month. A month after the data is empty, one still open at as-of is hatched, and the first cohort also holds older customers.",
			"按首次下单的自然月分组。复购率为其中在之后某月下单的占比。数据之后的月份为空，截止日尚未结束的月份加斜纹，首个群组还包含更早的客户。"),
		d("guests", "Guests", "游客",
			"Orders without a customer id count in revenue and orders, not in customers, segments and cohorts.",
			"没有客户号的订单计入收入与订单，不计入客户、分群与群组。"),
	}
}

// footer promises no more than the build holds: without the chart library inside, the
// page asks its host for it.
func footer(p phrase.Printer) string {
	if SelfContained() {
		return p.Pick("Made by ecomctl on this machine. The page holds all it shows and asks nothing of any network.", "由 ecomctl 在本机生成。本页包含其展示的一切，不访问任何网络。")
	}
	return p.Pick("Made by ecomctl on this machine. The page holds all its figures; only the chart library comes from the network.", "由 ecomctl 在本机生成。本页包含全部数据；仅图表库需从网络加载。")
}
