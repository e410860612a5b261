package analysis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// BehaviorPredict tells how likely users are to do something, or rows to carry a label.
var BehaviorPredict = Register(&Definition{
	Name:  "behavior predict",
	Group: "Customers",
	Short: Text{"How likely each user is to buy soon, or each row of a table to carry a label", "每位用户近期购买的概率，或表中每行带有某标签的概率"},
	Long: `Of events: the probability that a user has an event of --target within --horizon after --cutoff (default:
as-of), from the events before it. The model is fitted at earlier cut-offs, a horizon apart, whose
outcome was known by then; it never sees an event on or after --cutoff. --evaluate measures it at
--cutoff where the horizon after it is observed, else one horizon earlier.

Of any table with --label COLUMN: the probability that a row carries the label, from its other columns.
Rows without a label get the model's probability; labelled rows one of models that did not see them
(out of fold). --evaluate measures on a hold-out: the last --holdout by --time, else a share drawn by hash; --cv N
by N-fold cross-validation.

Models: logistic regression (L2, standardised, one-hot) and gradient-boosted trees (gbt); auto takes the
one with the lower out-of-fold log-loss, logistic unless gbt is better by half a percent. Probabilities are
calibrated on out-of-fold scores. --evaluate prints every candidate beside the base rate: the share of yes for everybody.
--importance prints how much worse the hold-out's probabilities become when a column's values are shuffled.`,
	Example: []string{
		"ecomctl behavior predict clicks.parquet --target purchase --horizon 7d --sort probability:desc --limit 20",
		"ecomctl behavior predict clicks.parquet --horizon 7d --cutoff 2025-10-01 --evaluate",
		"ecomctl behavior predict sessions.csv --label Revenue --cv 10",
		"ecomctl behavior predict sessions.csv --label Revenue --save model.json",
		"ecomctl behavior predict new.csv --apply model.json --id session",
	},
	Table:   "events",
	Or:      []string{anyTable},
	TableOf: predictTable,
	Needs:   []string{"user_id", "event_ts", "event_type"},
	Uses:    []string{"session_id", "product_id", "price"},
	NoNet:   true,
	Params:  predictParams,
	Columns: predictSpecs,
	Method:  "behavior-predict",
	Plan:    predictPlan,
	Finish:  predictFinish,
	Section: predictSection,
})

// anyTable is Relation.Name of a table of any columns.
const anyTable = "table"

var predictParams = []Param{
	{Name: "target", Kind: StringParam, Default: "purchase", Help: "events: the event type to predict"},
	{Name: "horizon", Kind: StringParam, Default: "7d", Help: "events: time ahead, like 12h, 7d, 4w"},
	{Name: "cutoff", Kind: StringParam, Help: "events: the `date` to predict at (default: as-of)"},
	{Name: "label", Kind: StringParam, Columns: true, Help: "table: the column to predict"},
	{Name: "positive", Kind: StringParam, Help: "table: the `value` of the label that is yes (default: true, 1, yes)"},
	{Name: "id", Kind: StringParam, Columns: true, Help: "table: the column that names the rows (default: the row number); no feature"},
	{Name: "ignore", Kind: ListParam, Columns: true, Help: "table: columns that are no features"},
	{Name: "time", Kind: StringParam, Columns: true, Help: "table: hold out the last rows by this column; no feature"},
	{Name: "holdout", Kind: StringParam, Default: "20%", Help: "table: share of the rows that --evaluate and --importance measure on"},
	{Name: "cv", Kind: IntParam, Default: "0", Help: "table: print an evaluation by so many folds instead"},
	{Name: "model", Kind: StringParam, Default: "auto", Choices: []string{"auto", learner.Logistic, learner.Boosting}, Help: "the model"},
	{Name: "calibrate", Kind: StringParam, Default: learner.PlattScaling, Choices: []string{learner.PlattScaling, learner.IsotonicRegression, learner.NoCalibration}, Help: "how scores become probabilities"},
	{Name: "evaluate", Kind: BoolParam, Default: "false", Help: "print the evaluation on the hold-out instead"},
	{Name: "importance", Kind: BoolParam, Default: "false", Help: "print the importance of the columns on the hold-out instead"},
	{Name: "save", Kind: OutFileParam, Help: "write the fitted model to `FILE`"},
	{Name: "apply", Kind: InFileParam, Help: "use the model of a `FILE` of --save; nothing is fitted"},
}

