package sqlgen

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Member is a member of JSON records as Flink reads it: a column of text that becomes a value.
type Member struct {
	Name string    // of the member
	Type expr.Type // what it becomes: Text, Int, Float, Bool, Time (µs) or Date (days)
	// NullWords says that words such as NULL stand for nothing also in a text.
	NullWords bool
	// Zone says that times state an offset; they become UTC.
	Zone bool
	// Unix says that times are numbers: since 1970, in seconds to nanoseconds by their magnitude.
	Unix bool
	// Mapped members that cannot be read make their record unreadable; others are null then.
	Mapped bool
}

// Names of what Records adds to the members; Reserved are all names that a query over it cannot give to others.
const (
	Unreadable = "_unreadable" // a mapped member was present and could not be read
	Latest     = "_latest"     // the latest time that an order may have, µs: a day after now
	EventTime  = "_event_time" // Flink's time attribute
	Arrived    = "_arrived"    // Flink's processing time
	gate       = "_gate"       // see passed
)

// Patterns of values, anchored at both ends.
const (
	flinkWhole  = `\A[ \t]*([+-]?[0-9]+)(?:\.0*)?[ \t]*\z`
	flinkNumber = `\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z`
	flinkNull   = `\A[ \t]*(?:\\N|(?i:|na|n/a|nan|#na|null|none|#n/a|-nan))[ \t]*\z`
	flinkDate   = `\A[0-9]{4}-[0-9]{2}-[0-9]{2}`
	flinkClock  = `[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?`
	flinkOffset = `(?:[Zz]|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)`
)

// FlinkTime reports whether a text is a time, with an offset or without, as Records reads it. Other spellings that the local
// engine knows are none to it.
func FlinkTime(text string, zone bool) bool {
	if zone {
		return flinkZoned.MatchString(text)
	}
	return flinkWall.MatchString(text)
}

var (
	flinkWall  = regexp.MustCompile(flinkPattern(false))
	flinkZoned = regexp.MustCompile(flinkPattern(true))
)

// flinkPattern is a date alone, or with a clock; dates alone have no offset anywhere.
func flinkPattern(zone bool) string {
	clock := flinkClock
	if zone {
		clock += flinkOffset
	}
	return flinkDate + "(?:" + clock + `)?\z`
}

// value prints what a member becomes. x is a column of text.
func (m *Member) value(x string) (string, error) {
	switch m.Type {
	case expr.Text:
		s := "NULLIF(NULLIF(" + x + `, ''), '\N')`
		if m.NullWords {
			s = "CASE WHEN NOT REGEXP(" + x + ", " + lit(flinkNull) + ") THEN " + s + " END"
		}
		return s, nil
	case expr.Int:
		// 1e3 is a whole number, too
		return fmt.Sprintf("COALESCE(TRY_CAST(REGEXP_EXTRACT(%s, %s, 1) AS BIGINT), CASE WHEN REGEXP(%[1]s, '[eE]') AND ABS(%[3]s) <= 9007199254740992 AND %[3]s = FLOOR(%[3]s) THEN CAST(%[3]s AS BIGINT) END)",
			x, lit(flinkWhole), flinkDouble(x)), nil
	case expr.Float:
		return fmt.Sprintf("CASE WHEN ABS(%s) <= %s THEN %[1]s END", flinkDouble(x), greatestFlink), nil
	case expr.Bool:
		return "CASE LOWER(TRIM(BOTH ' ' FROM " + x + ")) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END", nil
	case expr.Time:
		if m.Unix {
			return flinkUnix(x), nil
		}
		return m.micros(x), nil
	case expr.Date:
		return fmt.Sprintf("CASE WHEN REGEXP(%s, %s) THEN %s END", x, lit(flinkPattern(m.Zone)), flinkDays(x)), nil
	}
	return "", fault.New(fault.Usage, "printing SQL for Flink: member %q as %s", m.Name, m.Type)
}

const greatestFlink = "1.7976931348623157E308"

