package zeros

import "testing"

// TestMake checks lengths around a page and elements larger than one.
func TestMake(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 513, 1024, 1025, 100000} {
		a := Make[uint64](n)
		if len(a) != n {
			t.Fatalf("%d elements instead of %d", len(a), n)
		}
		for i, v := range a {
			if v != 0 {
				t.Fatalf("element %d of %d is %d", i, n, v)
			}
		}
	}
	if a := Make[[5000]byte](3); len(a) != 3 || a[2] != [5000]byte{} {
		t.Fatal("elements larger than a page are not zero")
	}
}
