package generate

import "time"

// region is a province or state with its share of the customers (any scale)
// and its cities, the largest first.
type region struct {
	en, zh string
	weight int
	cities []string
	zhCity []string
}

// country is what differs between markets.
type country struct {
	currency string
	rate     int // price level: cents of this currency per cent of a dollar, in per cent
	payments []string
	peak     func(time.Time) float64
	regions  []region
}

var countries = map[string]*country{
	"cn": {"CNY", 700, []string{"alipay", "wechat", "card", "cod", "instalment"}, peakChina, []region{
		{"Guangdong", "广东", 120, []string{"Shenzhen", "Guangzhou", "Dongguan"}, []string{"深圳", "广州", "东莞"}},
		{"Jiangsu", "江苏", 90, []string{"Suzhou", "Nanjing"}, []string{"苏州", "南京"}},
		{"Zhejiang", "浙江", 85, []string{"Hangzhou", "Ningbo"}, []string{"杭州", "宁波"}},
		{"Shandong", "山东", 70, []string{"Qingdao", "Jinan"}, []string{"青岛", "济南"}},
		{"Shanghai", "上海", 65, []string{"Shanghai"}, []string{"上海"}},
		{"Beijing", "北京", 60, []string{"Beijing"}, []string{"北京"}},
		{"Sichuan", "四川", 55, []string{"Chengdu", "Mianyang"}, []string{"成都", "绵阳"}},
		{"Henan", "河南", 52, []string{"Zhengzhou", "Luoyang"}, []string{"郑州", "洛阳"}},
		{"Hubei", "湖北", 42, []string{"Wuhan", "Yichang"}, []string{"武汉", "宜昌"}},
		{"Fujian", "福建", 40, []string{"Xiamen", "Fuzhou"}, []string{"厦门", "福州"}},
		{"Hunan", "湖南", 38, []string{"Changsha"}, []string{"长沙"}},
		{"Hebei", "河北", 36, []string{"Shijiazhuang"}, []string{"石家庄"}},
		{"Anhui", "安徽", 34, []string{"Hefei"}, []string{"合肥"}},
		{"Liaoning", "辽宁", 28, []string{"Dalian", "Shenyang"}, []string{"大连", "沈阳"}},
		{"Shaanxi", "陕西", 26, []string{"Xi'an"}, []string{"西安"}},
		{"Chongqing", "重庆", 25, []string{"Chongqing"}, []string{"重庆"}},
		{"Jiangxi", "江西", 22, []string{"Nanchang"}, []string{"南昌"}},
		{"Tianjin", "天津", 18, []string{"Tianjin"}, []string{"天津"}},
		{"Yunnan", "云南", 17, []string{"Kunming"}, []string{"昆明"}},
		{"Guangxi", "广西", 16, []string{"Nanning"}, []string{"南宁"}},
		{"Heilongjiang", "黑龙江", 14, []string{"Harbin"}, []string{"哈尔滨"}},
		{"Inner Mongolia", "内蒙古", 8, []string{"Hohhot"}, []string{"呼和浩特"}},
		{"Hainan", "海南", 6, []string{"Haikou"}, []string{"海口"}},
		{"Tibet", "西藏", 1, []string{"Lhasa"}, []string{"拉萨"}},
	}},
	"us": {"USD", 100, []string{"card", "paypal", "apple_pay", "gift_card"}, peakWest, []region{
		{"CA", "加利福尼亚", 117, []string{"Los Angeles", "San Francisco", "San Diego"}, nil},
		{"TX", "得克萨斯", 90, []string{"Houston", "Austin", "Dallas"}, nil},
		{"FL", "佛罗里达", 66, []string{"Miami", "Orlando"}, nil},
		{"NY", "纽约", 59, []string{"New York", "Buffalo"}, nil},
		{"PA", "宾夕法尼亚", 39, []string{"Philadelphia", "Pittsburgh"}, nil},
		{"IL", "伊利诺伊", 38, []string{"Chicago"}, nil},
		{"OH", "俄亥俄", 35, []string{"Columbus"}, nil},
		{"GA", "佐治亚", 33, []string{"Atlanta"}, nil},
		{"NC", "北卡罗来纳", 32, []string{"Charlotte"}, nil},
		{"MI", "密歇根", 30, []string{"Detroit"}, nil},
		{"WA", "华盛顿", 23, []string{"Seattle"}, nil},
		{"MA", "马萨诸塞", 21, []string{"Boston"}, nil},
		{"CO", "科罗拉多", 18, []string{"Denver"}, nil},
		{"OR", "俄勒冈", 13, []string{"Portland"}, nil},
		{"NV", "内华达", 10, []string{"Las Vegas"}, nil},
		{"HI", "夏威夷", 4, []string{"Honolulu"}, nil},
		{"WY", "怀俄明", 1, []string{"Cheyenne"}, nil},
	}},
	"br": {"BRL", 500, []string{"credit_card", "boleto", "pix", "voucher"}, peakWest, []region{
		{"SP", "圣保罗", 220, []string{"São Paulo", "Campinas", "Santos"}, nil},
		{"MG", "米纳斯吉拉斯", 100, []string{"Belo Horizonte"}, nil},
		{"RJ", "里约热内卢", 85, []string{"Rio de Janeiro", "Niterói"}, nil},
		{"BA", "巴伊亚", 70, []string{"Salvador"}, nil},
		{"PR", "巴拉那", 57, []string{"Curitiba", "Londrina"}, nil},
		{"RS", "南里奥格兰德", 55, []string{"Porto Alegre"}, nil},
		{"PE", "伯南布哥", 46, []string{"Recife"}, nil},
		{"CE", "塞阿拉", 44, []string{"Fortaleza"}, nil},
		{"SC", "圣卡塔琳娜", 38, []string{"Florianópolis", "Joinville"}, nil},
		{"GO", "戈亚斯", 35, []string{"Goiânia"}, nil},
		{"PA", "帕拉", 30, []string{"Belém"}, nil},
		{"DF", "联邦区", 15, []string{"Brasília"}, nil},
		{"AM", "亚马孙", 14, []string{"Manaus"}, nil},
		{"ES", "圣埃斯皮里图", 20, []string{"Vitória"}, nil},
		{"AC", "阿克里", 2, []string{"Rio Branco"}, nil},
	}},
	"gb": {"GBP", 80, []string{"card", "paypal", "klarna", "gift_card"}, peakWest, []region{
		{"London", "伦敦", 90, []string{"London"}, nil},
		{"South East", "东南", 92, []string{"Brighton", "Oxford", "Reading"}, nil},
		{"North West", "西北", 74, []string{"Manchester", "Liverpool"}, nil},
		{"East of England", "东部", 63, []string{"Cambridge", "Norwich"}, nil},
		{"West Midlands", "西米德兰兹", 60, []string{"Birmingham"}, nil},
		{"South West", "西南", 57, []string{"Bristol"}, nil},
		{"Yorkshire and the Humber", "约克郡", 55, []string{"Leeds", "Sheffield"}, nil},
		{"Scotland", "苏格兰", 54, []string{"Glasgow", "Edinburgh"}, nil},
		{"Wales", "威尔士", 31, []string{"Cardiff"}, nil},
		{"Northern Ireland", "北爱尔兰", 19, []string{"Belfast"}, nil},
	}},
	"de": {"EUR", 92, []string{"paypal", "invoice", "card", "sepa"}, peakWest, []region{
		{"Nordrhein-Westfalen", "北莱茵-威斯特法伦", 180, []string{"Köln", "Düsseldorf", "Dortmund"}, nil},
		{"Bayern", "巴伐利亚", 133, []string{"München", "Nürnberg"}, nil},
		{"Baden-Württemberg", "巴登-符腾堡", 112, []string{"Stuttgart", "Freiburg"}, nil},
		{"Niedersachsen", "下萨克森", 81, []string{"Hannover"}, nil},
		{"Hessen", "黑森", 64, []string{"Frankfurt am Main"}, nil},
		{"Sachsen", "萨克森", 41, []string{"Leipzig", "Dresden"}, nil},
		{"Berlin", "柏林", 38, []string{"Berlin"}, nil},
		{"Hamburg", "汉堡", 19, []string{"Hamburg"}, nil},
		{"Bremen", "不来梅", 7, []string{"Bremen"}, nil},
	}},
}

