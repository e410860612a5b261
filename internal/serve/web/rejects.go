package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/sink"
	sinkcsv "github.com/ecomctl/ecomctl/internal/sink/csv"
)

// rejectsPath is where the rejected rows of a dataset are.
const rejectsPath = "/quality/rejects.csv"

// rejectsLink leads to the rejected rows, where there are any that may be shown.
func (s *Site) rejectsLink(st *state, in *content, p phrase.Printer) *link {
	n, _ := in.prov.Account.Of(relation.Reject)
	if n == 0 || s.o.Pseudonymous || in.table != "orders" {
		return nil
	}
	only := &state{lang: st.lang, langSaid: st.langSaid, dataset: st.dataset, currency: st.currency, period: "all", compare: "prev", measure: "revenue"}
	return &link{Name: p.Pick("Download the rejected "+phrase.Plural(n, "row", "rows")+" with their reasons (CSV, "+p.Count(n)+" "+phrase.Plural(n, "row", "rows")+")",
		"下载被拒绝的行及原因（CSV，"+p.Count(n)+" 行）"), URL: only.at(rejectsPath)}
}

// rejects sends the rejected rows of a dataset as they are in the input, each with its reason, file and row.
func (s *Site) rejects(w http.ResponseWriter, r *http.Request) {
	st, err := readState(r, s.o.Lang)
	p := phrase.Printer{Lang: st.lang}
	var ds serve.Dataset
	if err == nil {
		ds, err = s.dataset(&st)
	}
	const instead = "on the server: ecomctl clean INPUT -o clean.parquet --rejects rejects.csv"
	if err == nil && s.o.Pseudonymous {
		err = fault.New(fault.Auth, "rejected rows show customers as they are in the input, and this server replaces their ids").WithHint(instead)
	}
	var f *os.File
	if err == nil {
		f, err = os.CreateTemp(s.o.TempDir, "ecomctl-rejects-")
	}
	if err != nil {
		s.fail(w, r, qualityPage, &st, p, err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	serve.Extend(w, s.o.Now().Add(10*time.Minute))
	named := map[string]string{} // inputs as they may be shown
	// a file of one's own is not to be shared with others who ask the same
	_, err = s.o.Data.Compute(r.Context(), serve.Ask{Dataset: ds.Name, Scope: serve.Scope{Lang: st.lang, Currency: st.currency}}, "web.rejects "+rand.Text(),
		func(ctx context.Context, _ engine.Engine, q *analysis.Request) (any, error) {
			for _, in := range q.Rel.Fact.Inputs() {
				named[in.URI] = config.Redact(in.URI)
			}
			_, err := clean.Run(ctx, q.Rel, clean.Options{Threads: q.Threads, Memory: q.Memory / 4,
				Rejects: func(schema *arrow.Schema) (sink.Writer, error) { return sinkcsv.New(f, schema, sinkcsv.Options{}) }})
			return nil, err
		})
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fault.New(fault.Unavailable, "collecting the rows takes longer than a request may").WithHint(instead)
	}
	if err != nil {
		s.fail(w, r, qualityPage, &st, p, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="rejects.csv"`)
	h.Set("Cache-Control", "no-store")
	if err := forSpreadsheets(w, f, func(v string) string { return cmp.Or(named[v], v) }); err != nil {
		s.o.Log.Debug("download", "error", err) // half a body: the connection is cut
		panic(http.ErrAbortHandler)
	}
}

// forSpreadsheets copies CSV with every text made safe for spreadsheets; numbers keep their sign. shown rewrites
// each value.
func forSpreadsheets(w io.Writer, r io.Reader, shown func(string) string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	in, out := csv.NewReader(r), csv.NewWriter(w)
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			out.Flush()
			return out.Error()
		}
		if err != nil {
			return err
		}
		for i, v := range rec {
			if _, err := strconv.ParseFloat(v, 64); err != nil {
				rec[i] = report.Unformula(shown(v))
			}
		}
		if err := out.Write(rec); err != nil {
			return err
		}
	}
}
