package phrase

import (
	"math"
	"strings"
)

// ParetoFacts are what is said about products.
type ParetoFacts struct {
	Products  int
	Top       int     // the best fifth, in products
	Share     float64 // of revenue that they bring
	Best      string
	BestShare float64
	Slow      int // products sold at most twice
}

// Pareto says how much hangs on few products, and what hardly sells.
func (p Printer) Pareto(f ParetoFacts) []string {
	n := p.Count(int64(f.Products))
	switch {
	case f.Products == 1:
		return []string{p.Pick("All revenue comes from one product, "+f.Best+".", "全部收入来自一种商品："+quoteZH(f.Best)+"。")}
	case f.Products < 10:
		return []string{p.Pick("Of "+p.Small(f.Products)+" products, "+f.Best+" brings most: "+p.Percent(f.BestShare)+" of revenue.",
			"共 "+n+" 种商品，其中"+quoteZH(f.Best)+"最多，贡献 "+p.Percent(f.BestShare)+" 的收入。")}
	}
	fifth := p.Pick("the best fifth of "+n+" products ("+p.Count(int64(f.Top))+") brings "+p.Percent(f.Share)+" of revenue; the first, "+f.Best+", "+p.Percent(f.BestShare)+".",
		n+" 种商品中最好的五分之一（"+p.Count(int64(f.Top))+" 种）贡献 "+p.Percent(f.Share)+" 的收入；居首的"+quoteZH(f.Best)+"占 "+p.Percent(f.BestShare)+"。")
	out := []string{p.Pick("T"+strings.TrimPrefix(fifth, "t"), fifth)}
	if f.Share < evenShare {
		out[0] = p.Pick("Revenue spreads over all products: ", "收入分散在各种商品上：") + fifth
	}
	if slow := float64(f.Slow) / float64(f.Products); slow >= 0.02 && slow <= 0.5 {
		out = append(out, p.Pick("At the other end "+p.Count(int64(f.Slow))+" products ("+p.Percent(slow)+") sold once or twice: candidates to drop.",
			"另一端有 "+p.Count(int64(f.Slow))+" 种商品（"+p.Percent(slow)+"）只卖出一两次：可考虑下架。"))
	}
	return out
}

// evenShare is the share of the best fifth below which revenue is said to spread.
const evenShare = 0.35

func quoteZH(s string) string { return "“" + s + "”" }

// PlaceFacts are what is said about regions or countries.
type PlaceFacts struct {
	Places                  int
	Country                 bool
	First, Second           string
	FirstShare, SecondShare float64
	Eighty                  int // places that bring 80 % of revenue
}

// Places says where the money comes from.
func (p Printer) Places(f PlaceFacts) string {
	what := p.Pick("regions", "个地区")
	if f.Country {
		what = p.Pick("countries", "个国家")
	}
	if f.Places == 1 {
		return p.Pick("All revenue comes from "+f.First+".", "全部收入来自"+f.First+"。")
	}
	s := p.Pick(f.First+" brings "+p.Percent(f.FirstShare)+" of revenue", f.First+"贡献 "+p.Percent(f.FirstShare)+" 的收入")
	if f.Second != "" {
		s += p.Pick(", "+f.Second+" follows with "+p.Percent(f.SecondShare), "，其次是"+f.Second+"（"+p.Percent(f.SecondShare)+"）")
	}
	if f.Eighty > 1 && f.Eighty < f.Places {
		s += p.Pick("; "+p.Count(int64(f.Eighty))+" of "+p.Count(int64(f.Places))+" "+what+" make up four fifths",
			"；"+p.Count(int64(f.Places))+" "+what+"中的 "+p.Count(int64(f.Eighty))+" 个构成五分之四")
	}
	return s + p.Pick(".", "。")
}

