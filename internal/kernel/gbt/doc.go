// Package gbt fits gradient-boosted decision trees for a yes/no label on
// histograms of binned features.
//
// The method is Friedman's gradient boosting (Greedy Function Approximation, Annals of Statistics
// 29(5), 2001) with the second-order gain of Chen & Guestrin (XGBoost, KDD 2016, eq. 7) and the
// histogram trees of Ke et al. (LightGBM, NeurIPS 2017): every feature has at most 255 bins and one more
// for missing values; trees grow leaf by leaf, the leaf of the largest gain first; the
// histogram of the larger child is its parent's minus its sister's.
//
// With p = 1/(1+e^−F), g = p − y and h = p(1 − p) of each row, a split of a leaf into L and R gains
//
//	½ [ G_L²/(H_L+λ) + G_R²/(H_R+λ) − G²/(H+λ) ]
//
// and a leaf adds −rate·G/(H+λ) to F. Missing values go to the side that gains more. The levels of a
// categorical column are ordered by G/(H+10) in the leaf and split as a sorted column is (Fisher, On
// Grouping for Maximum Homogeneity, JASA 53, 1958), with a larger λ where there are more than
// four of them.
//
// Gradients are held as integers (as in Shi et al., Quantized Training of Gradient Boosting
// Decision Trees, NeurIPS 2022, but with 20 bits and more): sums of integers do not depend
// on their order, so a fit gives the same trees for any number of threads, and the difference of
// two histograms is exact.
package gbt
