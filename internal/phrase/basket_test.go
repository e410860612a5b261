package phrase

import (
	"math"
	"testing"
)

func TestBasket(t *testing.T) {
	f := BasketFacts{Orders: 1000, Several: 400, Least: 30, Pairs: 12, Lasting: 9, Left: "buns", Right: "sausages", Both: 60, LeftIn: 80, Share: 0.75, Usual: 0.1, Lift: 7.5, Met: 90, ByChance: 20.4}
	got := en.Basket(f)
	check(t, "lead", got[0], "75 % of the orders with buns also hold sausages (60 of 80), 7.5 times what orders of these sizes give by chance; of all orders 10 % hold it.")
	check(t, "hold-out", got[1], "12 pairs of products go together beyond chance in the earlier four fifths of the orders; 9 still do in the latest fifth, where those shown here met 90 times and chance gives 20.")
	check(t, "zh", zh.Basket(f)[1], "前五分之四的订单中有 12 对商品的搭配超出偶然；其中 9 对在最近五分之一的订单中依然成立，此处所列搭配在其中同现 90 次，而偶然仅为 20 次。")
	check(t, "none lasts", en.Basket(BasketFacts{Several: 400, Pairs: 1})[0], "1 pair of products goes together beyond chance in the earlier four fifths of the orders; 0 still do in the latest fifth.")
	check(t, "none", en.Basket(BasketFacts{Several: 400, Least: 30})[0], "No two products go together beyond chance: none that share at least 30 orders are bought together more often than their sales explain.")
	check(t, "thin", en.Basket(BasketFacts{Several: 12})[0], "Only 12 orders hold two or more products: too few to tell what goes together.")
	check(t, "thin zh", zh.Basket(BasketFacts{Several: 12})[0], "只有 12 笔订单含两种及以上商品：太少，无法判断搭配。")
}

func TestLifetime(t *testing.T) {
	f := LifetimeFacts{Customers: 2469, Days: 90, Orders: 30749.3, Money: 1120548.25, Returned: 2400, Alive: 2390, Tested: 90, Told: 31500, Came: 31000, Error: 4.357, Naive: 4.449,
		Quiet: 75, Stake: 18548.69, First: "customer 7", FirstGap: 22, FirstRate: 1.336}
	got := en.Lifetime(f)
	check(t, "lead", got[0], "In the next 90 days the 2,469 known customers will order on about 30,700 days (each customer's days added up), worth about £1.12M; of the 2,400 who ordered on more than one day, about 2,390 are still customers.")
	check(t, "test", got[1], "Tested on the last 90 days, which the model did not see: it foretold 31,500 order days, 31,000 came (+1.6 %); a customer is missed by 4.36 order days on average, better than going on at the past rate (4.45).")
	check(t, "quiet", got[2], "75 customers have gone quiet: £18.5K of the next 90 days is at stake, the most with customer 7, silent for 22 days after an order every 1.3 days.")
	f.Error, f.Quiet, f.Money = 5, 0, math.NaN()
	got = en.Lifetime(f)
	if len(got) != 2 {
		t.Fatal(got)
	}
	check(t, "no money", got[0], "In the next 90 days the 2,469 known customers will order on about 30,700 days (each customer's days added up); of the 2,400 who ordered on more than one day, about 2,390 are still customers.")
	check(t, "worse", got[1], "Tested on the last 90 days, which the model did not see: it foretold 31,500 order days, 31,000 came (+1.6 %); a customer is missed by 5.00 order days on average, no better than going on at the past rate (4.45).")
	f.Told = 44000
	check(t, "far off", en.Lifetime(f)[1], "Tested on the last 90 days, which the model did not see: it foretold 44,000 order days, 31,000 came (+42 %); a customer is missed by 5.00 order days on average, no better than going on at the past rate (4.45). These customers have not bought as they used to.")
	check(t, "untrusted", en.Lifetime(f)[0], "What these customers will still buy cannot be planned with: the model failed its test. What follows ranks them, no more.")
	f.Tested = 0
	check(t, "short", zh.Lifetime(f)[1], "历史太短，无法用留出的日子检验。")
}

func TestPredict(t *testing.T) {
	f := PredictFacts{Users: 7481, Expected: 148.2, Top: 749, TopHolds: 43.1, Days: 7, From: 19814, Tested: 7127, TestedTop: 713, Bought: 143, BoughtTop: 43, Told: 156.4, Known: true}
	got := en.Predict(f)
	check(t, "lead", got[0], "In the 7 days from 1 Apr 2024 about 148 of 7,481 visitors should buy; 29 % of those buyers are expected among the tenth of visitors most likely to.")
	check(t, "test", got[1], "Tested on the 7 days before, which the model did not see: it foretold 156 buyers, 143 came; of the 713 visitors named most likely 6.0 % bought, of all 7,127 2.0 %.")
	check(t, "zh", zh.Predict(f)[0], "自 2024年4月1日 起的 7 天内，7,481 位访客中预计约有 148 位购买；其中 29% 预计来自最可能购买的十分之一访客。")
	f.Known = false
	check(t, "chance", en.Predict(f)[0], "Who will buy next cannot be told from these clicks: the ranking is no better than chance.")
	f.Bought = 12
	check(t, "thin", en.Predict(f)[0], "Only 12 visitors bought in the 7 days that the model is tested on: too few to tell who will be next.")
}