// segmentNames are the segments of docs/contract.md in words, and what to do about each.
var segmentNames = map[string]struct{ en, zh, doEN, doZH string }{
	"champions":           {"Champions", "冠军客户", "Show them new products first and ask for reviews; no discounts needed.", "优先展示新品并邀请评价；无需打折。"},
	"loyal":               {"Loyal", "忠诚客户", "Offer a larger basket: sets, refills, a subscription.", "提供更大的购物篮：套装、补充装、订阅。"},
	"potential_loyalists": {"Potential loyalists", "潜在忠诚客户", "They bought more lately than most, but less than the loyal do: give them a reason for the next order.", "近期购买多于大多数客户，但不及忠诚客户：给他们再次下单的理由。"},
	"new":                 {"New", "新客户", "Thank them and suggest what fits their first order.", "致谢，并推荐与首单相配的商品。"},
	"promising":           {"Promising", "有希望的客户", "One reminder with what others bought next.", "提醒一次，展示他人接着买了什么。"},
	"need_attention":      {"Need attention", "需要关注", "Ask before they leave: a limited offer on what they bought.", "在流失前联系：对其买过的商品给限时优惠。"},
	"about_to_sleep":      {"About to sleep", "即将沉睡", "A cheap reminder, by mail and not by phone.", "用低成本方式提醒：邮件而非电话。"},
	"at_risk":             {"At risk", "有流失风险", "They bought more than most and have been away longer than most: write to them and find out why.", "购买多于大多数客户，离开的时间也更久：请联系并了解原因。"},
	"cant_lose":           {"Can't lose", "不能失去", "Call them: they are among those who bought most, and have been away longer than most.", "请致电：他们属于购买最多的客户，离开的时间却比大多数人更久。"},
	"hibernating":         {"Hibernating", "休眠客户", "Leave out of paid campaigns; try once a season.", "不纳入付费投放；每季度尝试一次。"},
	"lost":                {"Lost", "已流失", "", ""},
}

// Segment writes a segment's name.
func (p Printer) Segment(id string) string {
	if n, ok := segmentNames[id]; ok {
		return p.Pick(n.en, n.zh)
	}
	return Name(strings.ReplaceAll(id, "_", " "), 40)
}

// Advice says what to do about a segment; "" for nothing.
func (p Printer) Advice(id string) string {
	n := segmentNames[id]
	return p.Pick(n.doEN, n.doZH)
}

// SegmentFacts are what is said about the segments.
type SegmentFacts struct {
	Customers              int64
	CoreShare, CoreRevenue float64 // champions and loyal
	RiskCustomers          int64   // at risk and can't lose
	RiskMoney              int64
	RiskShare              float64 // of revenue
	RiskDays               float64 // mean days since their last order
}

// ThinCustomers is the number of customers below which quintile scores say little.
const ThinCustomers = 50

// Segments says who carries the shop and who is about to leave.
func (p Printer) Segments(f SegmentFacts) []string {
	if f.Customers < ThinCustomers {
		return []string{p.Pick(p.Count(f.Customers)+" known "+Plural(f.Customers, "customer", "customers")+": too few for segments to tell much.",
			"已知客户仅 "+p.Count(f.Customers)+" 位：太少，分群意义有限。")}
	}
	var out []string
	if f.CoreShare > 0 {
		out = append(out, p.Pick(p.Percent(f.CoreShare)+" of "+p.Count(f.Customers)+" customers, the champions and the loyal, bring "+p.Percent(f.CoreRevenue)+" of what known customers spend.",
			p.Count(f.Customers)+" 位客户中，"+p.Percent(f.CoreShare)+" 为冠军与忠诚客户，贡献已知客户消费的 "+p.Percent(f.CoreRevenue)+"。"))
	} else {
		out = append(out, p.Pick("None of "+p.Count(f.Customers)+" customers is among both the latest and the most frequent buyers.", p.Count(f.Customers)+" 位客户中，没有人同时属于最近与最频繁的购买者。"))
	}
	if f.RiskCustomers > 0 {
		out = append(out, p.Pick(p.Count(f.RiskCustomers)+" who bought more than most have been away longer than most, "+Decimal(f.RiskDays, 0)+" days on average: they brought "+p.MoneyWords(f.RiskMoney)+" ("+p.Percent(f.RiskShare)+" of it) so far.",
			p.Count(f.RiskCustomers)+" 位购买多于大多数的客户已比大多数人离开更久，平均 "+Decimal(f.RiskDays, 0)+" 天：他们此前贡献 "+p.MoneyWords(f.RiskMoney)+"（占其中 "+p.Percent(f.RiskShare)+"）。"))
	}
	return out
}

// RetentionFacts are what is said about cohorts.
type RetentionFacts struct {
	Customers       int64   // of the cohorts counted
	Month1, Month3  float64 // pooled retention; NaN = not observable
	Low1, High1     float64 // range over the cohorts
	N1, N3          int     // cohorts that show it
	Latest          float64 // the last cohort whose month after is whole
	LatestName      string
	LatestCustomers int64
}