// lit quotes a text without zero bytes.
func lit(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func flinkDouble(x string) string {
	return "TRY_CAST(REGEXP_EXTRACT(" + x + ", " + lit(flinkNumber) + ", 1) AS DOUBLE)"
}

// flinkDays is the day since 1970 of a text that begins with a date; null when there is no such day. Year 0 has none.
func flinkDays(x string) string {
	return "CAST(TIMESTAMPDIFF(DAY, DATE '1970-01-01', TRY_CAST(NULLIF(SUBSTRING(" + x + " FROM 1 FOR 10), '0000-00-00') AS DATE)) AS BIGINT)"
}

// part is a number that stands at fixed places of a text, 0 where there is nothing.
func part(x string, at int) string {
	return fmt.Sprintf("COALESCE(TRY_CAST(SUBSTRING(%s FROM %d FOR 2) AS BIGINT), 0)", x, at)
}

// micros is the time of a text in µs; finer digits are cut off.
func (m *Member) micros(x string) string {
	re := flinkPattern(m.Zone)
	seconds := "CASE WHEN SUBSTRING(" + x + " FROM 17 FOR 1) = ':' THEN " + part(x, 18) + " ELSE 0 END"
	fraction := "CAST(RPAD(SUBSTRING(COALESCE(REGEXP_EXTRACT(" + x + ", '[.,]([0-9]+)', 1), '') FROM 1 FOR 6), 6, '0') AS BIGINT)"
	s := fmt.Sprintf("%s * 86400000000 + %s * 3600000000 + %s * 60000000 + %s * 1000000 + %s", flinkDays(x), part(x, 12), part(x, 15), seconds, fraction)
	if m.Zone {
		s += " - " + flinkShift(x)
	}
	return "CASE WHEN REGEXP(" + x + ", " + lit(re) + ") THEN " + s + " END"
}

// flinkShift is the offset at the end of a text in µs.
func flinkShift(x string) string {
	hours := `COALESCE(TRY_CAST(REGEXP_EXTRACT(` + x + `, ':[0-9.,]+[+-]([0-9]{2}):?([0-9]{2})?\z', 1) AS BIGINT), 0)`
	minutes := `COALESCE(TRY_CAST(REGEXP_EXTRACT(` + x + `, ':[0-9.,]+[+-]([0-9]{2}):?([0-9]{2})?\z', 2) AS BIGINT), 0)`
	return "CASE WHEN REGEXP(" + x + `, ':[0-9.,]+-[0-9:]+\z') THEN -1 ELSE 1 END * (` + hours + " * 60 + " + minutes + ") * 60000000"
}

// flinkUnix is a number of seconds, milliseconds, microseconds or nanoseconds since 1970 in µs, by its magnitude.
func flinkUnix(x string) string {
	n := "TRY_CAST(REGEXP_EXTRACT(" + x + ", " + lit(flinkWhole) + ", 1) AS BIGINT)"
	return "CASE WHEN " + n + " BETWEEN 19000000 AND 21999999 OR " + n + " BETWEEN 19000000000000 AND 21991231235959 THEN NULL" +
		" WHEN " + n + " >= 100000000000000000 THEN " + n + " / 1000" +
		" WHEN " + n + " >= 100000000000000 THEN " + n +
		" WHEN " + n + " >= 100000000000 THEN " + n + " * 1000" +
		" WHEN " + n + " >= 100000000 THEN " + n + " * 1000000 END"
}

// passed is a gate behind another one: a number that nobody knows beforehand and that looks at the one before twice. Flink
// must not put two steps into each other then. It would do so with all of them, until the text of an expression that uses
// a value ten times ten times fills the memory of the gateway.
func passed(before string) string { return "RAND() * " + before + " * " + before }

// Clock says what `now` is to a job that runs for long.
type Clock struct {
	Fixed bool
	Wall  int64  // the fixed wall time, µs
	Zone  string // name of the zone whose wall time counts otherwise
}

// micros is the wall time now in µs. The session's zone is UTC.
func (c Clock) micros() string {
	if c.Fixed {
		return Flink.Int(c.Wall)
	}
	now := "DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss')"
	if c.Zone != "" && c.Zone != "UTC" {
		now = "CONVERT_TZ(" + now + ", 'UTC', " + lit(c.Zone) + ")"
	}
	return "(" + flinkDays(now) + " * 86400000000 + " + part(now, 12) + " * 3600000000 + " + part(now, 15) + " * 60000000 + " + part(now, 18) + " * 1000000)"
}

// stamp makes a time attribute's value of µs. The shift keeps the division from rounding up before 1970.
func stamp(us string) string {
	return "CAST(TO_TIMESTAMP_LTZ((" + us + " + 62135596800000000) / 1000 - 62135596800000, 3) AS TIMESTAMP(3))"
}

// RecordsTable prints the columns of a table of JSON records with an event time and its watermark, which stays delay
// behind the newest event and never runs ahead of the clock. A window ends when the watermark passes its end, as in
// package stream.
func RecordsTable(members []Member, at Member, delay time.Duration, clock Clock) (string, error) {
	var list []string
	var used names
	used.reserve(EventTime, Arrived, Unreadable, Latest, gate)
	for _, m := range members {
		name, err := Flink.Ident(m.Name)
		if err != nil {
			return "", err
		}
		if used.has(m.Name) {
			return "", fault.New(fault.Usage, "printing SQL for Flink: the member %q is there twice, or has a name of ours", m.Name)
		}
		list = append(list, name+" STRING")
	}
	x, err := Flink.Ident(at.Name)
	if err != nil {
		return "", err
	}
	us, err := at.value(x)
	if err != nil {
		return "", err
	}
	// rows without a time are no orders; a null would end the job
	list = append(list, "`"+EventTime+"` AS COALESCE("+stamp("("+us+")")+", TIMESTAMP '1970-01-01 00:00:00')", "`"+Arrived+"` AS PROCTIME()")
	// Flink takes a window for complete a millisecond before its end
	behind := delay + time.Millisecond
	if delay >= 99*24*time.Hour {
		return "", fault.New(fault.Usage, "printing SQL for Flink: a watermark that stays %s behind: less than 99 days are", delay)
	}
	seconds := behind.Truncate(time.Second)
	list = append(list, fmt.Sprintf("WATERMARK FOR `%s` AS LEAST(`%[1]s`, %s) - INTERVAL '%d %02d:%02d:%02d.%03d' DAY TO SECOND(3)", EventTime, stamp(clock.micros()),
		int64(seconds/(24*time.Hour)), int64(seconds/time.Hour)%24, int64(seconds/time.Minute)%60, int64(seconds/time.Second)%60, (behind-seconds).Milliseconds()))
	return strings.Join(list, ",\n  "), nil
}

// Records prints the query that makes values of the members of a table of RecordsTable: a column of each member's name, and
// those named above.
func Records(table string, members []Member, clock Clock) (string, error) {
	list := []string{"`" + EventTime + "`", "`" + Arrived + "`"}
	var bad []string
	for i := range members {
		m := &members[i]
		x, err := Flink.Ident(m.Name)
		if err != nil {
			return "", err
		}
		v, err := m.value(x)
		if err != nil {
			return "", err
		}
		list = append(list, v+" AS "+x)
		if m.Mapped && m.Type != expr.Text {
			bad = append(bad, "("+x+" IS NOT NULL AND ("+v+") IS NULL AND NOT REGEXP("+x+", "+lit(flinkNull)+"))")
		}
	}
	unreadable := "FALSE"
	if len(bad) > 0 {
		unreadable = strings.Join(bad, " OR ")
	}
	list = append(list, unreadable+" AS `"+Unreadable+"`", clock.micros()+" + 86400000000 AS `"+Latest+"`", "RAND() AS `"+gate+"`")
	from, err := Flink.Ident(table)
	return "SELECT\n  " + strings.Join(list, ",\n  ") + "\nFROM " + from, err
}