var predictSpecs = []result.Spec{
	{Name: "user_id", Type: expr.Text, Desc: "the user; of a table its --id column, or the row number from 1"},
	{Name: "probability", Type: expr.Float, Unit: result.Ratio, Desc: "calibrated probability of the target event, or of the label"},
}

// predictTable: a label is a column of a table, and a model knows what it was fitted to.
func predictTable(params map[string]string, files map[string][]byte) (string, error) {
	if params["label"] != "" {
		return anyTable, nil
	}
	f, err := readPredictFile(&Request{Params: params, Files: files})
	switch {
	case f == nil || err != nil:
		return "", err
	case f.Events == nil:
		return anyTable, nil
	}
	return "events", nil
}

// predictOptions are the parameters of predict, read.
type predictOptions struct {
	learner.Options
	table                string // "events" or "table"
	target               string
	horizon              int64 // µs
	cutoff               int64 // µs; query.MaxTime = as-of
	label, positive      string
	id, time             string
	ignore               []string
	holdout              float64
	cv                   int
	evaluate, importance bool
	apply                *predictFile
}

// ofTable are the parameters that only a table has, ofEvents those that only events have, fitting
// those that only a fit looks at.
var (
	ofTable  = []string{"label", "positive", "id", "ignore", "time", "holdout", "cv"}
	ofEvents = []string{"target", "horizon", "cutoff"}
	fitting  = []string{"target", "horizon", "label", "positive", "ignore", "time", "holdout", "cv", "model", "calibrate", "evaluate", "importance", "save"}
)

func readPredictOptions(r *Request) (o predictOptions, err error) {
	o = predictOptions{table: r.Rel.Name, target: r.Str("target"), cutoff: query.MaxTime, label: r.Str("label"), positive: r.Str("positive"),
		id: r.Str("id"), time: r.Str("time"), ignore: words(r.Str("ignore")), evaluate: r.Str("evaluate") == "true", importance: r.Str("importance") == "true"}
	o.Options = learner.Options{Kinds: []string{learner.Logistic, learner.Boosting}, Calibration: r.Str("calibrate"), Seed: uint64(r.Seed), Threads: max(1, r.Threads)}
	if m := r.Str("model"); m != "auto" {
		o.Kinds = []string{m}
	}
	if o.apply, err = readPredictFile(r); err != nil {
		return o, err
	}
	if err := o.refuse(r); err != nil {
		return o, err
	}
	if o.horizon, err = spanOf("horizon", r.Str("horizon")); err != nil {
		return o, err
	}
	if o.holdout, err = shareOf("holdout", r.Str("holdout")); err != nil {
		return o, err
	}
	if o.cv, err = wholeParam(r, "cv", 0, 100); err != nil {
		return o, err
	}
	if h := predictParam("holdout"); r.Str("holdout") != h.Default && !o.evaluate && !o.importance {
		return o, fault.New(fault.Usage, "--holdout has no meaning without --evaluate or --importance: all labelled rows are learned from")
	}
	if o.cv == 1 {
		return o, fault.New(fault.Usage, "--cv 1: at least two folds are wanted")
	}
	if o.cv > 0 && (o.evaluate || o.importance) || o.evaluate && o.importance {
		return o, fault.New(fault.Usage, "--evaluate, --importance and --cv print different tables: give one of them")
	}
	if s := r.Str("cutoff"); s != "" {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return o, fault.New(fault.Usage, "--cutoff %s: not a date like 2025-09-30", s)
		}
		o.cutoff = t.UnixMicro()
	}
	return o, nil
}

