// Package holiday knows the days that move sales: public holidays and shopping days by country, the
// lunar calendar's among them, and a user's own from a file.
//
// It is the only package that knows github.com/rickar/cal, whose tables of public holidays it reads. China's holidays follow
// from the lunar calendar and are its own.
package holiday
