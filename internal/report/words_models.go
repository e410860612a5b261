package report

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
)

// modelDefinitions explains the models of a document: of each section that is there.
func modelDefinitions(doc *Document, p phrase.Printer) []definition {
	var out []definition
	d := func(view, id, name, nameZH, text, textZH string) {
		if slices.ContainsFunc(doc.Views, func(v *analysis.View) bool { return v.ID == view }) {
			out = append(out, definition{id, p.Pick(name, nameZH), p.Pick(text, textZH)})
		}
	}
	d("anomaly", "unusual", "What was unusual", "有何异常",
		"Each day's revenue is set against a baseline that knows only the days before it: a robust level with a weekly profile (after Gelper, Fried & Croux 2010). A day is told when it is so far off, by itself or with the days just before, that chance alone would raise one such day in a thousand; the tail of the errors is fitted, not taken for normal (generalised Pareto: Hosking & Wallis 1987). Days of one story are one incident: a spike, a drop, a change of level or a day without sales. A cause is named when at most three values of a column explain 60 % of the deviation.",
		"将每日销售额与只依据此前各日的基线（稳健水平加每周规律，参考 Gelper、Fried 与 Croux，2010）对比。若某日自身或与前几日合起来偏离之大，仅凭偶然每千日才有一次，则予以列出；误差尾部由广义 Pareto 分布拟合（Hosking 与 Wallis，1987），不假定正态。属同一事件的各日并为一起：突增、骤降、水平变化或无销售。若某列至多三个取值解释偏离的 60%，则指为原因。")
	d("forecast", "outlook", "What comes next", "接下来",
		"The next 28 days of revenue: a mean of several models (exponential smoothing, Theta, seasonal repetition), weighted by how each did when the past was forecast from up to four earlier days. The bands are those past errors as shares of the models' own spread (split conformal prediction: Lei et al. 2018), so they are as wide as the forecasts were wrong; how many days and sums lay inside is said beside. A last day that is cut short is left out, a single odd value at the end is not carried on, and both are said.",
		"未来 28 天的销售额：由多个模型（指数平滑、Theta、季节重复）加权平均，权重取决于各模型从至多四个较早日期预测过去的表现。区间由这些误差相对模型自身离散度的分位数得出（分裂共形预测：Lei 等，2018），预测错得多则区间宽；落入区间的日数与合计次数在旁说明。不完整的最后一天不计，末尾的单个异常值不延续，且均有说明。")
	d("basket", "pairs", "Bought together", "搭配购买",
		"Pairs of products in the earlier four fifths of the orders, in at least 30 of them and one in two thousand, beyond chance by Fisher's exact test with a false discovery rate of 5 %. By chance two products of n and m orders meet in n·m·Σs(s−1)/(Σs)² of them, s being the sizes of the orders: large orders hold everything more often. Shown are pairs with at least 1.5 times that, which the latest fifth of the orders confirms with at least half of the excess, by the number of orders beyond chance. Orders of more than 200 products are left out.",
		"在前五分之四的订单中，至少出现于 30 笔且不少于两千分之一订单的商品对，经 Fisher 精确检验超出偶然（错误发现率 5%）。两种商品各在 n 与 m 笔订单中，偶然同现 n·m·Σs(s−1)/(Σs)² 笔，s 为订单大小：大订单更容易包含一切。所列为至少达到其 1.5 倍、且最近五分之一订单证实了至少一半超出部分者，按超出偶然的订单数排序。超过 200 种商品的订单除外。")
	d("lifetime", "future", "What customers will do", "客户的未来",
		"BG/NBD (Fader, Hardie & Lee 2005) fitted by maximum likelihood on the order days of known customers: they order at random at a rate of their own and leave, with a probability of their own, after an order. Gamma–Gamma (Fader & Hardie 2013) for the money of an order day. The test fits all but the last quarter of the history, at most 90 days, and forecasts those. A customer has gone quiet when the probability of being one fell by 20 points or more in that time.",
		"对已知客户的下单日以最大似然拟合 BG/NBD（Fader、Hardie 与 Lee，2005）：客户按各自的速率随机下单，每次下单后以各自的概率离开。下单日金额用 Gamma–Gamma（Fader 与 Hardie，2013）。检验时留出最近四分之一的历史（至多 90 天）并对其预测。若仍是客户的概率在此期间下降至少 20 个百分点，则视为沉寂。")
	d("groups", "group", "Customer groups", "客户分组",
		"k-means on recency, tenure, orders and average order of known customers, each as ln(1 + x) with mean 0 and standard deviation 1; k by mean silhouette (Rousseeuw 1987), up to six groups where more of them cost at most a tenth of the best one's. Words name what lies half a standard deviation or more from the other customers. Groups are numbered by mean spending.",
		"对已知客户的最近下单、首单时间、订单数与客单价做 k-means，各取 ln(1 + x) 并标准化；k 由平均轮廓系数（Rousseeuw，1987）决定，若更多的组只损失最佳值的一成以内，则至多分为六组。文字列出与其他客户相差半个标准差以上的特征。组按人均消费编号。")
	d("recommend", "proposal", "What to propose next", "接下来推荐什么",
		"Among the 2,000 products with the most lines: for each best seller the product that its buyers take most beyond what all customers do, where the difference is more than two standard errors. Proposals come from products that share customers (cosine of the sets of customers, shrunk by 10 against chance, 20 neighbours of each product), without what the customer already bought. The test learns from all but each customer's last order and counts the products of that order that are new to them, for up to 5,000 customers; a difference to the best-seller list is told when its 95 % bootstrap interval leaves out 0.",
		"在明细行最多的 2,000 种商品中：对每种畅销商品，列出其买家相对全部客户偏好最强的商品，且差异大于两个标准误。推荐依据共同客户（客户集合的余弦相似度，以 10 收缩以防偶然，每种商品取 20 个近邻），不含客户已买的商品。检验时留出每位客户的最近一单，只计其中对其全新的商品，至多 5,000 位客户；与畅销榜之差的 95% 自助区间不含 0 时才称有差异。")
	d("next", "next", "Who will buy next", "谁会购买",
		"Logistic regression on what visitors did before a day: kinds of events, visits, products, prices and how long ago. It is fitted on the purchases within 7 days after up to three earlier days and calibrated on visitors it did not see (Platt 1999). The test names the most likely buyers a week before the data end and counts who bought; the ranking is shown where its area under the ROC curve is above 0.5 by more than two standard errors.",
		"对访客在某日之前的行为（事件类型、来访、商品、价格及距今时间）做逻辑回归，以至多三个更早日期之后 7 天内是否购买来拟合，并用未参与拟合的访客校准（Platt，1999）。检验时在数据结束前一周列出最可能的买家，再看谁购买了；仅当 ROC 曲线下面积超过 0.5 达两个标准误以上时才展示排序。")
	return out
}
