package analysis

import (
	"math"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/query"
)

// anomalyOptions are the parameters of anomaly, read.
type anomalyOptions struct {
	unit          query.Cut // NoCut: as the stamps tell
	seasons       []int     // nil: auto
	level         float64   // 0: by budget or default
	budget        float64   // false alarms in budgetDays; 0 = none
	budgetDays    float64
	fdr           float64 // 0 = none
	retrospective bool
	esd           bool
	most          float64 // share of points that esd may call outliers
	alerts        bool
	fail          bool
}

// defaultAnomalyLevel is the score from which a row is odd; of series it is the least level, for
// over all of them at most one false alarm is expected in calmDays days.
const (
	defaultAnomalyLevel = 0.999
	calmDays            = 1000
)

func readAnomalyOptions(r *Request) (o anomalyOptions, err error) {
	o.retrospective, o.alerts, o.fail = r.Str("retrospective") == "true", r.Str("alerts") == "true", r.Str("fail") == "true"
	if s := r.Str("freq"); s != "" {
		if o.unit, err = parseFreq(s); err != nil {
			return o, err
		}
	}
	if s := r.Str("season"); s != "" && s != "auto" {
		if o.seasons, err = (&panel{}).seasons(s); err != nil {
			return o, err
		}
	}
	given := 0
	if s := r.Str("level"); s != "" {
		given++
		if o.level, err = strconv.ParseFloat(s, 64); err != nil || !(o.level > 0.5 && o.level < 1) {
			return o, fault.New(fault.Usage, "--level %s: a score between 0.5 and 1 is wanted, like 0.999", s)
		}
	}
	if s := r.Str("budget"); s != "" {
		given++
		if o.budget, o.budgetDays, err = readBudget(s); err != nil {
			return o, err
		}
	}
	if s := r.Str("fdr"); s != "" {
		given++
		if o.fdr, err = strconv.ParseFloat(s, 64); err != nil || !(o.fdr > 0 && o.fdr < 1) {
			return o, fault.New(fault.Usage, "--fdr %s: a share between 0 and 1 is wanted, like 0.1", s)
		}
	}
	if given > 1 {
		return o, fault.New(fault.Usage, "--level, --budget and --fdr: each decides alone what an anomaly is; give one of them")
	}
	if err := o.readMethod(r); err != nil {
		return o, err
	}
	return o, rowsOnly(r)
}

// defaultMost is the share of outliers that the authors of seasonal hybrid ESD look for.
const defaultMost = 0.1

// readMethod reads --method and what belongs to one of them alone.
func (o *anomalyOptions) readMethod(r *Request) (err error) {
	o.esd, o.most = r.Str("method") == methodESD, defaultMost
	if s := r.Str("most"); s != "" {
		if !o.esd {
			return fault.New(fault.Usage, "--most is for --method %s", methodESD)
		}
		if o.most, err = strconv.ParseFloat(s, 64); err != nil || !(o.most > 0 && o.most < 0.5) {
			return fault.New(fault.Usage, "--most %s: a share between 0 and 0.5 is wanted, like 0.02", s)
		}
	}
	if !o.esd {
		return nil
	}
	for name, given := range map[string]bool{"budget": o.budget > 0, "fdr": o.fdr > 0, "retrospective": o.retrospective, "country": r.Str("country") != "", "events-file": r.Str("events-file") != ""} {
		if given {
			return fault.New(fault.Usage, "--%s does not apply to --method %s", name, methodESD).WithHint("its level is that of the test, --level; it looks at whole series and knows no calendar")
		}
	}
	if o.level == 0 {
		o.level = anomaly.ESDLevel
	}
	return nil
}

// The words of --method.
const (
	methodBaseline = "baseline"
	methodESD      = "esd"
)

// rowsOnly refuses flags of series beside --on, which looks at rows.
func rowsOnly(r *Request) error {
	if r.Str("on") == "" {
		return nil
	}
	if r.Rel.Name != "orders" {
		return fault.New(fault.Usage, "--on %s: the input is a file of series", r.Str("on")).WithHint("--table orders reads it as orders")
	}
	for _, name := range []string{"by", "freq", "budget", "fdr", "country", "events-file"} {
		if r.Str(name) != "" {
			return fault.New(fault.Usage, "--%s does not apply to --on %s, which looks at rows", name, r.Str("on"))
		}
	}
	if r.Str("method") == methodESD {
		return fault.New(fault.Usage, "--method %s does not apply to --on %s, which looks at rows", methodESD, r.Str("on"))
	}
	for _, name := range []string{"alerts", "retrospective"} {
		if r.Str(name) == "true" {
			return fault.New(fault.Usage, "--%s does not apply to --on %s, which looks at rows", name, r.Str("on"))
		}
	}
	return nil
}

// readBudget reads "2/month": how many in how many days.
func readBudget(s string) (n, days float64, err error) {
	count, unit, ok := strings.Cut(s, "/")
	days = map[string]float64{"day": 1, "week": 7, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}[strings.TrimSuffix(unit, "s")]
	n, perr := strconv.ParseFloat(strings.TrimSpace(count), 64)
	if !ok || days == 0 || perr != nil || !(n > 0) || math.IsInf(n, 0) {
		return 0, 0, fault.New(fault.Usage, "--budget %s: a number of false alarms in a day, week, month, quarter or year is wanted, like 2/month", s)
	}
	return n, days, nil
}

// levelOf returns the level for so many points a day over all series.
func (o anomalyOptions) levelOf(pointsADay float64) (float64, error) {
	switch {
	case o.budget > 0 && pointsADay == 0:
		return 0, fault.New(fault.Usage, "--budget: the steps of the series have no calendar").WithHint("give --level, or stamps that are times")
	case o.budget > 0:
		p := o.budget / (pointsADay * o.budgetDays)
		if p >= 0.5 {
			return 0, fault.New(fault.Usage, "--budget: more than half of the %.4g points in that time would be told", pointsADay*o.budgetDays).
				WithHint("give a smaller number, like 1/month")
		}
		return 1 - p, nil
	case o.level > 0:
		return o.level, nil
	}
	return max(defaultAnomalyLevel, 1-1/(calmDays*max(pointsADay, 1e-9))), nil
}

// levelText writes a level so that 1 − level keeps three digits.
func levelText(level float64) string {
	digits := 2 + int(math.Ceil(-math.Log10(1-level)))
	return strings.TrimRight(strconv.FormatFloat(level, 'f', digits, 64), "0")
}
