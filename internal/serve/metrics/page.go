package metrics

import (
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/web"
)

// refresh is how often the page is shown anew, in seconds.
const refresh = 10

// page shows the monitoring page.
func (m *Monitor) page(w http.ResponseWriter, r *http.Request) {
	p := phrase.Printer{Lang: m.frame.Lang(r)}
	views, err := m.views(p)
	if err != nil {
		serve.WriteProblem(w, err)
		return
	}
	m.frame.Write(w, r, web.Framed{Path: "/", Title: p.Pick("Monitoring", "监控"), Subtitle: m.subtitle(p), Views: views, Refresh: refresh})
}

// snapshot is what the page is made from.
type snapshot struct {
	stats        serve.Stats
	hasStats     bool
	shops        []shop
	health       []health
	host         machine
	past         history
	routes       []routeCount
	total, bad   int64
	hit, asked   int64
	heap, gor    int64
	now, started time.Time
}

func (m *Monitor) snapshot() *snapshot {
	s := &snapshot{now: m.o.Now()}
	s.routes, s.total, s.bad, s.hit, s.asked = m.traffic.byRoute()
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.stats != nil {
		s.stats, s.hasStats = m.stats(), true
		s.started = s.stats.Started
	}
	for _, sh := range m.shops {
		s.shops = append(s.shops, sh)
	}
	slices.SortFunc(s.shops, func(a, b shop) int { return strings.Compare(a.name, b.name) })
	s.health, s.host = slices.Clone(m.health), m.host
	s.past = history{slices.Clone(m.past.requests), slices.Clone(m.past.bad), slices.Clone(m.past.p95), slices.Clone(m.past.cpu), slices.Clone(m.past.memory)}
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	s.heap, s.gor = int64(ms.HeapAlloc), int64(runtime.NumGoroutine())
	return s
}

func (m *Monitor) subtitle(p phrase.Printer) string {
	return p.Pick("ecomctl "+m.o.Version+" · looked at every "+m.o.Every.String()+" · the same figures for Prometheus: /metrics", "ecomctl "+m.o.Version+" · 每 "+seconds(p, m.o.Every.Seconds())+"检查一次 · Prometheus 指标：/metrics")
}

func (m *Monitor) views(p phrase.Printer) ([]*analysis.View, error) {
	s := m.snapshot()
	routes, err := s.routesView(p)
	if err != nil {
		return nil, err
	}
	return []*analysis.View{s.serverView(p, m.o.Every), s.dataView(p), s.servicesView(p), routes, s.machineView(p)}, nil
}

// serverView is the headline: is anything wrong, and how busy is it?
func (s *snapshot) serverView(p phrase.Printer, every time.Duration) *analysis.View {
	v := &analysis.View{ID: "server", Title: p.Pick("Server", "服务"), Lead: []string{s.verdict(p)}}
	if s.hasStats && !s.started.IsZero() {
		v.Lead = append(v.Lead, p.Pick("It has answered "+p.Count(s.total)+" "+phrase.Plural(s.total, "request", "requests")+" in "+p.Elapsed(s.now.Sub(s.started).Seconds())+"; "+p.Count(s.bad)+" failed.",
			"已运行 "+p.Elapsed(s.now.Sub(s.started).Seconds())+"，应答 "+p.Count(s.total)+" 个请求，失败 "+p.Count(s.bad)+" 个。"))
	}
	asked, slowest := s.past.minute(every)
	minute := p.Pick("in the last minute", "最近一分钟")
	tile := func(name, value, note string, spark []float64) {
		v.Tiles = append(v.Tiles, analysis.Tile{Label: name, Value: value, Full: value, Note: note, Spark: spark})
	}
	tile(p.Pick("Requests", "请求"), p.CountShort(int64(asked)), minute, s.past.requests)
	tile(p.Pick("Slowest twentieth", "最慢的 5%"), seconds(p, slowest), minute, s.past.p95)
	tile(p.Pick("Being answered", "正在应答"), p.CountShort(s.stats.InFlight), p.Pick("requests now", "当前请求"), nil)
	share := math.NaN()
	if s.asked > 0 {
		share = float64(s.hit) / float64(s.asked)
	}
	tile(p.Pick("From the cache", "缓存命中"), p.Percent(share), p.Pick("of "+p.Count(s.asked)+" look-ups", "共 "+p.Count(s.asked)+" 次查询"), nil)
	tile(p.Pick("Computations", "计算"), p.CountShort(s.stats.Running), p.Pick("running, "+p.Count(s.stats.Waiting)+" waiting", "进行中，"+p.Count(s.stats.Waiting)+" 个等待"), nil)
	tile(p.Pick("Jobs", "作业"), p.CountShort(s.stats.JobsRunning), p.Pick("running, "+p.Count(s.stats.JobsQueued)+" queued", "进行中，"+p.Count(s.stats.JobsQueued)+" 个排队"), nil)
	return v
}

