package expr

import (
	"testing"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// schemaOf makes a Lookup of name/type pairs in order.
func schemaOf(cols ...any) (Lookup, []string) {
	var names []string
	types := map[string]Type{}
	pos := map[string]int{}
	for i := 0; i < len(cols); i += 2 {
		name := cols[i].(string)
		names = append(names, name)
		types[name], pos[name] = cols[i+1].(Type), i/2
	}
	return func(n string) (int, Type, bool) { t, ok := types[n]; return pos[n], t, ok }, names
}

func TestFilterWorks(t *testing.T) {
	l, _ := schemaOf("region", Text, "unit_price", Float, "quantity", Int, "order_ts", Time)
	region := &frame.Column{Type: textType, Kind: frame.String, Len: 4, Dict: &frame.Dict{Off: []int32{0, 2, 4}, Data: []byte("SPRJ")}, Codes: []int32{0, 1, 0, 0}, Valid: []byte{0b0111}, Nulls: 1}
	price := &frame.Column{Kind: frame.Float, Len: 4, F64: []float64{11, 12, 9, 20}}
	qty := &frame.Column{Kind: frame.Int, Len: 4, I64: []int64{1, 2, 3, 4}}
	ts := &frame.Column{Kind: frame.Time, Len: 4, I64: []int64{0, 1, 2, 1704067200000000}}
	for src, want := range map[string][4]bool{
		"region = 'SP' and unit_price > 10":           {true, false, false, false},
		"region is null":                              {false, false, false, true},
		"not region = 'SP'":                           {false, true, false, false},
		"lower(coalesce(region,'X')) in ('x','rj')":   {false, true, false, true},
		"quantity between 2 and 3.5":                  {false, true, true, false},
		"quantity * unit_price >= 24":                 {false, true, true, true},
		"order_ts >= '2024-01-01'":                    {false, false, false, true},
		"year(order_ts) = 1970":                       {true, true, true, false},
		"region like '_P' or quantity % 2 = 0":        {true, true, true, true},
		"case when region='SP' then 1 else 2 end = 2": {false, true, false, true},
		"(region = 'SP') = (unit_price > 10)":         {true, false, false, false},
		"quantity / 0 = 1":                            {},
		"10 > unit_price":                             {false, false, true, false},
		"coalesce(case when quantity = 1 then null else null end, quantity = 2)": {false, true, false, false},
		"matches(region, '^S')": {true, false, true, false},
	} {
		n, err := Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		p, err := CompileCondition(n, l)
		if err != nil {
			t.Fatal(err)
		}
		sel := make([]bool, 4)
		p.Filter([]*frame.Column{region, price, qty, ts}, 4, sel)
		if [4]bool(sel) != want {
			t.Errorf("%s: %v, want %v", src, sel, want)
		}
	}
}
