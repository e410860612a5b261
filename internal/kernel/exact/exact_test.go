package exact

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// bigSum is the reference: arbitrary precision, rounded once.
func bigSum(vs []float64) float64 {
	s := new(big.Float).SetPrec(2200)
	for _, v := range vs {
		s.Add(s, new(big.Float).SetFloat64(v))
	}
	f, _ := s.Float64()
	return f
}

func TestFixedAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOf(rapid.Map(rapid.Int64Range(-1e12, 1e12), func(v int64) float64 { return float64(v) / 1e3 })).Draw(t, "vs")
		var a, b Fixed
		for i, v := range vs {
			if !a.AddFloat(v) {
				t.Fatalf("%v refused", v)
			}
			if !b.AddFloat(vs[len(vs)-1-i]) {
				t.Fatal("refused")
			}
		}
		if a != b {
			t.Fatal("order matters")
		}
		if got, want := a.Float(), bigSum(vs); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestFixedRefusesWhatItCannotHold(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 1e-300, 1.0 / 3e9, 5e9} {
		var a Fixed
		if a.AddFloat(v) {
			t.Errorf("%v accepted as %v", v, a.Float())
		}
		if a != (Fixed{}) {
			t.Errorf("%v changed the sum", v)
		}
	}
}

func TestSuperAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOf(rapid.Float64Range(-1e308, 1e308)).Draw(t, "vs")
		var a, b Super
		for i, v := range vs {
			if i%2 == 0 {
				a.Add(v)
			} else {
				b.Add(v)
			}
		}
		a.Merge(&b)
		if got, want := a.Float(), bigSum(vs); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestInt128(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOf(rapid.Int64()).Draw(t, "vs")
		var a, b Int128
		ref := new(big.Int)
		for i, v := range vs {
			if i%2 == 0 {
				a.Add(v)
			} else {
				b.Add(v)
			}
			ref.Add(ref, big.NewInt(v))
		}
		a.Merge(b)
		v, ok := a.Int64()
		if ok != ref.IsInt64() || (ok && v != ref.Int64()) {
			t.Fatalf("%v %v, want %v", v, ok, ref)
		}
		want, _ := new(big.Float).SetInt(ref).Float64()
		if got := a.Float(0); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
