// Package learner fits, calibrates, compares and explains models of a yes/no label over a table
// of numbers and categories. It puts the kernels gbt, logit and classify together:
//
//	rows ─folds─▶ scores of models that did not see the row ─▶ calibration, choice of the model
//	  └────────▶ fit on all rows ─▶ Model = scorer + calibration
//
// The probability that a model gives a row it was fitted on says nothing; so calibration and choice look only
// at out-of-fold scores, and the calibration of a fold is fitted on the other folds. Boosted trees
// find their number by the loss on a seventh of their rows; up to refitRows rows they are then
// fitted anew on all. Folds come from a hash of the row number or of the group, so results depend
// on the seed and not on threads.
package learner