// Retention says who buys again and how the latest cohort compares.
func (p Printer) Retention(f RetentionFacts) string {
	if math.IsNaN(f.Month1) || f.N1 == 0 {
		return p.Pick("No cohort has a whole month after its own yet: too early to tell who buys again.", "还没有群组经过完整的次月：尚无法判断复购。")
	}
	if f.Customers < ThinCustomers {
		return p.Pick(p.Count(f.Customers)+" new customers in all: too few to tell who buys again.", "新客户共 "+p.Count(f.Customers)+" 位：太少，无法判断复购。")
	}
	s := p.Pick("Of new customers "+p.Percent(f.Month1)+" buy in the month after their first order", "新客户中有 "+p.Percent(f.Month1)+" 在首购次月再次购买")
	if f.N1 >= 3 && f.High1-f.Low1 > 0.02 {
		s += p.Pick(" ("+p.Percent(f.Low1)+" to "+p.Percent(f.High1)+" by cohort)", "（各群组为 "+p.Percent(f.Low1)+" 至 "+p.Percent(f.High1)+"）")
	}
	if f.N3 >= 3 && !math.IsNaN(f.Month3) {
		s += p.Pick(", "+p.Percent(f.Month3)+" in the third month", "，第三个月为 "+p.Percent(f.Month3))
	}
	if f.N1 < 3 || math.IsNaN(f.Latest) {
		return s + p.Pick(".", "。")
	}
	d := f.Latest - f.Month1
	// the standard error of a share of n customers
	se := math.Sqrt(f.Month1 * (1 - f.Month1) / math.Max(1, float64(f.LatestCustomers)))
	who := p.Pick("; the latest cohort ("+f.LatestName+", "+p.Percent(f.Latest)+") ", "；最近的群组（"+f.LatestName+"，"+p.Percent(f.Latest)+"）")
	switch {
	case math.Abs(d) <= 2*se:
		return s + who + p.Pick("does not differ beyond chance.", "与之相比没有超出偶然的差别。")
	case d > 0:
		return s + who + p.Pick("comes back more often.", "复购更多。")
	}
	return s + who + p.Pick("comes back less often.", "复购更少。")
}

// QualityFacts are what is said about the rows.
type QualityFacts struct {
	Rows, Sold, Rejected, NoMoney int64
	SoldMoney, RejectedMoney      int64
	Duplicates, DuplicatesMoney   int64 // -1 = not counted
	Free                          int64
	TopReason                     string
	TopRows                       int64
}

// Quality says how many rows count, and what was left out with the money at stake.
func (p Printer) Quality(f QualityFacts) []string {
	share := float64(f.Sold) / float64(f.Rows)
	s := p.Pick(p.Count(f.Sold)+" of "+p.Count(f.Rows)+" rows ("+p.Percent(share)+") are sold lines worth "+p.MoneyWords(f.SoldMoney),
		p.Count(f.Rows)+" 行中有 "+p.Count(f.Sold)+" 行（"+p.Percent(share)+"）为已售明细，共 "+p.MoneyWords(f.SoldMoney))
	out := []string{}
	if f.Rejected == 0 {
		out = append(out, s+p.Pick("; none had to be rejected.", "；没有被拒绝的行。"))
	} else {
		s += p.Pick("; "+p.Count(f.Rejected)+" ("+p.Percent(float64(f.Rejected)/float64(f.Rows))+") were rejected", "；"+p.Count(f.Rejected)+" 行（"+p.Percent(float64(f.Rejected)/float64(f.Rows))+"）被拒绝")
		if f.TopReason != "" {
			s += p.Pick(", most of all for “"+f.TopReason+"” ("+p.Count(f.TopRows)+")", "，主要原因是“"+f.TopReason+"”（"+p.Count(f.TopRows)+" 行）")
		}
		out = append(out, s+p.Pick(".", "。"))
		stake := p.Pick("Money at stake in rejected rows: "+p.MoneyWords(f.RejectedMoney), "被拒绝行涉及的金额："+p.MoneyWords(f.RejectedMoney))
		if f.NoMoney > 0 {
			stake += p.Pick("; for "+p.Count(f.NoMoney)+" "+Plural(f.NoMoney, "row", "rows")+" it cannot be computed", "；其中 "+p.Count(f.NoMoney)+" 行无法计算金额")
		}
		out = append(out, stake+p.Pick(".", "。"))
	}
	if f.Duplicates > 0 {
		out = append(out, p.Pick(p.Count(f.Duplicates)+" rows equal an earlier row in every mapped column ("+p.MoneyWords(f.DuplicatesMoney)+").",
			p.Count(f.Duplicates)+" 行与之前的某行在所有已映射列上完全相同（"+p.MoneyWords(f.DuplicatesMoney)+"）。"))
	}
	return out
}

