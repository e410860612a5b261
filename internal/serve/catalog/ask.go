package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/flight"
	"github.com/ecomctl/ecomctl/internal/session"
)

// reportName stands for the report where an analysis is named.
const reportName = "report"

// asked is a question with its dataset, its defaults filled in, and its tag.
type asked struct {
	def  *analysis.Definition // nil for the report
	set  *dataset
	scop serve.Scope
	parm map[string]string
	st   state
	tag  string
	what string // of Compute
}

func (a *asked) name() string {
	if a.what != "" {
		return "page"
	}
	if a.def == nil {
		return reportName
	}
	return a.def.Name
}

// Tag implements serve.Backend.
func (c *Catalog) Tag(ctx context.Context, q serve.Ask) (string, error) {
	a, err := c.ask(ctx, q)
	if err != nil {
		return "", err
	}
	return a.tag, nil
}

// ask resolves a question.
func (c *Catalog) ask(ctx context.Context, q serve.Ask) (*asked, error) {
	a := &asked{scop: q.Scope, parm: map[string]string{}}
	tables := []string{"orders", "events"}
	if q.Analysis != "" {
		if a.def = analysis.Get(q.Analysis); a.def == nil {
			return nil, fault.New(fault.NotFound, "no analysis is called %q", q.Analysis)
		}
		tables = append([]string{a.def.Table}, a.def.Or...)
		if err := a.fill(q.Params); err != nil {
			return nil, err
		}
	} else if len(q.Params) > 0 {
		return nil, fault.New(fault.Usage, "a report has no parameters")
	}
	var err error
	if a.set, err = c.find(ctx, &q, tables); err != nil {
		return nil, err
	}
	if a.st, err = a.set.identity(ctx); err != nil {
		return nil, err
	}
	a.tag = c.tag(a)
	return a, nil
}

// fill checks the names of parameters and fills in what is missing.
func (a *asked) fill(given map[string]string) error {
	for _, p := range a.def.Params {
		v, ok := given[p.Name]
		if !ok {
			v = p.Default
		} else if p.Kind == analysis.InFileParam || p.Kind == analysis.OutFileParam {
			return fault.New(fault.Usage, "%s names a file of the server", p.Name).WithHint("leave it out, or use the command line")
		}
		a.parm[p.Name] = v
	}
	for name := range given {
		if _, ok := a.parm[name]; !ok {
			return fault.New(fault.Usage, "%s has no parameter %q", a.def.Name, name)
		}
	}
	if a.def.NoNet && a.scop.Net {
		return fault.New(fault.Usage, "net does not apply to %s: it looks at sold lines only", a.def.Name)
	}
	return nil
}

