package flink

import (
	"regexp"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Names that Flink's connector for JDBC writes rightly. It makes each column a parameter ":name", which ends at the first
// character that no Java identifier has (FieldNamedPreparedStatement), and quotes names without doubling quotes in them:
// a job with other names would start, and fail at its first window for ever.
var (
	columnName = regexp.MustCompile(`^[\p{L}\p{N}_$]+$`)
	tableName  = regexp.MustCompile(`^[\p{L}\p{N}_$. -]+$`)
)

// checkNames refuses names that a job could not write to.
func (s *Spec) checkNames() error {
	check := func(what, name string, good *regexp.Regexp) *fault.Error {
		if good.MatchString(name) {
			return nil
		}
		return refuse("the %s %q, which Flink's connector for MySQL would not write", what, name).WithHint("use a name of letters, digits and _")
	}
	if err := check("database", s.Table.Database, tableName); err != nil {
		return err
	}
	if err := check("table", s.Table.Name, tableName); err != nil {
		return err
	}
	for _, d := range s.Query.Dims {
		if err := check("dimension", d.Name, columnName); err != nil {
			return err
		}
	}
	return nil
}
