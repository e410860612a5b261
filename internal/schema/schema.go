// Package schema knows the canonical tables and columns, and turns any shop's
// columns into them: by a preset, by the user's own mapping, or by recognition
// that says what it chose.
//
//	source.Dataset ─┬─ preset ──────┐
//	                ├─ recognition ─┼─▶ Mapping ─Build─▶ relation.Relation
//	                └─ --map ───────┘
package schema

// Role is what a canonical column means to the rules of reading it.
type Role uint8

// The roles. Ids keep the type of typed sources (whole doubles become integers)
// and stay text from text formats; labels likewise; numbers are integers or
// doubles as stored; times are wall time.
const (
	ID Role = iota
	Time
	Quantity
	Number
	Label
	Instant // series: a time, a date or a step number
)

// Column is a canonical column.
type Column struct {
	Name     string
	Role     Role
	EN, ZH   string // description
	Required bool   // the table has little use without it; an unclear choice is an error
	// Names are the forms that recognition knows, in classes of falling certainty. They
	// are compared without case, spaces and punctuation.
	Names [][]string
}

// Table is a canonical table.
type Table struct {
	Name    string
	EN, ZH  string
	Columns []Column
}

// Column returns the column of a name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Names lists the columns of the table in order.
func (t *Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Tables are the canonical tables of docs/contract.md and the two small ones that are joined.
var Tables = []*Table{Orders, Events, Series, Interactions, Products, Customers}

// Any is a table of any columns, each read as it is; nothing is mapped.
var Any = &Table{Name: "table", EN: "A table of any columns", ZH: "任意列的表"}

// Find returns a canonical table, or Any, by name; nil when there is none.
func Find(name string) *Table {
	if name == Any.Name {
		return Any
	}
	for _, t := range Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// forms splits classes of names: "|" between names, one string a class.
func forms(classes ...string) [][]string {
	out := make([][]string, len(classes))
	for i, c := range classes {
		start := 0
		for j := 0; j <= len(c); j++ {
			if j == len(c) || c[j] == '|' {
				out[i] = append(out[i], c[start:j])
				start = j + 1
			}
		}
	}
	return out
}

// Orders has one row an order line.
var Orders = &Table{
	Name: "orders", EN: "Order lines, one row each", ZH: "订单明细，每行一条",
	Columns: []Column{
		{Name: "order_id", Role: ID, Required: true, EN: "Order the line belongs to", ZH: "订单编号",
			Names: forms("invoiceno|invoice|invoiceid|invoicenumber|ordernumber|orderno|basketid|transactionid|receiptid|订单号|订单编号|订单id|交易号|单号|小票号",
				"transaction|receipt|basket|ordercode|order")},
		{Name: "order_ts", Role: Time, Required: true, EN: "Time of the order", ZH: "下单时间",
			Names: forms("orderdate|ordertime|orderdatetime|invoicedate|orderpurchasetimestamp|purchasetimestamp|purchasedate|transactiontimestamp|transactiondate|transactiontime|ordertimestamp|orderedat|下单时间|订单时间|下单日期|订单日期|购买时间|成交时间|交易时间",
				"createdat|createdtime|creationdate|订单创建时间|创建时间|付款时间|支付时间",
				"datetime|timestamp|date|time|日期|时间")},
		{Name: "customer_id", Role: ID, Required: true, EN: "Customer; null for a guest", ZH: "客户编号，游客为空",
			Names: forms("customeruniqueid|customer|customerno|customernumber|custid|clientid|householdid|memberid|buyerid|客户编号|客户id|客户号|会员id|会员号|会员编号|买家id|用户id|用户编号|顾客id",
				"userid|user|buyer|member|client|买家会员名|买家昵称|买家|会员|客户|用户",
				"email|customeremail|手机号")},
		{Name: "product_id", Role: ID, Required: true, EN: "Product or SKU", ZH: "商品编号",
			Names: forms("stockcode|sku|skuid|productcode|productno|articleid|itemid|itemcode|goodsid|商品编号|商品id|商品编码|产品编号|产品id|货号|商家编码",
				"product|item|article|asin|商品|产品")},
		{Name: "quantity", Role: Quantity, Required: true, EN: "Units of the line; negative when returned", ZH: "数量，退货为负",
			Names: forms("qty|orderqty|orderquantity|itemquantity|lineitemquantity|unitssold|数量|购买数量|商品数量|销量|件数", "units|count|numberofcds|number")},
		{Name: "unit_price", Role: Number, Required: true, EN: "Price of one unit", ZH: "单价",
			Names: forms("unitprice|itemprice|sellingprice|saleprice|priceperunit|单价|商品单价|售价|销售单价", "price|价格|商品价格")},
		{Name: "amount", Role: Number, Required: true, EN: "Money of the line; replaces quantity × unit_price − discount", ZH: "行金额",
			Names: forms("linetotal|lineamount|salesvalue|salesamount|lineprice|extendedprice|金额|销售额|小计|行金额|商品金额|成交金额|实付金额|实收金额", "sales|revenue|subtotal|dollarvalue|totalamount")},
		{Name: "product_name", Role: Label, EN: "Name of the product", ZH: "商品名称",
			Names: forms("productname|productdescription|producttitle|itemname|title|description|商品名称|产品名称|商品标题|宝贝标题|品名", "name|itemdescription")},
		{Name: "category", Role: Label, EN: "Category of the product", ZH: "商品类目",
			Names: forms("productcategory|categoryname|categorycode|itemcategory|类目|商品类目|品类|商品分类|类别|分类", "department|categoryid|cat|subcategory|producttype")},
		{Name: "region", Role: Label, EN: "State or province", ZH: "省份或地区",
			Names: forms("province|state|customerstate|shippingprovince|shippingstate|provincename|省|省份|收货省份|地区|州|省市", "area|districtname|shippingregion|stateprovince")},
		{Name: "country", Role: Label, EN: "Country", ZH: "国家",
			Names: forms("countryname|countrycode|shippingcountry|customercountry|国家|国别|国家地区")},
		{Name: "city", Role: Label, EN: "City", ZH: "城市",
			Names: forms("customercity|shippingcity|cityname|城市|收货城市|市", "town")},
		{Name: "status", Role: Label, EN: "Status of the order", ZH: "订单状态",
			Names: forms("orderstatus|financialstatus|orderstate|订单状态|交易状态|状态", "paymentstatus|支付状态")},
		{Name: "payment", Role: Label, EN: "Means of payment", ZH: "支付方式",
			Names: forms("paymentmethod|paymenttype|paytype|paymethod|payment|支付方式|付款方式|支付渠道")},
		{Name: "channel", Role: Label, EN: "Sales channel", ZH: "销售渠道",
			Names: forms("saleschannel|source|platform|渠道|销售渠道|平台|来源", "store|storeid|shop|店铺|店铺名称")},
		{Name: "discount", Role: Number, EN: "Discount on the line, in money", ZH: "行优惠金额",
			Names: forms("discountamount|discountvalue|lineitemdiscount|linediscount|优惠金额|折扣金额|优惠|discount")},
		{Name: "currency", Role: Label, EN: "Currency code", ZH: "币种",
			Names: forms("currencycode|币种|货币")},
	},
}

// Events has one row an event of a visitor.
var Events = &Table{
	Name: "events", EN: "Events of visitors, one row each", ZH: "用户行为事件，每行一条",
	Columns: []Column{
		{Name: "user_id", Role: ID, Required: true, EN: "Visitor", ZH: "用户编号",
			Names: forms("visitorid|userid|customerid|clientid|deviceid|用户id|用户编号|访客id", "user|visitor|customer|用户")},
		{Name: "event_ts", Role: Time, Required: true, EN: "Time of the event", ZH: "事件时间",
			Names: forms("eventtime|eventtimestamp|eventdatetime|eventdate|事件时间|行为时间", "timestamp|createdat|ts|datetime|time|date|时间|时间戳")},
		{Name: "event_type", Role: Label, Required: true, EN: "view, cart, purchase, …", ZH: "事件类型",
			Names: forms("event|eventname|eventtype|behaviortype|behavior|action|actiontype|事件|事件类型|行为|行为类型", "type|activity|类型")},
		{Name: "session_id", Role: ID, EN: "Visit; without it a gap of 30 minutes makes one", ZH: "会话编号",
			Names: forms("session|usersession|visitid|sessionid|会话id|会话")},
		{Name: "product_id", Role: ID, EN: "Product", ZH: "商品编号",
			Names: forms("itemid|sku|productcode|商品id|商品编号|item|product")},
		{Name: "category", Role: Label, EN: "Category of the product", ZH: "商品类目",
			Names: forms("categorycode|categoryname|productcategory|类目|商品类目", "categoryid|类目id")},
		{Name: "price", Role: Number, EN: "Price of the product", ZH: "价格",
			Names: forms("unitprice|itemprice|价格|单价|amount|value")},
	},
}

// Series has one row a point of a time series.
var Series = &Table{
	Name: "series", EN: "Time series, one row a point", ZH: "时间序列，每行一个点",
	Columns: []Column{
		{Name: "unique_id", Role: ID, EN: "Series", ZH: "序列编号", Names: forms("series|seriesid|item|key|id|store|序列", "name|category")},
		{Name: "ds", Role: Instant, Required: true, EN: "Time or step", ZH: "时间或步数", Names: forms("date|timestamp|datetime|time|day|week|month|日期|时间", "t|step|period")},
		{Name: "y", Role: Number, Required: true, EN: "Value", ZH: "数值", Names: forms("value|target|sales|demand|数值|销量|销售额", "count|amount|revenue")},
	},
}

// Interactions has one row a user's use of an item.
var Interactions = &Table{
	Name: "interactions", EN: "Users and items, one row an interaction", ZH: "用户与物品的交互，每行一条",
	Columns: []Column{
		{Name: "user_id", Role: ID, Required: true, EN: "User", ZH: "用户编号", Names: forms("userid|customerid|visitorid|用户id", "user|customer")},
		{Name: "item_id", Role: ID, Required: true, EN: "Item", ZH: "物品编号", Names: forms("itemid|movieid|productid|articleid|商品id|物品id", "item|product|movie")},
		{Name: "rating", Role: Number, EN: "Rating", ZH: "评分", Names: forms("score|stars|评分", "weight|value")},
		{Name: "ts", Role: Time, EN: "Time", ZH: "时间", Names: forms("timestamp|datetime|date|time|时间")},
	},
}

// Products describes products, one row each; it is joined to orders and events.
var Products = &Table{
	Name: "products", EN: "Products, one row each", ZH: "商品，每行一个",
	Columns: []Column{
		{Name: "product_id", Role: ID, Required: true, EN: "Product or SKU", ZH: "商品编号", Names: Orders.Column("product_id").Names},
		{Name: "product_name", Role: Label, EN: "Name of the product", ZH: "商品名称", Names: Orders.Column("product_name").Names},
		{Name: "category", Role: Label, EN: "Category of the product", ZH: "商品类目", Names: Orders.Column("category").Names},
	},
}

// Customers describes customers, one row each; it is joined to orders.
var Customers = &Table{
	Name: "customers", EN: "Customers, one row each", ZH: "客户，每行一个",
	Columns: []Column{
		{Name: "customer_id", Role: ID, Required: true, EN: "Customer", ZH: "客户编号", Names: Orders.Column("customer_id").Names},
		{Name: "region", Role: Label, EN: "State or province", ZH: "省份或地区", Names: Orders.Column("region").Names},
		{Name: "country", Role: Label, EN: "Country", ZH: "国家", Names: Orders.Column("country").Names},
		{Name: "city", Role: Label, EN: "City", ZH: "城市", Names: Orders.Column("city").Names},
	},
}
