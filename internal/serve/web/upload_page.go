package web

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sink"
	sinkcsv "github.com/ecomctl/ecomctl/internal/sink/csv"
	"github.com/ecomctl/ecomctl/internal/source"
)

// uploadPage is the page that files are sent to.
var uploadPage = &pageDef{id: "upload", path: "/upload", title: uploadTitle}

// uploadModel is what the upload page shows: a form, or a file with its mapping.
type uploadModel struct {
	Intro, Choose, Send, Limit, TooLarge string
	Most                                 int64
	Action                               string
	File                                 *uploadedFile
	Report                               bool // the file's report follows: only the links are shown
	Downloads                            []link
}

// uploadedFile is a file with its mapping.
type uploadedFile struct {
	Name, Lead, Facts                 string
	Self, ReportURL                   string
	Hidden                            []link
	MapTitle, SampleTitle             string
	HeadColumn, HeadFrom, HeadExample string
	Rows                              []mapRow
	SampleHead                        []string
	Sample                            [][]string
	Update, Make, Back                string
	Problem                           *problem
	Ready                             bool
}

// mapRow is one canonical column with the columns it may come from.
type mapRow struct {
	Name, Text, Example string
	Required, Missing   bool
	Options             []option
}

func (s *Site) mountUploads(m Mounter) {
	u := s.o.Uploads
	m.Handle("GET /upload", serve.Upload, http.HandlerFunc(s.uploadForm))
	m.HandleLarge("POST /upload", serve.Upload, u.o.MaxFile+1<<20, http.HandlerFunc(s.receive))
	m.Handle("GET /upload/{id}", serve.Upload, http.HandlerFunc(s.uploadMapping))
	m.Handle("GET /upload/{id}/report", serve.Upload, http.HandlerFunc(s.uploadReport))
	m.Handle("GET /upload/{id}/{file}", serve.Upload, http.HandlerFunc(s.uploadDownload))
}

// uploadState reads what upload pages share with the others: the language.
func (s *Site) uploadState(r *http.Request) (*state, phrase.Printer) {
	st, err := readState(r, s.o.Lang)
	if err != nil {
		st = state{lang: langOf(r, r.URL.Query().Get("lang"), s.o.Lang)}
	}
	st = state{lang: st.lang, langSaid: st.langSaid, period: "all", compare: "prev", measure: "revenue", filters: map[string]string{}, unknown: map[string]bool{}}
	return &st, phrase.Printer{Lang: st.lang, Currency: s.o.Uploads.o.Settings.Currency}
}

func (s *Site) uploadForm(w http.ResponseWriter, r *http.Request) {
	st, p := s.uploadState(r)
	m := s.model(uploadTitle.In(st.lang), "/upload", st, p)
	m.Upload = s.form(st, p)
	s.write(w, r, http.StatusOK, m)
}

func (s *Site) form(st *state, p phrase.Printer) *uploadModel {
	most := s.o.Uploads.o.MaxFile
	mib := strconv.FormatInt(most>>20, 10)
	return &uploadModel{
		Action: st.at("/upload"), Most: most,
		Intro:    p.Pick("Choose an export of your orders. Its columns are recognised and shown before anything is computed.", "选择订单导出文件。系统会先识别并显示各列，然后再计算。"),
		Choose:   p.Pick("CSV, TSV, NDJSON or Parquet file", "CSV、TSV、NDJSON 或 Parquet 文件"),
		Send:     p.Pick("Upload", "上传"),
		Limit:    p.Pick("At most "+mib+" MiB. The file stays on this machine and is removed an hour after you last looked at it.", "最大 "+mib+" MiB。文件仅保存在本机，最后一次查看后一小时删除。"),
		TooLarge: p.Pick("This file is larger than "+mib+" MiB.", "文件超过 "+mib+" MiB。"),
	}
}

