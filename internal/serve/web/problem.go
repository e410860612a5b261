package web

import (
	"net/http"

	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// problem shows an error that no page of the site answered: an address that nothing is at, a key that is
// missing. Who was not admitted sees no name of the data and no way but to the front.
func (s *Site) problem(w http.ResponseWriter, r *http.Request, p serve.Problem, admitted bool) {
	st := &state{lang: langOf(r, r.URL.Query().Get("lang"), s.o.Lang), period: "all", compare: "prev", measure: "revenue"}
	words := phrase.Printer{Lang: st.lang}
	title, text, hint := problemWords(words, r, &p)
	var m *model
	if admitted {
		m = s.model(title, "", st, words)
	} else {
		bare := &Site{o: Options{Title: "ecomctl", Lang: s.o.Lang, Data: nothing{}}, assets: s.assets}
		m = bare.model(title, "", st, words)
		m.Nav = nil
	}
	m.Lang.URL = addParam("/", "lang", m.LangTag[:2])
	m.Problem = &problem{Title: title, Text: text, Hint: hint}
	s.write(w, r, p.Status, m)
}

// problemWords are the words of an error for people: in Chinese those of its kind, for the details are in English.
func problemWords(p phrase.Printer, r *http.Request, e *serve.Problem) (title, text, hint string) {
	pages := p.Pick("Choose a page from the list, or read /api/docs for the interface of programs.", "请从列表中选择页面；程序接口见 /api/docs。")
	path := phrase.Name(r.URL.Path, 80)
	switch e.Status {
	case http.StatusNotFound:
		return p.Pick("There is no such page", "没有此页面"), p.Pick("Nothing is at "+path+".", path+" 处没有内容。"), pages
	case http.StatusMethodNotAllowed:
		return p.Pick("Not possible here", "不支持此操作"), p.Pick("This address cannot be used in this way.", "此地址不支持这种请求方式。"), pages
	case http.StatusUnauthorized:
		return p.Pick("A key is needed", "需要密钥"), p.Pick(sentenceOf(e.Detail), "此服务需要有效的密钥："+e.Detail+"。"),
			p.Pick("Load the page again: the browser asks for the key as a password; the name may be empty. Who runs the server makes keys: ecomctl serve keys add NAME.",
				"重新加载页面：浏览器会要求输入密码，即密钥；用户名可留空。密钥由服务管理员创建：ecomctl serve keys add NAME。")
	case http.StatusTooManyRequests:
		return p.Pick("Too many requests", "请求过多"), p.Pick(sentenceOf(e.Detail), "请求过于频繁。"), p.Pick("Wait a few seconds, then load the page again.", "请稍候几秒，再重新加载页面。")
	case http.StatusRequestEntityTooLarge:
		return p.Pick("Too large", "内容过大"), p.Pick(sentenceOf(e.Detail), "发送的内容超过上限。"), p.Pick("Send a smaller file, or start the server with it: ecomctl serve FILE.", "请上传更小的文件，或直接用该文件启动服务：ecomctl serve FILE。")
	}
	return p.Pick(e.Title, "无法显示"), e.Detail, e.Hint
}

// sentenceOf writes a message as a sentence.
func sentenceOf(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		s = string(s[0]-'a'+'A') + s[1:]
	}
	return s + "."
}
