// Package recommend learns from who bought what which items to propose next.
//
// The input is a Matrix: users × items in compressed rows, with how often or how much as value. Models:
//
//   - KNN: item-to-item neighbours (Sarwar et al., Item-based Collaborative Filtering, WWW 2001;
//     Deshpande & Karypis, ACM TOIS 22(1), 2004). The score of item j for a user with values w is
//     Σ w_i·s_ij over the user's items i that have j among their neighbours.
//   - ALS: implicit matrix factorisation (Hu, Koren & Volinsky, Collaborative Filtering for
//     Implicit Feedback Datasets, ICDM 2008), each row solved by a few steps of conjugate gradient
//     (Takács, Pilászy & Tikk, Applications of the Conjugate Gradient Method, RecSys 2011).
//   - EASE: the closed form of Steck (Embarrassingly Shallow Autoencoders for Sparse
//     Data, WWW 2019).
//   - Popular: the same list for everybody, or a user's own items by how often they came back.
//
// Lists are ordered by score, ties by the lower item code. Every model gives the same
// answer for any number of threads: parts are cut by the data, never by the workers, and sums run
// in a fixed order. evaluate.go measures lists against what users bought later.
package recommend