// word is a term in English and Chinese.
type word struct{ en, zh string }

func (w word) in(lang string) string {
	if lang == "zh" {
		return w.zh
	}
	return w.en
}

// The statuses, in the order of their codes.
const (
	statusCompleted = iota
	statusPaid
	statusCancelled
	statusRefunded
	statusUnpaid
	statusReturned
)

var statuses = []word{{"completed", "已完成"}, {"paid", "已支付"}, {"cancelled", "已取消"}, {"refunded", "已退款"}, {"unpaid", "未支付"}, {"returned", "已退货"}}

var channels = []string{"web", "app", "marketplace", "store", "wholesale"}

// category is a product category with its price range in dollars and its nouns.
type category struct {
	name     word
	low, top float64
	nouns    []word
}

var categories = []category{
	{word{"Home & Kitchen", "家居厨房"}, 6, 90, []word{{"Mug", "马克杯"}, {"Pan", "平底锅"}, {"Kettle", "水壶"}, {"Cushion", "靠枕"}, {"Lantern", "灯笼"}, {"Cutting Board", "砧板"}, {"Storage Jar", "收纳罐"}, {"Tablecloth", "桌布"}}},
	{word{"Women's Clothing", "女装"}, 12, 140, []word{{"Dress", "连衣裙"}, {"Cardigan", "开衫"}, {"Scarf", "围巾"}, {"Blouse", "衬衫"}, {"Skirt", "半身裙"}, {"Coat", "大衣"}}},
	{word{"Electronics", "数码"}, 15, 480, []word{{"Headphones", "耳机"}, {"Power Bank", "充电宝"}, {"Keyboard", "键盘"}, {"Speaker", "音箱"}, {"Charger", "充电器"}, {"Smart Plug", "智能插座"}}},
	{word{"Beauty", "美妆"}, 5, 70, []word{{"Serum", "精华液"}, {"Lipstick", "口红"}, {"Face Mask", "面膜"}, {"Hand Cream", "护手霜"}, {"Perfume", "香水"}}},
	{word{"Toys", "玩具"}, 5, 80, []word{{"Puzzle", "拼图"}, {"Building Blocks", "积木"}, {"Plush Bear", "毛绒熊"}, {"Kite", "风筝"}, {"Board Game", "桌游"}}},
	{word{"Men's Clothing", "男装"}, 12, 150, []word{{"Shirt", "男衬衫"}, {"Jacket", "夹克"}, {"Belt", "皮带"}, {"Jeans", "牛仔裤"}, {"Polo", "Polo衫"}}},
	{word{"Groceries", "食品"}, 2, 30, []word{{"Green Tea", "绿茶"}, {"Olive Oil", "橄榄油"}, {"Nut Mix", "坚果"}, {"Honey", "蜂蜜"}, {"Coffee Beans", "咖啡豆"}, {"Noodles", "面条"}}},
	{word{"Sports", "运动户外"}, 8, 200, []word{{"Yoga Mat", "瑜伽垫"}, {"Backpack", "背包"}, {"Water Bottle", "水杯"}, {"Racket", "球拍"}, {"Running Shoes", "跑鞋"}}},
	{word{"Books & Stationery", "图书文具"}, 2, 35, []word{{"Notebook", "笔记本"}, {"Fountain Pen", "钢笔"}, {"Calendar", "日历"}, {"Sketchbook", "素描本"}, {"Cook Book", "菜谱"}}},
	{word{"Garden", "园艺"}, 4, 110, []word{{"Planter", "花盆"}, {"Bird House", "鸟屋"}, {"Watering Can", "洒水壶"}, {"Seed Set", "种子套装"}}},
	{word{"Baby", "母婴"}, 4, 90, []word{{"Bib", "围兜"}, {"Blanket", "毯子"}, {"Bottle Set", "奶瓶套装"}, {"Night Light", "小夜灯"}}},
	{word{"Jewellery", "饰品"}, 9, 320, []word{{"Necklace", "项链"}, {"Earrings", "耳环"}, {"Bracelet", "手链"}, {"Ring", "戒指"}}},
}

var adjectives = []word{
	{"Classic", "经典"}, {"Nordic", "北欧"}, {"Vintage", "复古"}, {"Organic", "有机"}, {"Travel", "旅行"}, {"Mini", "迷你"}, {"Large", "大号"}, {"Handmade", "手工"},
	{"Floral", "印花"}, {"Striped", "条纹"}, {"Ceramic", "陶瓷"}, {"Bamboo", "竹制"}, {"Silver", "银色"}, {"Midnight", "午夜蓝"}, {"Everyday", "日常"}, {"Premium", "高级"},
	{"Folding", "折叠"}, {"Winter", "冬季"}, {"Summer", "夏季"}, {"Eco", "环保"}, {"Cotton", "纯棉"}, {"Linen", "亚麻"}, {"Studio", "工作室"}, {"Garden", "花园"},
}
