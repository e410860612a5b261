package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/cache/redis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/doctor"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

// tablesOf leaves out what is no table: topics have a check of their own.
func tablesOf(inputs []string) []string {
	var out []string
	for _, in := range inputs {
		if !strings.HasPrefix(in, kafka.Scheme) {
			out = append(out, in)
		}
	}
	return out
}

func (o *doctorOptions) checkInput(inputs []string) doctor.Check {
	shown := make([]string, len(inputs))
	for i, in := range inputs {
		shown[i] = config.Redact(in)
	}
	return doctor.Check{Name: "input", On: strings.Join(shown, " "), Run: func(ctx context.Context) (string, error) {
		for _, in := range inputs {
			if in == "-" {
				return "standard input: not looked at", nil
			}
		}
		h := o.host(nil)
		h.Say = nil
		s, err := session.Inputs(ctx, h, o.Settings, inputs)
		if err != nil {
			return "", err
		}
		defer s.Close()
		table, err := s.Choose(schema.Orders.Name, schema.Events.Name)
		if err == nil {
			err = s.Relate(ctx, table, false)
		}
		if err != nil {
			return "", err
		}
		rows, err := countRows(ctx, s.Data, o.timeout/2)
		if err != nil {
			return "", err
		}
		var cols []string
		for _, c := range s.Rel.Columns[:s.Rel.Canonical] {
			cols = append(cols, c.Name+"="+c.Sources())
		}
		in, files := s.Data.Inputs(), "1 file"
		if len(in) != 1 {
			files = fmt.Sprintf("%d files", len(in))
		}
		return fmt.Sprintf("%s, %s in %s: %s %s", in[0].Format, rows, files, table, strings.Join(cols, " ")), nil
	}}
}

// countRows tells how many rows there are: exactly where the files say so, or where reading them to the end
// takes no longer than a second; else from the parts that were read by then. The first part has patience.
func countRows(ctx context.Context, d source.Dataset, patience time.Duration) (string, error) {
	brief, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var rows, counted, bytes int64 // counted and bytes are of the parts that were read
	var left int64
	for _, sp := range d.Splits() {
		n := sp.Rows()
		if n < 0 && left == 0 {
			var err error
			if n, err = readRows(brief, sp); err != nil && brief.Err() == nil {
				return "", err
			}
			switch {
			case err != nil:
				n = -1
			case bytes == 0: // enough for an estimate
				var stop context.CancelFunc
				brief, stop = context.WithTimeout(brief, time.Second)
				defer stop()
				fallthrough
			default:
				counted, bytes = counted+n, bytes+sp.Bytes()
			}
		}
		if n < 0 {
			left += sp.Bytes()
			continue
		}
		rows += n
	}
	p := phrase.Printer{Lang: "en"}
	switch {
	case left == 0:
		return p.Count(rows) + " " + phrase.Plural(rows, "row", "rows"), nil
	case bytes == 0:
		return sizeText(left) + " of rows", nil
	}
	return "about " + p.Count(rows+int64(float64(left)*float64(counted)/float64(bytes))) + " rows", nil
}

// readRows counts the rows of a split by reading it.
func readRows(ctx context.Context, sp source.Split) (n int64, err error) {
	r, err := sp.Open(ctx, []source.Want{{Col: 0}})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		var b frame.Batch
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		n += int64(b.N)
	}
}

func (o *doctorOptions) checkDatabase(raw string) doctor.Check {
	return doctor.Check{Name: "database", On: sqldb.Redact(raw), Run: func(ctx context.Context) (string, error) {
		url, err := sqldb.Parse(raw)
		if err != nil {
			return "", err
		}
		db, err := sqldb.Open(ctx, url, sqldb.Options{Getenv: o.app.Getenv, ReadOnly: true, DialTimeout: o.timeout, Patience: -1})
		if err != nil {
			return "", err
		}
		defer db.Close()
		return "version " + db.Version, nil
	}}
}

func (o *doctorOptions) checkCache() doctor.Check {
	return doctor.Check{Name: "cache", On: o.conf.Cache.Redacted(), Run: func(ctx context.Context) (string, error) {
		url, err := o.app.redisURL(o.conf.Cache)
		if err != nil {
			return "", err
		}
		return redis.Check(ctx, url, o.app.Now)
	}}
}

func (o *doctorOptions) checkKafka(uri string) doctor.Check {
	return doctor.Check{Name: "kafka", On: config.Redact(uri), Run: func(ctx context.Context) (string, error) {
		conf, err := o.app.kafkaOf(o.conf, uri)
		if err != nil {
			return "", err
		}
		conf.Patience = o.timeout / 4
		return kafka.Check(ctx, conf)
	}}
}

// keysFile is the file of keys, where one is configured or was made.
func (o *doctorOptions) keysFile() string {
	if o.conf.Keys != "" {
		return o.conf.Keys
	}
	if list, err := serve.ListKeys(defaultKeys(o.app)); err == nil && len(list) == 0 {
		return "" // nobody made keys: this machine needs none
	}
	return defaultKeys(o.app)
}

func (o *doctorOptions) checkKeys(file string) doctor.Check {
	return doctor.Check{Name: "keys", On: file, Run: func(context.Context) (string, error) {
		list, err := serve.ListKeys(file)
		if err != nil {
			return "", err
		}
		var good, old []string
		for _, k := range list {
			if k.Expired(o.app.Now()) {
				old = append(old, k.Name)
			} else {
				good = append(good, k.Name)
			}
		}
		switch {
		case len(list) == 0:
			return "", fault.New(fault.NotFound, "there is no key in it").WithHint("make one: ecomctl serve keys add NAME --keys %s", file)
		case len(good) == 0:
			return "", fault.New(fault.Auth, "every key has expired: %s", strings.Join(old, ", ")).
				WithHint("make a new one: ecomctl serve keys revoke %s --keys %s && ecomctl serve keys add %s --keys %s", old[0], file, old[0], file)
		case len(old) > 0:
			return fmt.Sprintf("%d good; expired: %s", len(good), strings.Join(old, ", ")), nil
		}
		return fmt.Sprintf("%d %s", len(good), phrase.Plural(int64(len(good)), "key", "keys")), nil
	}}
}

func (o *doctorOptions) checkRoot(dir string) doctor.Check {
	return doctor.Check{Name: "root", On: config.Redact(dir), Run: func(ctx context.Context) (string, error) {
		info, err := o.app.files().Stat(ctx, dir)
		if err != nil {
			return "", err
		}
		if !info.Dir {
			return "", fault.New(fault.Usage, "it is no folder").WithHint("root: names folders below which requests may name inputs")
		}
		return "the folder is there", nil
	}}
}