// verdict says what is wrong, or that nothing is.
func (s *snapshot) verdict(p phrase.Printer) string {
	var down []string
	for _, h := range s.health {
		if h.checked && !h.up {
			down = append(down, serviceName(p, h.name))
		}
	}
	if s.hasStats && s.stats.CacheKind != "" && !s.stats.CacheUp {
		down = append(down, p.Pick("the cache ("+s.stats.CacheKind+")", "缓存（"+s.stats.CacheKind+"）"))
	}
	for _, sh := range s.shops {
		if sh.state == serve.Failed {
			down = append(down, p.Pick("the data ", "数据 ")+phrase.Name(sh.name, 40))
		}
	}
	switch {
	case len(down) > 0:
		return p.Pick("Not usable now: "+p.Join(down)+"; what depends on it is answered with an error or without it.", "当前不可用："+p.Join(down)+"；相关请求会报错或跳过。")
	case s.bad > 0 && s.total > 0:
		return p.Pick("Everything is up; "+p.Percent(float64(s.bad)/float64(s.total))+" of the requests failed.", "一切正常；"+p.Percent(float64(s.bad)/float64(s.total))+" 的请求失败。")
	}
	return p.Pick("Everything is up.", "一切正常。")
}

// seconds writes a duration: "12 ms", "3.4 s".
func seconds(p phrase.Printer, v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v < .00005:
		return p.Pick("< 0.1 ms", "< 0.1 毫秒")
	case v < .0995:
		return phrase.Decimal(v*1000, 1) + p.Pick(" ms", " 毫秒")
	case v < 9.95:
		return phrase.Decimal(v, 2) + p.Pick(" s", " 秒")
	}
	return phrase.Decimal(v, 0) + p.Pick(" s", " 秒")
}

// size writes bytes: "1.5 GiB".
func size(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	for _, u := range []struct {
		n    float64
		name string
	}{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if v >= u.n {
			return phrase.Decimal(v/u.n, 1) + " " + u.name
		}
	}
	return phrase.Decimal(v, 0) + " B"
}

// dataView tells what each dataset holds.
func (s *snapshot) dataView(p phrase.Printer) *analysis.View {
	v := &analysis.View{ID: "data", Title: p.Pick("Data", "数据")}
	if len(s.shops) == 0 {
		v.Missing = p.Pick("Nothing is served yet: ecomctl serve orders.csv.", "暂无数据：ecomctl serve orders.csv。")
		return v
	}
	t := table("datasets", text("dataset"), text("state"), number("rows"), number("rejected"), text("total_sales"), number("total_orders"), number("active_users"), text("last_sale"), text("error"))
	for _, sh := range s.shops {
		money := phrase.Printer{Lang: p.Lang, Currency: sh.currency}
		var sales, orders, active, last, bad any
		if sh.known {
			sales, orders, active = money.Money(sh.sales), sh.orders, sh.active
			v.Lead = append(v.Lead, p.Pick(phrase.Name(sh.name, 40)+": "+money.MoneyWords(sh.sales)+" in "+p.Count(sh.orders)+" orders; "+p.Count(sh.active)+" "+phrase.Plural(sh.active, "customer", "customers")+" ordered in the last 30 days of the data.",
				phrase.Name(sh.name, 40)+"："+p.Count(sh.orders)+" 笔订单，共 "+money.MoneyWords(sh.sales)+"；数据最后 30 天有 "+p.Count(sh.active)+" 位客户下单。"))
		}
		if sh.last != 0 {
			last = time.UnixMicro(sh.last).UTC().Format("2006-01-02 15:04")
		}
		if sh.err != "" {
			bad = phrase.Name(sh.err, 300)
		}
		t.row(phrase.Name(sh.name, 80), stateWord(p, sh.state), sh.rows, sh.rejected, sales, orders, active, last, bad)
	}
	v.Figures = []analysis.Figure{{ID: "datasets", Question: p.Pick("What is served?", "提供哪些数据？"), Table: t.done()}}
	return v
}

