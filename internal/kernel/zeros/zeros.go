// Package zeros allocates large arrays that are filled at random places by several threads.
//
// The system gives fresh memory page by page at first touch. Where that touch reads, as in
// a[i] |= x or a[i]++, it maps a shared page of zeros; the write that follows must replace
// this mapping, which takes a second fault and stops every other processor that runs the
// process. An array whose pages are written first costs half of that, and interrupts nobody.
package zeros

import "unsafe"

// page is the smallest memory page of the systems we know, in bytes.
const page = 4096

// Make is make([]T, n) with the pages written. It is for arrays that will be used in most
// of their pages: others would take memory that make alone does not.
func Make[T any](n int) []T {
	a := make([]T, n)
	Touch(a)
	return a
}

// Touch writes one zero to every memory page under a fresh array.
func Touch[T any](a []T) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if len(a)*size < 2*page {
		return
	}
	for i := 0; i < len(a); i += max(1, page/size) {
		a[i] = zero
	}
	a[len(a)-1] = zero
}