func predictParam(name string) Param {
	return predictParams[slices.IndexFunc(predictParams, func(p Param) bool { return p.Name == name })]
}

// refuse names parameters that have no meaning for the input.
func (o *predictOptions) refuse(r *Request) error {
	if o.table == anyTable && o.label == "" && o.apply == nil {
		return fault.New(fault.Usage, "the input has no user_id, event_ts and event_type, and no --label says what to predict").
			WithHint("name the column to predict with --label COLUMN, or map the columns of events: --map user_id=…")
	}
	other, what := ofTable, "events"
	if o.table == anyTable {
		other, what = ofEvents, "a table with --label"
	}
	for _, p := range predictParams {
		v := r.Str(p.Name)
		if v == "" || v == p.Default {
			continue
		}
		if slices.Contains(other, p.Name) {
			return fault.New(fault.Usage, "--%s has no meaning for %s", p.Name, what).WithHint("--table says what the input is: events, table")
		}
		if o.apply != nil && slices.Contains(fitting, p.Name) {
			return fault.New(fault.Usage, "--%s has no meaning with --apply: nothing is fitted", p.Name)
		}
	}
	if o.apply != nil && (o.apply.Events != nil) != (o.table != anyTable) {
		return fault.New(fault.Usage, "--apply %s: the model was fitted to %s", r.Str("apply"), o.apply.fittedTo()).
			WithHint("--table says what the input is: events, table")
	}
	if o.table == anyTable && (r.From != query.MinTime || r.To != query.MaxTime) {
		return fault.New(fault.Usage, "--from and --to have no meaning for a table of any columns").WithHint("choose rows with --where")
	}
	return nil
}

// shareOf parses 20% or 0.2.
func shareOf(flag, s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if strings.HasSuffix(s, "%") {
		v /= 100
	}
	if err != nil || !(v >= 0.01 && v <= 0.9) {
		return 0, fault.New(fault.Usage, "--%s %s: a share from 1%% to 90%% is wanted", flag, s)
	}
	return v, nil
}

func predictPlan(r *Request) (query.Plan, error) {
	o, err := readPredictOptions(r)
	if err != nil {
		return query.Plan{}, err
	}
	if o.table == anyTable {
		return query.Plan{}, o.checkColumns(r) // Finish reads the rows itself
	}
	return o.eventsPlan(r), nil
}

// predictData is what is learned from and what is predicted.
type predictData struct {
	learner.Table
	ids    result.Column
	fit    []int32 // rows the model is fitted to
	train  []int32 // rows that the evaluation fits to, and those it measures on
	test   []int32
	answer []int32 // rows of the result, in order
	events *eventSpec
	users  []int32 // of events: the user of each row
	notes  []string
}

func predictFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readPredictOptions(r)
	if err != nil {
		return nil, err
	}
	var d *predictData
	if o.table == anyTable {
		d, err = readPredictTable(ctx, r, &o)
	} else {
		d, err = readPredictEvents(ctx, r, &o, a)
	}
	if err != nil {
		return nil, err
	}
	res := &Result{Notes: d.notes}
	switch {
	case o.apply != nil:
		p, err := o.apply.Model.Probabilities(ctx, d.Columns, d.answer, o.Threads)
		if err != nil {
			return nil, err
		}
		res.Main = d.probabilities(p)
		res.Notes = append(res.Notes, o.apply.note())
		return res, nil
	case o.cv > 0:
		return d.crossValidate(ctx, &o, res)
	case o.evaluate || o.importance:
		return d.evaluate(ctx, r, &o, res)
	}
	return d.predict(ctx, r, &o, res)
}