// tag is the digest of all that the answer depends on.
func (c *Catalog) tag(a *asked) string {
	h := sha256.New()
	set := a.set.settings()
	set.Memory, set.Threads, set.TmpDir = "", 0, "" // how, not what
	err := json.NewEncoder(h).Encode(struct {
		Version, Name, Digest, Table, Models string
		Hour                                 int64
		Params                               map[string]string // sorted by the encoder
		Scope                                serve.Scope
		Settings                             session.Settings
		Pseudonymised                        bool
	}{c.conf.Version, a.name(), a.st.digest, a.st.table, c.conf.Models, a.st.hour, a.parm, a.scop, set, c.conf.Pseudonym != nil})
	if err != nil {
		panic(err) // texts and numbers
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Table implements serve.Backend.
func (c *Catalog) Table(ctx context.Context, q serve.Ask) (*serve.Answer, error) {
	if q.Analysis == "" {
		return nil, fault.New(fault.Internal, "a report is no table")
	}
	a, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	if v, ok := c.memory.get(a.tag); ok {
		return v.(*serve.Answer), nil
	}
	ans, _, err := c.tables.Do(ctx, a.tag, func(ctx context.Context) (*serve.Answer, error) {
		var out *serve.Answer
		err := c.compute(ctx, a, func(s *session.Session, eng engine.Engine) (err error) {
			out, err = c.table(ctx, a, s, eng)
			return err
		})
		if err != nil {
			return nil, err
		}
		c.memory.put(a.tag, out, tableBytes(out.Table))
		return out, nil
	})
	return ans, c.unwrap(err)
}

// unwrap turns a panic into an error whose details go to the log.
func (c *Catalog) unwrap(err error) error {
	var p *flight.Panic
	if errors.As(err, &p) {
		c.conf.Log.Error("internal error", "panic", p.Error())
		return fault.New(fault.Internal, "internal error: %v", p.Value)
	}
	return err
}

// host is what a computation knows of the process; say takes its remarks.
func (c *Catalog) host(say func(string, ...any)) *session.Host {
	h := c.conf.Host
	h.Say, h.Progress, h.Stdin = say, nil, nil
	return &h
}

// compute opens the question's dataset behind the gate and lets work ask it.
func (c *Catalog) compute(ctx context.Context, a *asked, work func(*session.Session, engine.Engine) error) error {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return err
	}
	start := c.conf.Host.Now()
	defer func() {
		took := c.conf.Host.Now().Sub(start)
		leave(took)
		c.conf.Metrics.Computed(a.name(), took, err)
		c.conf.Log.Debug("computed", "analysis", a.name(), "dataset", a.set.src.Name, "took", took, "error", err)
	}()
	s, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	defer s.Close()
	set := a.set.settings()
	eng := local.New(local.Options{Threads: set.Workers(), Memory: c.share(), TempDir: set.TempDir(), Progress: serve.ProgressOf(ctx)})
	if err = work(s, eng); err != nil {
		return err
	}
	err = a.set.same(ctx, a.st)
	return err
}

// open opens the dataset under the question's scope.
func (c *Catalog) open(ctx context.Context, a *asked) (*session.Session, error) {
	set := a.set.settings()
	overlay(&set, &a.scop)
	host := c.host(nil)
	if a.st.hour != 0 { // what the tag says
		host.Now = func() time.Time { return time.Unix(a.st.hour, 0).UTC() }
	}
	if err := set.Check(); err != nil {
		return nil, err
	}
	s, err := session.Inputs(ctx, host, set, a.set.src.Inputs)
	if err != nil {
		return nil, err
	}
	if err := c.relate(ctx, a, s); err != nil {
		s.Close()
		return nil, err
	}
	s.Req.Pseudonym = c.conf.Pseudonym
	s.Req.Models = map[string]analysis.Models{"on": analysis.AllModels, "off": analysis.NoModels}[c.conf.Models]
	for k, v := range a.parm {
		s.Req.Params[k] = v
	}
	return s, nil
}

// relate takes the input as the table that the analysis reads.
func (c *Catalog) relate(ctx context.Context, a *asked, s *session.Session) (err error) {
	if a.def == nil {
		return s.Relate(ctx, a.st.table, a.st.table == "events")
	}
	table := ""
	if a.def.TableOf != nil {
		if table, err = a.def.TableOf(a.parm, nil); err != nil {
			return err
		}
	}
	if table == "" && (a.st.table == a.def.Table || slices.Contains(a.def.Or, a.st.table)) {
		table = a.st.table
	}
	return s.RelateFor(ctx, a.def, table)
}

// overlay lays the scope of a question over the settings of the server.
func overlay(set *session.Settings, q *serve.Scope) {
	for _, f := range []struct {
		to   *string
		from string
	}{{&set.From, q.From}, {&set.To, q.To}, {&set.AsOf, q.AsOf}, {&set.Currency, q.Currency}, {&set.Lang, q.Lang}} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	switch {
	case strings.TrimSpace(q.Where) == "":
	case set.Where == "":
		set.Where = q.Where
	default: // the server's own condition stays
		set.Where = "(" + set.Where + ") and (" + q.Where + ")"
	}
	set.Net = set.Net || q.Net
}
