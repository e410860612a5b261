// Package serve is the HTTP face of ecomctl: the REST interface made from the registry of
// analyses, and the frame that pages and metrics are mounted into.
//
//	request ─guards─▶ route ─▶ Ask ─Backend─▶ Answer ─render─▶ bytes (cached under the answer's tag)
//
// Guards are host check, key, rate, size and time limits; they stand before everything that is
// mounted. What is asked goes through one Backend, so that pages and REST give the same numbers
// and share its cache, its single flight and its bound on work at the same time.
package serve