// stateWord names the state of a dataset.
func stateWord(p phrase.Printer, s serve.State) string {
	return p.Pick(s.String(), map[serve.State]string{serve.Loading: "加载中", serve.Ready: "就绪", serve.Failed: "失败"}[s])
}

// serviceName names a service for people: labels of metrics are English.
func serviceName(p phrase.Printer, name string) string {
	if file, ok := strings.CutPrefix(name, "input "); ok {
		return p.Pick("input ", "输入 ") + phrase.Name(file, 40)
	}
	zh := map[string]string{"database": "数据库", "events": "事件表", "products": "商品表", "customers": "客户表"}[name]
	if zh == "" {
		zh = phrase.Name(name, 40)
	}
	return p.Pick(phrase.Name(name, 40), zh)
}

// servicesView tells of each configured service whether it can be used.
func (s *snapshot) servicesView(p phrase.Printer) *analysis.View {
	v := &analysis.View{ID: "services", Title: p.Pick("Services", "外部服务")}
	if k := s.stats.CacheKind; k != "" && k != "memory" { // what the server itself tells of its cache
		s.health = append(s.health, health{name: p.Pick("cache", "缓存"), address: k, up: s.stats.CacheUp, checked: true, took: -1, lastErr: s.stats.CacheErr, failedAt: s.now})
	}
	if len(s.health) == 0 {
		v.Lead = []string{p.Pick("No service outside this process is configured.", "没有配置外部服务。")}
		return v
	}
	up := 0
	t := table("services", text("service"), text("address"), text("state"), text("check"), text("last_error"), text("failed_at"))
	for _, h := range s.health {
		state := p.Pick("not looked at yet", "尚未检查")
		if h.checked {
			state = p.Pick("down", "不可用")
		}
		if h.up {
			state = p.Pick("up", "可用")
			up++
		}
		var bad, at, took any
		if h.lastErr != "" {
			bad, at = phrase.Name(h.lastErr, 300), h.failedAt.UTC().Format("2006-01-02 15:04:05")
		}
		if h.took >= 0 {
			took = seconds(p, h.took.Seconds())
		}
		t.row(serviceName(p, h.name), phrase.Name(h.address, 120), state, took, bad, at)
	}
	v.Lead = []string{p.Pick(p.Count(int64(up))+" of "+p.Count(int64(len(s.health)))+" "+phrase.Plural(int64(len(s.health)), "service is", "services are")+" usable.", p.Count(int64(len(s.health)))+" 个服务中 "+p.Count(int64(up))+" 个可用。")}
	v.Figures = []analysis.Figure{{ID: "services-health", Question: p.Pick("What answered the last check?", "最近一次检查结果如何？"), Table: t.done()}}
	return v
}

// drawnRoutes bounds the bars.
const drawnRoutes = 12

// routesView tells which requests came, and how long they took.
func (s *snapshot) routesView(p phrase.Printer) (*analysis.View, error) {
	v := &analysis.View{ID: "requests", Title: p.Pick("Requests", "请求")}
	if len(s.routes) == 0 {
		v.Missing = p.Pick("No request came yet.", "尚无请求。")
		return v, nil
	}
	t := table("routes", text("route"), number("requests"), number("failed"), fraction("mean_ms"), fraction("longest_ms"))
	b := chart.Bars{ID: "requests-routes", Lying: true, Value: func(v float64) string { return p.CountShort(int64(v)) }}
	bar := chart.Bar{Name: p.Pick("requests", "请求"), Color: "@s1"}
	slowest := s.routes[0]
	for i, c := range s.routes {
		t.row(c.route, c.requests, c.bad, 1000*c.seconds/float64(c.requests), 1000*c.worst)
		if c.seconds/float64(c.requests) > slowest.seconds/float64(slowest.requests) {
			slowest = c
		}
		if i < drawnRoutes {
			b.Labels = append(b.Labels, c.route)
			bar.Values, bar.Labels = append(bar.Values, float64(c.requests)), append(bar.Labels, p.CountShort(c.requests))
			b.Tips = append(b.Tips, c.route+"\n"+p.Count(c.requests)+p.Pick(" requests, mean ", " 个请求，平均 ")+seconds(p, c.seconds/float64(c.requests)))
		}
	}
	b.Series = []chart.Bar{bar}
	c, err := b.Chart()
	v.Lead = []string{p.Pick("Most asked: "+s.routes[0].route+"; slowest on average: "+slowest.route+" ("+seconds(p, slowest.seconds/float64(slowest.requests))+").",
		"请求最多："+s.routes[0].route+"；平均最慢："+slowest.route+"（"+seconds(p, slowest.seconds/float64(slowest.requests))+"）。")}
	v.Figures = []analysis.Figure{{ID: b.ID, Question: p.Pick("What is asked most?", "请求最多的是什么？"), Chart: c, Table: t.done(), Alt: p.Pick("Requests by route since the start.", "启动以来各路由的请求数。")}}
	return v, err
}

