package phrase

import (
	"strings"
	"testing"
)

func TestRecommend(t *testing.T) {
	full := RecommendFacts{Customers: 2500, Left: "tea", Right: "milk", Share: 0.61, Usual: 0.43, Tested: 1809, K: 10, Recall: 0.068, Popular: 0.052, Lo: 0.01, Hi: 0.02}
	worse, same, few, none := full, full, full, RecommendFacts{K: 10}
	worse.Lo, worse.Hi = -0.02, -0.01
	same.Lo = -0.01
	few.Tested = ThinCustomers - 1
	for _, c := range []struct {
		facts  RecommendFacts
		en, zh string
	}{
		{full, "Of the customers who bought tea, 61\u202f% also bought milk, against 43\u202f% of all customers.|Tested on the last orders of 1,809 customers, 10 proposals each would have named 6.8\u202f% of the products that were new to them, the 10 best sellers 5.2\u202f%: the proposals know more than the best-seller list.", "推荐优于畅销榜。"},
		{worse, "the best sellers do better, so no lists of proposals are shown here.", "畅销商品更好，因此此处不列出推荐名单。"},
		{same, "no clear difference", "差异不明显"},
		{few, "too few to tell", "太少"},
		{none, "No two of the best sellers share customers more often than chance.", "不比随机更多"},
	} {
		if got := strings.Join(Printer{}.Recommend(c.facts), "|"); !strings.Contains(got, c.en) {
			t.Errorf("%q lacks %q", got, c.en)
		}
		if got := strings.Join(Printer{Lang: "zh"}.Recommend(c.facts), "|"); !strings.Contains(got, Spaced(c.zh)) {
			t.Errorf("%q lacks %q", got, c.zh)
		}
	}
}
