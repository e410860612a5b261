// Package itemset mines frequent, closed and maximal itemsets and association
// rules from baskets, exactly.
//
// Mining is Eclat (Zaki, Scalable Algorithms for Association Mining, IEEE TKDE
// 12(3), 2000) on projected bitmaps. Items are ranked by ascending frequency. For
// each item i the baskets that hold i are renumbered 0 … n_i−1, and every item that
// is frequent among them becomes a bitmap of n_i bits; a depth-first search over
// those bitmaps finds all sets whose least frequent item is i. So bitmaps are as
// short as the data allow (sparse baskets), and one intersection costs n_i/64 words
// (dense ones).
//
// Closed and maximal sets come from the same search with the idea of CHARM and LCM
// (Zaki & Hsiao, SDM 2002; Uno et al., FIMI 2004): items in all baskets of a
// set are absorbed at once, and a set that an already passed item could join
// without loss (closed) or without falling below the threshold (maximal) is none.
//
// Rules and their measures are in rules.go.
package itemset
