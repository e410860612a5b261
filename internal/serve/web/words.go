package web

import (
	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
)

// words are the fixed texts of the pages.
type words struct {
	Skip, Theme, Print, Pages, OnPage, NoScript, Footer, Actions              string
	Period, Filters, From, To, Compare, Show, Reset, Remove, Active, Currency string
	Measure, Cut, By, Error, Hint, Working, Wait, Back, Choose, Hold          string
}

func wordsIn(p phrase.Printer) words {
	return words{
		Skip:     p.Pick("Skip to the content", "跳到正文"),
		Theme:    p.Pick("Light / dark", "浅色／深色"),
		Print:    p.Pick("Print", "打印"),
		Pages:    p.Pick("Pages", "页面"),
		OnPage:   p.Pick("On this page", "本页内容"),
		NoScript: p.Pick("Charts need JavaScript; every figure's table stands in its place.", "图表需要 JavaScript；其位置显示数据表。"),
		Footer:   p.Pick("Made by ecomctl on this machine; the page loads nothing from elsewhere.", "由 ecomctl 在本机生成；本页不从其他地方加载任何内容。"),
		Actions:  p.Pick("What to do", "可以做什么"),
		Period:   p.Pick("Period", "时段"),
		Filters:  p.Pick("Dates and filters", "日期与筛选"),
		From:     p.Pick("First day", "起始日"),
		To:       p.Pick("Last day", "结束日"),
		Compare:  p.Pick("Compare with", "对比"),
		Show:     p.Pick("Show", "查看"),
		Reset:    p.Pick("Clear all", "全部清除"),
		Remove:   p.Pick("remove", "移除"),
		Active:   p.Pick("Shown only", "仅显示"),
		Currency: p.Pick("Currency", "货币"),
		Measure:  p.Pick("Measure", "指标"),
		Cut:      p.Pick("By", "粒度"),
		By:       p.Pick("Split by", "拆分"),
		Error:    p.Pick("This cannot be shown", "无法显示"),
		Hint:     p.Pick("What helps", "解决办法"),
		Working:  p.Pick("The answer is being computed", "正在计算"),
		Wait:     p.Pick("The page shows it as soon as it is there; nothing needs to be pressed.", "完成后页面会自动显示，无需操作。"),
		Back:     p.Pick("Back to the overview", "返回概览"),
		Choose:   p.Pick("Choose one", "请选择"),
		Hold:     p.Pick("Stop refreshing", "停止刷新"),
	}
}

// filterName names a column in the form.
func filterName(p phrase.Printer, column string) string {
	switch column {
	case "region":
		return p.Pick("Region", "地区")
	case "country":
		return p.Pick("Country", "国家")
	case "category":
		return p.Pick("Category", "品类")
	case "channel":
		return p.Pick("Channel", "渠道")
	case "payment":
		return p.Pick("Payment", "支付方式")
	}
	return p.Column(column)
}

func measureName(p phrase.Printer, id string) string {
	switch id {
	case "orders":
		return p.Pick("Orders", "订单")
	case "customers":
		return p.Pick("Customers", "客户")
	case "units":
		return p.Pick("Units", "件数")
	case "aov":
		return p.Pick("Average order", "客单价")
	}
	return p.Pick("Revenue", "收入")
}

func cutName(p phrase.Printer, id string) string {
	switch id {
	case "day":
		return p.Pick("Day", "日")
	case "week":
		return p.Pick("Week", "周")
	case "month":
		return p.Pick("Month", "月")
	}
	return p.Pick("what fits", "自动")
}

func byName(p phrase.Printer, id string) string {
	switch id {
	case "":
		return p.Pick("nothing", "不拆分")
	case "product_name", "product_id":
		return p.Pick("Product", "商品")
	case "city":
		return p.Pick("City", "城市")
	case "weekday":
		return p.Pick("Day of the week", "星期")
	case "hour_of_day":
		return p.Pick("Hour of the day", "小时")
	case "month_of_year":
		return p.Pick("Month of the year", "月份")
	}
	return filterName(p, id)
}

func compareName(p phrase.Printer, id string) string {
	switch id {
	case "year":
		return p.Pick("the year before", "去年同期")
	case "none":
		return p.Pick("nothing", "不对比")
	}
	return p.Pick("the period before", "上一时段")
}

// moreAbout is the text of the link from the overview to a page.
func moreAbout(p phrase.Printer, title string) string {
	return p.Pick("All about "+lower(title), "查看全部："+title)
}

func lower(s string) string {
	if s != "" && s[0] >= 'A' && s[0] <= 'Z' {
		return string(s[0]+'a'-'A') + s[1:]
	}
	return s
}

var (
	overviewTitle  = analysis.Text{EN: "Overview", ZH: "概览"}
	salesTitle     = analysis.Text{EN: "Sales", ZH: "销售"}
	customersTitle = analysis.Text{EN: "Customers", ZH: "客户"}
	productsTitle  = analysis.Text{EN: "Products", ZH: "商品"}
	geoTitle       = analysis.Text{EN: "Geography", ZH: "地区"}
	qualityTitle   = analysis.Text{EN: "Data quality", ZH: "数据质量"}
	uploadTitle    = analysis.Text{EN: "Upload", ZH: "上传"}
)