// machineView tells what the machine and the process use.
func (s *snapshot) machineView(p phrase.Printer) *analysis.View {
	v := &analysis.View{ID: "machine", Title: p.Pick("Machine", "机器")}
	h := &s.host
	if h.cpus == 0 {
		v.Missing = p.Pick("The machine has not been looked at yet.", "尚未检查机器。")
		return v
	}
	used := 1 - h.available/h.total
	v.Lead = []string{p.Pick("The processors are "+p.Percent(h.share)+" busy, "+p.Percent(used)+" of the memory is in use.", "处理器繁忙 "+p.Percent(h.share)+"，内存已用 "+p.Percent(used)+"。")}
	if math.IsNaN(h.share) {
		v.Lead = []string{p.Pick(p.Percent(used)+" of the memory is in use.", "内存已用 "+p.Percent(used)+"。")}
	}
	limit := debug.SetMemoryLimit(-1) // -1 only reads it
	process := p.Pick(p.Count(s.gor)+" goroutines", p.Count(s.gor)+" 个协程")
	if limit < math.MaxInt64 {
		process += p.Pick(", limit ", "，上限 ") + size(float64(limit))
	}
	v.Tiles = []analysis.Tile{
		{Label: p.Pick("Processors", "处理器"), Value: p.Percent(h.share), Full: p.PercentFull(h.share), Note: p.Pick("of "+p.Count(int64(h.cpus))+", load ", "共 "+p.Count(int64(h.cpus))+" 个，负载 ") + phrase.Decimal(h.load1, 1), Spark: s.past.cpu},
		{Label: p.Pick("Memory", "内存"), Value: p.Percent(used), Full: p.PercentFull(used), Note: p.Pick(size(h.available)+" free of "+size(h.total), "可用 "+size(h.available)+"，共 "+size(h.total)), Spark: s.past.memory},
		{Label: p.Pick("This process", "本进程"), Value: size(float64(s.heap)), Full: p.Count(s.heap) + p.Pick(" bytes of heap", " 字节堆内存"), Note: process},
	}
	for _, d := range h.disks {
		v.Tiles = append(v.Tiles, analysis.Tile{Label: p.Pick("Disk of ", "磁盘 ") + phrase.Name(d.path, 40), Value: size(d.free), Full: p.Count(int64(d.free)) + p.Pick(" bytes free", " 字节可用"), Note: p.Pick("free of "+size(d.total), "可用，共 "+size(d.total))})
	}
	return v
}

// builder fills a table of the page row by row.
type builder struct{ t *result.Table }

func table(name string, specs ...result.Spec) *builder {
	t := &result.Table{Name: name}
	for _, s := range specs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, 8)})
	}
	return &builder{t}
}

func text(name string) result.Spec     { return result.Spec{Name: name, Type: expr.Text} }
func number(name string) result.Spec   { return result.Spec{Name: name, Type: expr.Int} }
func fraction(name string) result.Spec { return result.Spec{Name: name, Type: expr.Float} }

// row appends values: nil, string, int64 or float64.
func (b *builder) row(values ...any) {
	for i, v := range values {
		c := &b.t.Columns[i].Data
		switch v := v.(type) {
		case string:
			result.AppendText(c, v)
		case int64:
			result.AppendInt(c, v)
		case float64:
			result.AppendFloat(c, v)
		default:
			result.AppendNull(c)
		}
	}
	b.t.N++
}

// done returns the table without the columns that hold nothing.
func (b *builder) done() *result.Table {
	b.t.Columns = slices.DeleteFunc(b.t.Columns, func(c result.Column) bool { return c.Data.Nulls == b.t.N })
	return b.t
}
