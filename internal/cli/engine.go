package cli

import (
	"context"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/engine/spark"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/term"
)

const sparkEngine = "spark"

// onSpark are the analyses that --engine spark answers: all that they tell are aggregates, or one
// row a customer that Spark can write itself.
var onSpark = []string{"sales", "geo", "query", "rfm", "segments", "cohort", "features"}

// sparkCommands are the commands that --engine spark answers.
var sparkCommands = append(slices.Clone(onSpark), "validate")

// addEngine registers the flags that choose the engine.
func (o *common) addEngine(f *pflag.FlagSet, command string) {
	o.command = command
	f.StringVar(&o.engine, "engine", "", "what computes: `local|spark` (default local); spark answers "+strings.Join(sparkCommands, ", "))
	f.StringVar(&o.spark, "spark", "", "Spark Connect server for --engine spark: `sc://HOST:PORT`; a folder, like -o hdfs://HOST:PORT/FOLDER/, is written by Spark itself")
	if !slices.Contains(sparkCommands, command) {
		_ = f.MarkHidden("spark")
	}
}

// checkEngine refuses engines that are not there, or not for this command.
func (o *common) checkEngine() error {
	switch o.engine {
	case "", "local":
		return nil
	case sparkEngine:
	default:
		return fault.New(fault.Usage, "--engine %s: there are local and spark", o.engine)
	}
	if !slices.Contains(sparkCommands, o.command) {
		return fault.New(fault.Usage, "%s: --engine spark answers %s; this command works on rows, or fits models, on this machine", o.command, strings.Join(sparkCommands, ", ")).
			WithHint("leave --engine spark out; hdfs:// inputs are read from here, too")
	}
	if o.spark == "" {
		return fault.New(fault.Usage, "--engine spark: on which server?").WithHint("--spark sc://HOST:15002, or spark: in ecomctl.yaml")
	}
	return nil
}

// remote is the session on Spark that a command has; it implements session.Remote.
type remote struct {
	c   *spark.Client
	opt spark.Options
}

// connect opens the session of --engine spark; nil for the local engine.
func (o *common) connect(ctx context.Context, prog *term.Progress) (*remote, error) {
	if o.engine != sparkEngine || o.app.submission != nil {
		return nil, nil
	}
	name := "ecomctl"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	addr, err := spark.ParseAddress(o.spark, name)
	if err != nil {
		return nil, err
	}
	mem, err := o.MemoryBytes()
	if err != nil {
		return nil, err
	}
	c, err := spark.Connect(ctx, addr)
	if err != nil {
		return nil, err
	}
	return &remote{c, spark.Options{Memory: mem / 2, Progress: prog}}, nil
}

// Open implements session.Remote. Relative paths are those of this machine's folder, which Spark must see, too.
func (r *remote) Open(ctx context.Context, uris []string) (source.Dataset, error) {
	paths := make([]string, len(uris))
	for i, u := range uris {
		if paths[i] = u; u != "-" && !strings.Contains(u, ":/") && !filepath.IsAbs(u) {
			abs, err := filepath.Abs(u)
			if err != nil {
				return nil, fault.New(fault.Input, "opening %s: %w", u, err)
			}
			paths[i] = abs
		}
	}
	return r.c.Open(ctx, paths)
}

// Engine implements session.Remote.
func (r *remote) Engine() engine.Engine { return spark.New(r.c, r.opt) }

// Close ends the session on Spark, if there is one.
func (r *remote) Close() {
	if r != nil {
		_ = r.c.Close()
	}
}
