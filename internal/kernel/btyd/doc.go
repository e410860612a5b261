// Package btyd fits "buy till you die" models of customers without a contract
// and predicts what each will still do.
//
//   - BG/NBD: Fader, Hardie & Lee, "Counting Your Customers" the Easy Way, Marketing
//     Science 24(2), 2005. Orders come as a Poisson process whose rate is Gamma(r, α)
//     over customers; after each order a customer leaves with a probability that is
//     Beta(a, b).
//   - Pareto/NBD: Schmittlein, Morrison & Colombo, Management Science 33(1), 1987, in the form of
//     Fader & Hardie, A Note on Deriving the Pareto/NBD Model, 2005: the lifetime is
//     exponential with a rate that is Gamma(s, β).
//   - Gamma–Gamma: Fader & Hardie, The Gamma-Gamma Model of Monetary Value, 2013: the
//     money of an order day is Gamma(p, ν) with ν Gamma(q, γ) over customers.
//
// Customers with equal (x, t_x, T) are one term of the likelihood, so the cost of a
// fit follows the number of different histories, not of customers. Times are in any
// one unit.
package btyd
