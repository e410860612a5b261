package cli

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// output are the flags of commands that return a table.
type output struct {
	app          *App
	file, format string
	sort         []string
	limit        int
	columns      []string
	pseudonymise bool
	into         intoTable
	onSpark      bool // --engine spark answers

	key        *config.Secret // of --pseudonymise
	configured string         // format of the configuration
}

func addOutput(a *App, c *cobra.Command) *output {
	o := &output{app: a}
	f := c.Flags()
	f.StringVarP(&o.file, "output", "o", "", "write to `FILE` instead of standard output, or to a table: sqlite:FILE?table=NAME, mysql://…?table=NAME; appears whole or not at all")
	o.into.add(a, c)
	f.StringVar(&o.format, "format", "", "`FORMAT`: table, csv, tsv, json, ndjson, parquet, arrow, md, html (default: by file ending; table on a terminal, csv in a pipe)")
	f.StringSliceVar(&o.sort, "sort", nil, "order rows by `COL[:desc]`")
	f.IntVar(&o.limit, "limit", -1, "at most `N` rows")
	f.StringSliceVar(&o.columns, "columns", nil, "only these `columns`, in this order")
	f.BoolVar(&o.pseudonymise, "pseudonymise", false, "replace customer ids by keyed hashes (key from ECOMCTL_PSEUDONYM_KEY)")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(render.Formats(), cobra.ShellCompDirectiveNoFileComp))
	return o
}

// terminalRows is how many rows a terminal is shown unless --limit says otherwise.
const terminalRows = 200

// settle takes what the configuration says about results and refuses what cannot be
// written, before any work is done.
func (o *output) settle(conf *config.Config) error {
	o.key, o.configured = &conf.PseudonymKey, conf.Format
	_, err := o.resolve()
	return err
}

// resolve returns the format to write and refuses what cannot be.
func (o *output) resolve() (string, error) {
	if o.file == "-" {
		o.file = ""
	}
	if o.limit < -1 {
		return "", fault.New(fault.Usage, "--limit %d: a number of rows is wanted", o.limit)
	}
	if o.folder() {
		return "parquet", o.checkFolder()
	}
	if err := o.into.check(o.file, o.format); err != nil {
		return "", err
	}
	if sqldb.Is(o.file) {
		return "", nil
	}
	if err := checkScheme("-o", o.file); err != nil {
		return "", err
	}
	format := o.format
	if format == "" && o.file != "" {
		if format = render.FormatOf(o.file); format == "" {
			return "", fault.New(fault.Usage, "-o %s: the ending names no format", o.file).WithHint("add --format, one of %s", strings.Join(render.Formats(), ", "))
		}
	}
	if format == "" {
		format = o.configured
	}
	if format == "" {
		format = "csv"
		if o.app.IO.OutTTY {
			format = "table"
		}
	}
	for _, f := range render.Formats() {
		if f == format {
			return format, nil
		}
	}
	return "", fault.New(fault.Usage, "--format %s: formats are %s", format, strings.Join(render.Formats(), ", "))
}

// write sorts, cuts and writes a table.
func (o *output) write(ctx context.Context, t *result.Table, zone *time.Location) error {
	format, err := o.resolve()
	if err != nil {
		return err
	}
	if err := o.arrange(t); err != nil {
		return err
	}
	if sqldb.Is(o.file) {
		return o.into.table(ctx, o.file, t)
	}
	opts := render.Options{Zone: zone, Header: true, Color: o.app.IO.Color && o.file == "", Width: o.app.IO.Width, File: o.file != ""}
	if o.file != "" {
		return o.app.writeAtomic(ctx, o.file, func(w io.Writer) error { return render.Write(w, format, t, opts) })
	}
	if o.app.IO.OutTTY && (format == "parquet" || format == "arrow") {
		return fault.New(fault.Usage, "--format %s: binary data on a terminal", format).WithHint("use -o FILE or a pipe")
	}
	more := 0
	if o.app.IO.OutTTY && format == "table" && o.limit < 0 && t.N > terminalRows {
		more = t.N - terminalRows
		t.Head(terminalRows)
	}
	if err := render.Write(o.app.IO.Out, format, t, opts); err != nil {
		return err
	}
	if more > 0 {
		o.app.say("… %d more rows: see all with --limit %d, or -o FILE", more, t.N+more)
	}
	return nil
}

// arrange applies --sort, --limit, --pseudonymise and --columns.
func (o *output) arrange(t *result.Table) error {
	if len(o.sort) > 0 {
		if err := t.Sort(o.sort); err != nil {
			return err
		}
	}
	t.Head(o.limit)
	hide, err := o.hider()
	if err != nil {
		return err
	}
	if hide != nil {
		t.Pseudonymise(hide)
	}
	if len(o.columns) > 0 {
		return t.Select(o.columns)
	}
	return nil
}

// hider returns what --pseudonymise makes of an id, and nil without: equal ids stay equal, and without the key
// none can be recomputed.
func (o *output) hider() (func(id string) string, error) {
	if !o.pseudonymise {
		return nil, nil
	}
	if o.key == nil {
		return nil, fault.New(fault.Internal, "--pseudonymise: no configuration was read")
	}
	key, err := o.key.Reveal(o.app.Getenv)
	if err != nil {
		return nil, err
	}
	if err := checkPseudonymKey(key); err != nil {
		return nil, err
	}
	return func(id string) string { return pseudonym(key, id) }, nil
}

func checkPseudonymKey(key string) error {
	if len(key) < 16 {
		return fault.New(fault.Usage, "--pseudonymise: a key of at least 16 characters is wanted").WithHint("set ECOMCTL_PSEUDONYM_KEY, or pseudonym_key: ${NAME} in ecomctl.yaml")
	}
	return nil
}