// receive stores an uploaded file and leads to its mapping.
func (s *Site) receive(w http.ResponseWriter, r *http.Request) {
	st, p := s.uploadState(r)
	serve.Extend(w, s.o.Now().Add(10*time.Minute))
	f, err := s.readForm(r)
	if err != nil {
		m := s.model(uploadTitle.In(st.lang), "/upload", st, p)
		pr := serve.ProblemOf(err)
		m.Problem, m.Upload = &problem{Text: pr.Detail, Hint: pr.Hint}, s.form(st, p)
		s.write(w, r, pr.Status, m)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", st.at("/upload/"+f.id)) // an id of ours below a path of ours
	w.WriteHeader(http.StatusSeeOther)
}

// readForm reads the one file of the form as it comes, without keeping it in memory.
func (s *Site) readForm(r *http.Request) (*upload, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fault.New(fault.Usage, "no file was sent").WithHint("choose a file in the form")
	}
	for {
		part, err := parts.NextPart()
		var tooLong *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return nil, fault.New(fault.Usage, "no file was sent").WithHint("choose a file in the form")
		case errors.As(err, &tooLong):
			return nil, err
		case err != nil:
			return nil, fault.New(fault.Input, "reading the form: %w", err)
		}
		if part.FormName() == "file" && part.FileName() != "" {
			return s.o.Uploads.add(part.FileName(), limited{part})
		}
	}
}

// limited keeps the error of a body that is too large as it is.
type limited struct{ *multipart.Part }

// opened is an uploaded file under the mapping of the address.
type opened struct {
	*session.Session
	file  *upload
	maps  map[string]string // what the form says
	table *schema.Table
	err   error // why the mapping does not do
}

