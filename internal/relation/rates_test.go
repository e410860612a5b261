package relation

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// TestRatesAgreeWithRationals converts money by rates and checks every line against
// arbitrary precision: half away from zero to 10⁻⁴, or no money where it does not fit.
func TestRatesAgreeWithRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := fmt.Sprintf("%d.%s", rapid.IntRange(0, 99999).Draw(t, "whole"), rapid.StringMatching(`[0-9]{0,11}[1-9]`).Draw(t, "decimals"))
		rates, err := ParseRates(strings.NewReader("currency,rate\nUSD,"+rate+"\n"), "rates.csv", "EUR")
		if err != nil {
			t.Fatal(err)
		}
		money := rapid.SliceOfN(rapid.Int64(), 1, 20).Draw(t, "money")
		n := len(money)
		m := &moneyCalc{out: append([]int64(nil), money...), valid: make([]byte, (n+63)>>6<<3)}
		fill(m.valid, 0xff)
		cur := &frame.Column{Kind: frame.String, Len: n, Codes: make([]int32, n), Dict: &frame.Dict{Off: []int32{0, 3}, Data: []byte("USD")}}
		(&converter{rates: rates}).convert(m, n, cur, nil)
		r, _ := new(big.Rat).SetString(rate)
		for i, x := range money {
			want := new(big.Rat).Mul(r, new(big.Rat).SetInt64(x))
			half := big.NewRat(1, 2)
			if x < 0 {
				half.Neg(half)
			}
			want.Add(want, half)
			v := new(big.Int).Quo(want.Num(), want.Denom())
			if fits := v.IsInt64(); fits != frame.Bit(m.valid, i) || fits && m.out[i] != v.Int64() {
				t.Fatalf("%d × %s = %d (valid %v), want %s", x, rate, m.out[i], frame.Bit(m.valid, i), v)
			}
		}
	})
}