// pseudonym returns the first 16 bytes of HMAC-SHA-256 of an id, in hexadecimal.
func pseudonym(key, id string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// account prints where the rows went and returns a Data fault when too many were rejects.
func (s *opened) account(acc *query.Account) error {
	if s.Rel.Name == "orders" {
		s.app.say("%s", accountLine(acc))
	} else {
		s.app.say("%s", keptLine(acc))
	}
	if acc.Free > 0 {
		s.app.say("%d sold rows are free, of price 0 (--reject-free makes them rejects)", acc.Free)
	}
	s.otherCurrencies(acc)
	for _, u := range acc.Unreadable {
		s.app.say("note: %s: %d values of column %q could not be read, first %q%s", u.Column, u.Rows, u.From, phrase.Name(u.Value, 40), decimalComma(u))
	}
	if acc.Duplicates > 0 {
		what := "kept; --dedupe rejects the later ones"
		if s.Dedupe {
			what = "the later ones were rejected"
		}
		s.app.say("%d exact duplicates worth %s (%s)", acc.Duplicates, render.AppendMoney(nil, acc.DuplicatesMoney), what)
	}
	share, err := s.RejectShare()
	if err != nil {
		return err
	}
	rejects, _ := acc.Of(relation.Reject)
	if acc.Rows == 0 || float64(rejects)/float64(acc.Rows) <= share {
		return nil
	}
	var worst []string
	for _, r := range acc.Reasons {
		if r.Kind == relation.Reject && r.Rows > 0 {
			worst = append(worst, fmt.Sprintf("%s %d", r.Reason, r.Rows))
		}
	}
	return fault.New(fault.Data, "%d of %d rows were rejected (%.1f %%), more than --max-rejects %.4g %%: %s",
		rejects, acc.Rows, 100*float64(rejects)/float64(acc.Rows), 100*share, strings.Join(worst, ", ")).
		WithHint("see them with `ecomctl clean IN -o OUT --rejects FILE`; map columns with --map; raise --max-rejects if this is right")
}

// keptLine is accountLine for tables whose rows are no sales.
func keptLine(acc *query.Account) string {
	var n [relation.NumKinds]int64
	for k := range n {
		n[k], _ = acc.Of(relation.Kind(k))
	}
	return fmt.Sprintf("rows in %d = %d kept + %d rejects + %d outside", acc.Rows, n[relation.Sold]+n[relation.Reversal]+n[relation.Void], n[relation.Reject], n[relation.Outside])
}

// decimalComma explains the usual reason of numbers that cannot be read.
func decimalComma(u relation.Unreadable) string {
	digits, comma := 0, 0
	for _, c := range u.Value {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == ',':
			comma++
		case c == '.' || c == '-' || c == ' ':
		default:
			return ""
		}
	}
	if digits == 0 || comma != 1 {
		return ""
	}
	return ": if its comma is a decimal one, say --decimal comma"
}

// otherCurrencies tells what --currency left out.
func (s *opened) otherCurrencies(acc *query.Account) {
	if s.Rel != nil && s.Rel.Rates != nil {
		s.withoutRate(acc)
		return
	}
	if s.Currency == "" || len(acc.Currencies) == 0 {
		return
	}
	var others []string
	in := false
	for _, c := range acc.Currencies {
		name := c.Reason
		if name == "" {
			name = "no currency"
		}
		if c.Reason == s.Currency {
			in = true
		} else {
			others = append(others, fmt.Sprintf("%s: %d sold rows worth %s", name, c.Rows, render.AppendMoney(nil, c.Money)))
		}
	}
	if len(others) > 0 {
		s.app.say("note: --currency %s leaves out %s", s.Currency, strings.Join(others, "; "))
	}
	if !in {
		s.app.say("note: no sold row is in %s", s.Currency)
	}
}

// withoutRate tells how many rows --rates left without money.
func (s *opened) withoutRate(acc *query.Account) {
	for _, r := range acc.Reasons {
		if r.Reason == clean.NoRate && r.Rows > 0 {
			s.app.say("note: %d %s because --rates has no rate for their currency on their day", r.Rows, phrase.Plural(r.Rows, "row is a reject", "rows are rejects"))
		}
	}
}

// accountLine is the identity of docs/contract.md in rows and in money.
func accountLine(acc *query.Account) string {
	var rows, money []string
	var total, noMoney int64
	for _, k := range []relation.Kind{relation.Sold, relation.Reversal, relation.Void, relation.Reject, relation.Outside} {
		n, m := acc.Of(k)
		word := map[relation.Kind]string{relation.Sold: "sold", relation.Reversal: "reversals", relation.Void: "voids", relation.Reject: "rejects", relation.Outside: "outside"}[k]
		rows = append(rows, fmt.Sprintf("%d %s", n, word))
		money = append(money, string(render.AppendMoney(nil, m)))
		total += m
	}
	for _, r := range acc.Reasons {
		noMoney += r.NoMoney
	}
	if acc.Skipped > 0 {
		return fmt.Sprintf("rows in %d = %s + %d not read (left out by the database, or by the statistics of the file; --no-clean trusts them)",
			acc.Rows, strings.Join(rows, " + "), acc.Skipped)
	}
	line := fmt.Sprintf("rows in %d = %s; money %s = %s", acc.Rows, strings.Join(rows, " + "), render.AppendMoney(nil, total), strings.Join(money, " + "))
	if noMoney > 0 {
		line += fmt.Sprintf(" (%d rows have no computable money)", noMoney)
	}
	return line
}