// openUpload opens the file of the address and maps it.
func (s *Site) openUpload(ctx context.Context, r *http.Request, st *state) (*opened, error) {
	u := s.o.Uploads
	f, err := u.get(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	o := &opened{file: f, maps: map[string]string{}}
	for k, v := range r.URL.Query() {
		if name, ok := strings.CutPrefix(k, "map."); ok && len(v) > 0 && len(v[0]) <= maxValue && v[0] != recognised {
			if v[0] == "" || !strings.HasPrefix(v[0], "=") { // no constants: a form offers columns
				o.maps[name] = v[0]
			}
		}
	}
	if o.Session, err = u.open(ctx, f, o.maps, st.lang); err != nil {
		return nil, err
	}
	name, err := o.Choose("orders", "events")
	if err != nil {
		name = "orders"
	}
	o.table = schema.Find(name)
	for k := range o.maps {
		if o.table.Column(k) == nil {
			delete(o.maps, k)
		}
	}
	if err := o.Relate(ctx, name, false); err != nil {
		o.err = u.plain(f, err)
	} else if o.table == schema.Orders {
		o.err = usable(o.Rel)
	}
	return o, nil
}

// usable says what an orders file must tell at least.
func usable(rel *relation.Relation) error {
	if !rel.Has("order_ts") {
		return fault.New(fault.Usage, "no column is the time of the order").WithHint("choose the column beside order_ts")
	}
	if !rel.Has("amount") && !rel.Has("unit_price") {
		return fault.New(fault.Usage, "no column holds the money of a line").WithHint("choose a column beside amount, or beside unit_price and quantity")
	}
	return nil
}

// recognised is the value of a menu that leaves the choice to recognition.
const recognised = "~"

// uploadMapping shows the recognised mapping with a sample.
func (s *Site) uploadMapping(w http.ResponseWriter, r *http.Request) {
	st, p := s.uploadState(r)
	o, err := s.openUpload(r.Context(), r, st)
	if err != nil {
		s.uploadFailed(w, r, st, p, err)
		return
	}
	defer o.Close()
	m := s.model(uploadTitle.In(st.lang), "/upload", st, p)
	m.Upload = &uploadModel{File: s.fileModel(r.Context(), o, st, p)}
	m.Lang.URL = addParam("/upload/"+o.file.id+"?"+encodeMaps(o.maps), "lang", map[bool]string{true: "en", false: "zh"}[st.lang == "zh"])
	s.write(w, r, http.StatusOK, m)
}

func (s *Site) uploadFailed(w http.ResponseWriter, r *http.Request, st *state, p phrase.Printer, err error) {
	m := s.model(uploadTitle.In(st.lang), "/upload", st, p)
	pr := serve.ProblemOf(err)
	m.Problem, m.Upload = &problem{Text: pr.Detail, Hint: pr.Hint}, s.form(st, p)
	s.write(w, r, pr.Status, m)
}

func encodeMaps(maps map[string]string) string {
	q := url.Values{}
	for k, v := range maps {
		q.Set("map."+k, v)
	}
	return q.Encode()
}

// fileModel is the mapping of a file as the page shows it.
func (s *Site) fileModel(ctx context.Context, o *opened, st *state, p phrase.Printer) *uploadedFile {
	f := &uploadedFile{Name: o.file.name, Self: "/upload/" + o.file.id, ReportURL: "/upload/" + o.file.id + "/report", Ready: o.err == nil,
		MapTitle: p.Pick("Which column is what?", "各列对应什么？"), SampleTitle: p.Pick("The first rows", "前几行"),
		HeadColumn: p.Pick("Meaning", "含义"), HeadFrom: p.Pick("Column of the file", "文件中的列"), HeadExample: p.Pick("Example", "示例"),
		Update: p.Pick("Check this mapping", "检查此映射"), Make: p.Pick("Clean and report", "清洗并生成报告"), Back: p.Pick("Another file", "换一个文件")}
	if st.langSaid {
		f.Hidden = append(f.Hidden, link{Name: "lang", URL: st.lang})
	}
	fields := o.Data.Schema().Fields()
	var facts []string
	for _, in := range o.Data.Inputs() {
		facts = append(facts, in.Format)
		if in.Detail != "" {
			facts = append(facts, in.Detail)
		}
	}
	facts = append(facts, p.Count(o.file.size)+p.Pick(" bytes", " 字节"), p.Count(int64(len(fields)))+p.Pick(" columns", " 列"))
	f.Facts = strings.Join(facts, " · ")
	f.SampleHead, f.Sample = sample(ctx, o.Data)
	from := o.sources()
	found := 0
	for i := range o.table.Columns {
		row := mapRowOf(&o.table.Columns[i], from, fields, p)
		if at := slices.Index(f.SampleHead, phrase.Name(from[row.Name], 60)); at >= 0 && len(f.Sample) > 0 {
			row.Example = f.Sample[0][at]
		}
		if from[row.Name] != "" {
			found++
		}
		f.Rows = append(f.Rows, row)
	}
	f.Lead = p.Pick(o.file.name+": "+p.Count(int64(found))+" of its columns are recognised. Correct what is wrong, then let it be cleaned and reported.",
		o.file.name+"：已识别 "+p.Count(int64(found))+" 列。请更正有误之处，然后清洗并生成报告。")
	if o.err != nil {
		pr := serve.ProblemOf(o.err)
		f.Problem = &problem{Text: pr.Detail, Hint: pr.Hint}
		f.Lead = p.Pick(o.file.name+": the mapping needs a correction before a report can be made.", o.file.name+"：需要先更正映射，才能生成报告。")
	}
	return f
}

// sources is the column that each canonical column comes from, as far as it is known.
func (o *opened) sources() map[string]string {
	from := map[string]string{}
	if o.Rel != nil {
		for _, c := range o.Rel.Columns[:o.Rel.Canonical] {
			from[c.Name] = c.From
		}
		return from
	}
	if m, _, err := schema.Propose(o.table, o.Data.Schema(), source.Untyped(o.Data)); err == nil {
		for _, c := range m.Choices {
			from[c.Canonical] = c.From
		}
	}
	for k, v := range o.maps {
		column, _, _ := strings.Cut(v, "@")
		from[k] = column
	}
	return from
}

func mapRowOf(c *schema.Column, from map[string]string, fields []arrow.Field, p phrase.Printer) mapRow {
	money := from["amount"] != "" || from["unit_price"] != ""
	row := mapRow{Name: c.Name, Text: p.Pick(c.EN, c.ZH), Required: c.Required, Missing: c.Required && from[c.Name] == ""}
	if c.Name == "amount" || c.Name == "unit_price" {
		row.Missing = !money
	}
	row.Options = []option{{"", p.Pick("– none –", "– 无 –"), from[c.Name] == ""}}
	for _, f := range fields {
		row.Options = append(row.Options, option{f.Name, phrase.Name(f.Name, 60), from[c.Name] == f.Name})
	}
	return row
}

// Bounds of the sample.
const (
	sampleRows  = 8
	sampleRunes = 40
)

// sample reads the first rows as text.
func sample(ctx context.Context, d source.Dataset) (head []string, rows [][]string) {
	var want []source.Want
	for i, f := range d.Schema().Fields() {
		if frame.KindOf(f.Type) != frame.Nested {
			want, head = append(want, source.Want{Col: i}), append(head, phrase.Name(f.Name, 60))
		}
	}
	splits := d.Splits()
	if len(splits) == 0 || len(want) == 0 {
		return head, nil
	}
	r, err := splits[0].Open(ctx, want)
	if err != nil {
		return head, nil // the report will say why
	}
	defer r.Close()
	var b frame.Batch
	if r.Next(&b) != nil {
		return head, nil
	}
	for i := range min(sampleRows, b.N) {
		row := make([]string, len(b.Cols))
		for k := range b.Cols {
			if !b.Cols[k].IsNull(i) {
				row[k] = phrase.Name(string(relation.AppendCell(nil, &b.Cols[k], i)), sampleRunes)
			}
		}
		rows = append(rows, row)
	}
	return head, rows
}

// uploadReport cleans the file and shows its report.
func (s *Site) uploadReport(w http.ResponseWriter, r *http.Request) {
	st, p := s.uploadState(r)
	def := &pageDef{id: "upload", path: "/upload", title: uploadTitle}
	id := r.PathValue("id")
	query := r.URL.Query()
	query.Del("csv")
	key := "upload\x00" + id + "\x00" + st.lang + "\x00" + query.Encode()
	v, err := s.desk.ask(r.Context(), key, s.o.Patience, s.o.Now, func(ctx context.Context) (any, error) {
		return s.reportUpload(ctx, r, st)
	})
	if err != nil {
		s.fail(w, r, def, st, p, err)
		return
	}
	doc := v.(*report.Document)
	p.Currency = doc.Currency
	var blocks []block
	for _, v := range doc.Views {
		blocks = append(blocks, block{View: v})
	}
	if r.URL.Query().Has("csv") {
		s.csv(w, r, blocks, r.URL.Query().Get("csv"), p)
		return
	}
	m := s.model(uploadTitle.In(st.lang), "/upload", st, p)
	here := "/upload/" + id + "/report?" + query.Encode()
	parts, err := report.NewParts(doc.Views, p, report.PartsOptions{Definitions: "#", RoomClasses: true,
		CSV: func(figure string) string { return addParam(here, "csv", figure) }})
	if err != nil {
		s.fail(w, r, def, st, p, err)
		return
	}
	for _, sec := range parts.Sections {
		m.Blocks = append(m.Blocks, shown{Section: sec})
	}
	trust := report.NewTrust(doc, p)
	m.Charts, m.Trust, m.Subtitle = parts.Charts, &trust, report.Subtitle(doc, p)
	m.subsections("", doc.Views)
	m.Title = doc.Title
	m.Lang.URL = addParam(here, "lang", map[bool]string{true: "en", false: "zh"}[st.lang == "zh"])
	m.Upload = &uploadModel{Report: true, Downloads: []link{
		{Name: p.Pick("Rejected rows (CSV)", "被拒绝的行（CSV）"), URL: "/upload/" + id + "/rejects.csv?" + query.Encode()},
		{Name: p.Pick("Clean rows (CSV)", "清洗后的行（CSV）"), URL: "/upload/" + id + "/clean.csv?" + query.Encode()},
		{Name: p.Pick("Correct the mapping", "更正映射"), URL: "/upload/" + id + "?" + query.Encode()},
		{Name: p.Pick("Another file", "换一个文件"), URL: st.at("/upload")},
	}}
	s.write(w, r, http.StatusOK, m)
}

// reportUpload makes the report of an uploaded file.
func (s *Site) reportUpload(ctx context.Context, r *http.Request, st *state) (*report.Document, error) {
	done, err := s.o.Uploads.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	o, err := s.openUpload(ctx, r, st)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if o.err != nil {
		return nil, o.err
	}
	eng, err := o.Engine()
	if err != nil {
		return nil, err
	}
	if c := r.URL.Query().Get("currency"); c != "" && len(c) <= maxValue {
		o.Req.InCurrency(c)
	}
	o.Req.Pseudonym = s.o.Uploads.o.Pseudonym
	rep, err := analysis.RunReport(ctx, eng, o.Req)
	if err != nil {
		err = s.o.Uploads.plain(o.file, err)
		if severalCurrencies(err) {
			if span, e := analysis.Values(ctx, eng, o.Req, 20, "currency"); e == nil && len(span.Columns) > 0 {
				return nil, &currencyError{err, span.Columns[0].Values, r.URL}
			}
		}
		return nil, err
	}
	prov := provenanceOf(o.Req)
	prov.Account, prov.AsOf, prov.Version = rep.Account, rep.AsOf, s.o.Version
	prov.Inputs = slices.Clone(prov.Inputs)
	for i := range prov.Inputs {
		prov.Inputs[i].URI = o.file.name
	}
	prov.Command = commandOf(o)
	doc := &report.Document{Title: o.file.name, Lang: st.lang, Currency: o.Req.Currency, Views: rep.Views, Provenance: prov}
	if c := rep.Account.Currencies; doc.Currency == "" && len(c) == 1 {
		doc.Currency = phrase.Name(c[0].Reason, 8)
	}
	return doc, nil
}

// currencyError is an error that choosing one of the currencies cures.
type currencyError struct {
	error
	values []analysis.Value
	at     *url.URL
}

func (e *currencyError) Unwrap() error { return e.error }

// choices are the addresses that choose one.
func (e *currencyError) choices() []link {
	var out []link
	for _, v := range e.values {
		q := e.at.Query()
		q.Set("currency", v.Text)
		out = append(out, link{Name: phrase.Name(v.Text, 20), URL: e.at.Path + "?" + q.Encode()})
	}
	return out
}

// commandOf is the command that makes the report from the user's own file.
func commandOf(o *opened) string {
	parts := []string{"ecomctl", "report", report.ShellQuote(o.file.name)}
	for _, c := range o.table.Names() {
		if v, ok := o.maps[c]; ok {
			parts = append(parts, "--map", report.ShellQuote(c+"="+v))
		}
	}
	return strings.Join(append(parts, "--html"), " ")
}

// uploadDownload sends the rejected or the clean rows.
func (s *Site) uploadDownload(w http.ResponseWriter, r *http.Request) {
	st, p := s.uploadState(r)
	name := r.PathValue("file")
	if name != "rejects.csv" && name != "clean.csv" {
		serve.WriteProblem(w, fault.New(fault.NotFound, "an upload has no %.60q", name).WithHint("there are rejects.csv and clean.csv"))
		return
	}
	o, err := s.openUpload(r.Context(), r, st)
	if err == nil {
		defer o.Close()
		err = o.err
	}
	if err != nil {
		s.uploadFailed(w, r, st, p, err)
		return
	}
	done, err := s.o.Uploads.turn(r.Context())
	if err != nil {
		s.uploadFailed(w, r, st, p, err)
		return
	}
	defer done()
	f, err := os.CreateTemp(s.o.Uploads.dir, "clean-")
	if err != nil {
		s.uploadFailed(w, r, st, p, fault.New(fault.Unavailable, "making room for the rows: %w", err))
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	rows := func(schema *arrow.Schema) (sink.Writer, error) { return sinkcsv.New(f, schema, sinkcsv.Options{}) }
	opts := clean.Options{Threads: o.Req.Threads, Memory: o.Req.Memory / 4}
	if name == "clean.csv" {
		opts.Out = rows
	} else {
		opts.Rejects = rows
	}
	if _, err = clean.Run(r.Context(), o.Rel, opts); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		s.uploadFailed(w, r, st, p, s.o.Uploads.plain(o.file, err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	serve.Extend(w, s.o.Now().Add(10*time.Minute))
	own := func(v string) string { // the server's path of the file becomes its name
		if v == o.file.path || v == filepath.Base(o.file.path) {
			return o.file.name
		}
		return v
	}
	if err := forSpreadsheets(w, f, own); err != nil {
		s.o.Log.Debug("download", "error", err) // half a body: the connection is cut
		panic(http.ErrAbortHandler)
	}
}