// predict fits the model and predicts the rows of the answer.
func (d *predictData) predict(ctx context.Context, r *Request, o *predictOptions, res *Result) (*Result, error) {
	tr, err := learner.Train(ctx, &d.Table, d.fit, o.Options)
	if err != nil {
		return nil, err
	}
	res.Notes = append(res.Notes, d.fitNotes(tr)...)
	res.Notes = append(res.Notes, d.suspicions(tr.Candidates[tr.Best].Metrics.AUC, d.fit)...)
	p, err := tr.Model.Probabilities(ctx, d.Columns, d.answer, o.Threads)
	if err != nil {
		return nil, err
	}
	at := make(map[int32]int, len(d.fit))
	for i, row := range d.fit {
		at[row] = i
	}
	for i, row := range d.answer { // a model's word on a row it was fitted to says nothing
		if k, ok := at[row]; ok {
			p[i] = tr.Candidates[tr.Best].OutOfFold[k]
		}
	}
	res.Main = d.probabilities(p)
	return res, o.save(r, d, tr, res)
}

// save puts the model into the files of the result where --save asks for it.
func (o *predictOptions) save(r *Request, d *predictData, tr *learner.Trained, res *Result) error {
	if r.Str("save") == "" {
		return nil
	}
	b, err := newPredictFile(o, d, tr).encode()
	res.Files = append(res.Files, OutFile{Param: "save", Bytes: b})
	return err
}

// crossValidate makes the table of --cv.
func (d *predictData) crossValidate(ctx context.Context, o *predictOptions, res *Result) (*Result, error) {
	if n := d.smaller(d.fit); n < o.cv {
		return nil, fault.New(fault.Input, "--cv %d: only %d rows of the rarer class", o.cv, n).WithHint("use fewer folds")
	}
	reports, err := learner.CrossValidate(ctx, &d.Table, d.fit, o.cv, o.Options)
	if err != nil {
		return nil, err
	}
	res.Notes = append(res.Notes, fmt.Sprintf("%d-fold cross-validation, stratified, seed %d; figures are means over the folds, auc_se the standard error of the mean", o.cv, o.Seed))
	res.Notes = append(res.Notes, d.suspicions(reports[len(reports)-1].Metrics.AUC, d.fit)...)
	res.Main = evaluationTable(reports)
	return res, nil
}

// evaluate makes the tables of --evaluate and --importance.
func (d *predictData) evaluate(ctx context.Context, r *Request, o *predictOptions, res *Result) (*Result, error) {
	if len(d.test) == 0 || len(d.train) == 0 {
		return nil, fault.New(fault.Input, "evaluating: no rows to fit to (%d) or none to measure on (%d)", len(d.train), len(d.test))
	}
	if d.smaller(d.train) < 2 {
		return nil, fault.New(fault.Input, "evaluating: the %d rows to fit to hold fewer than two of one class", len(d.train)).
			WithHint("choose another --holdout or --cutoff")
	}
	reports, tr, err := learner.Evaluate(ctx, &d.Table, d.train, d.test, o.Options)
	if err != nil {
		return nil, err
	}
	res.Notes = append(res.Notes, d.fitNotes(tr)...)
	for _, rep := range reports {
		if rep.Kind == tr.Model.Kind {
			res.Notes = append(res.Notes, d.suspicions(rep.Metrics.AUC, d.test)...)
		}
	}
	if o.evaluate {
		res.Main = evaluationTable(reports)
		return res, o.save(r, d, tr, res)
	}
	imp, err := tr.Model.Importances(ctx, &d.Table, d.test, o.Options)
	if err != nil {
		return nil, err
	}
	res.Main = importanceTable(imp)
	return res, o.save(r, d, tr, res)
}

// smaller counts the rows of the rarer class.
func (d *predictData) smaller(rows []int32) int {
	n := 0
	for _, r := range rows {
		if d.Y[r] {
			n++
		}
	}
	return min(n, len(rows)-n)
}
