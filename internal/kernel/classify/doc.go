// Package classify judges and calibrates probabilities of yes/no labels.
//
//   - AUC is the share of (yes, no) pairs in order, ties counting half (Mann & Whitney 1947); its
//     standard error is DeLong's (DeLong, DeLong & Clarke-Pearson, Biometrics 44, 1988).
//   - Average precision is Σ (R_k − R_{k−1})·P_k over the distinct scores from the highest, the
//     area under the precision-recall curve without interpolation.
//   - The Brier score is the mean squared distance of probability and label (Brier 1950);
//     log-loss the mean −ln of the probability given to what happened.
//   - Lift at a share is the rate of yes among that share of the rows with the highest scores
//     over the rate among all; a group of equal scores on the border counts in proportion.
//   - Platt's sigmoid is fitted with his smoothed targets by the Newton method of Lin, Lin & Weng (A
//     Note on Platt's Probabilistic Outputs, Machine Learning 68, 2007); isotonic regression by
//     pooling adjacent violators (Ayer et al. 1955).
package classify