// reasons are the rule names of clean in words.
var reasons = map[string][2]string{
	"sold": {"sold", "已售"}, "reversal": {"reversal (returned)", "退货"}, "void": {"void status", "作废状态"}, "void_status": {"void status", "作废状态"},
	"outside": {"on or after as-of", "在截止日或之后"}, "no_order_id": {"no order id", "缺订单号"}, "no_order_ts": {"no order time", "缺下单时间"},
	"no_time": {"no order time", "缺下单时间"}, "no_product_id": {"no product", "缺商品"}, "no_product": {"no product", "缺商品"}, "unparsable": {"unreadable value", "无法解析的值"},
	"no_money": {"no computable money", "金额无法计算"}, "no_rate": {"a currency without a rate", "币种没有汇率"}, "negative_price": {"negative price", "负单价"}, "zero_quantity": {"quantity 0", "数量为 0"},
	"future": {"time in the future", "时间在未来"}, "future_time": {"time in the future", "时间在未来"}, "duplicate": {"exact duplicate", "完全重复"}, "free": {"price 0", "价格为 0"},
	"bad_row": {"line that cannot be split", "无法拆分的行"}, "bad_line": {"line that cannot be split", "无法拆分的行"}, "malformed": {"line that cannot be split", "无法拆分的行"},
}

// Reason writes a rule's name.
func (p Printer) Reason(id string) string {
	if r, ok := reasons[id]; ok {
		return p.Pick(r[0], r[1])
	}
	return Name(strings.ReplaceAll(id, "_", " "), 60)
}

var kinds = map[string][2]string{
	"sold": {"sold", "已售"}, "reversal": {"reversal", "退货"}, "void": {"void", "作废"}, "outside": {"outside the period", "期外"}, "reject": {"rejected", "拒绝"},
}

// Kind writes the kind of a row.
func (p Printer) Kind(id string) string {
	if k, ok := kinds[id]; ok {
		return p.Pick(k[0], k[1])
	}
	return id
}

// columns are the names of table columns in Chinese; English shows the names with blanks.
var columns = map[string]string{
	"date": "日期", "revenue": "收入", "orders": "订单", "customers": "客户", "units": "件数", "returned": "退货金额", "complete": "完整", "aov": "客单价",
	"weekday": "星期", "mean_revenue": "平均收入", "days": "天数", "products_share": "商品占比", "products": "商品数", "revenue_share": "收入占比", "product_id": "商品号",
	"name": "名称", "share": "占比", "lines": "明细数", "category": "品类", "region": "地区", "country": "国家", "revenue_per_customer": "每客户收入", "segment": "分群",
	"recency_days": "距今天数", "frequency": "订单数", "monetary": "金额", "cohort": "群组", "period": "第几期", "active": "活跃客户", "retention": "复购率",
	"dataset": "数据集", "state": "状态", "rejected": "被拒绝", "total_sales": "总销售额", "total_orders": "总订单数", "active_users": "活跃客户", "last_sale": "最后销售", "error": "错误",
	"service": "服务", "address": "地址", "check": "检查用时", "last_error": "最近错误", "failed_at": "出错时间（UTC）", "route": "路由", "requests": "请求数", "failed": "失败数", "mean_ms": "平均（毫秒）", "longest_ms": "最长（毫秒）",
	"kind": "类别", "reason": "原因", "rows": "行数", "ratio": "比例", "money": "金额", "without_money": "无金额行", "column": "列", "from": "来源列", "nulls": "缺失", "low": "下四分位",
	"high": "上四分位", "before": "之前", "now": "现在", "change": "变化", "customer_id": "客户号", "returned_money": "退货金额", "cohorts": "群组数",
	"antecedent": "前件", "consequent": "后件", "count": "次数", "confidence": "置信度", "lift": "提升度", "extra": "超出偶然", "q_value": "q 值", "later_count": "其后次数",
	"later_lift": "其后提升度", "mean_gap_days": "平均间隔天数", "at_stake": "面临流失", "forecast": "预测", "came": "实际",
}

// Column writes the name of a table column.
func (p Printer) Column(name string) string {
	if zh, ok := columns[name]; ok && p.ZH() {
		return zh
	}
	return strings.ReplaceAll(name, "_", " ")
}
