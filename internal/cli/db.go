package cli

import (
	"context"
	"math"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
)

// defaultDB is the database of commands that are told none.
const defaultDB = "sqlite:ecomctl.db"

// dbPatience is how long a command waits for a server that restarts in the middle of its work.
const dbPatience = 45 * time.Second

func newDB(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "db",
		Short: "A shop's orders in a database: SQLite, or MySQL by URL",
		Long: `Keeps order lines in tables, with orders, customers, products and days beside them:
in one file (sqlite:shop.db), or on a MySQL or MariaDB server (mysql://user@host/shop; the password
in MYSQL_PWD, or as ${NAME} or ?password=file:PATH in the URL). db: in ecomctl.yaml or
ECOMCTL_DB names the database once for all. Every analysis reads what is stored:
ecomctl sales 'sqlite:shop.db?table=order_lines'.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newDBInit(a), newDBImport(a), newDBIndex(a), newDBStatus(a), newDBBackup(a), newDBRestore(a), newDBPrune(a), newDBForget(a))
	return c
}

// database is the --db of a command.
type database struct {
	app    *App
	config string
	url    string
	conf   *config.Config
}

// addDatabase registers --db, and --config where the command has none yet.
func addDatabase(a *App, c *cobra.Command) *database {
	d := &database{app: a}
	c.Flags().StringVar(&d.url, "db", "", "`URL` of the database: sqlite:FILE or mysql://user@host:port/name (default "+defaultDB+")")
	if c.Flags().Lookup("config") == nil {
		c.Flags().StringVar(&d.config, "config", "", "configuration `file` (default ./ecomctl.yaml)")
	}
	return d
}

// load reads the configuration of commands that have no common flags.
func (d *database) load(c *cobra.Command) error {
	flags := map[string]string{}
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name == "db" {
			flags[f.Name] = f.Value.String()
		}
	})
	conf, _, err := config.Load(config.LoadOptions{Path: d.config, Env: d.app.Getenv, Flags: flags})
	d.conf = conf
	return err
}

// open opens the store that flags or configuration name.
func (d *database) open(ctx context.Context, create bool) (*store.Store, error) {
	raw := d.conf.DB
	if raw == "" {
		raw = defaultDB
	}
	u, err := sqldb.Parse(raw)
	if err != nil {
		return nil, fault.Wrap(err, "--db")
	}
	return store.Open(ctx, u, store.Options{Now: d.app.Now, Options: sqldb.Options{Getenv: d.app.Getenv, Create: create, Patience: dbPatience}})
}

// tempDir is where copies of databases go.
func (d *database) tempDir() string {
	set := session.Configured(d.conf)
	return set.TempDir()
}

// tableOf makes an empty result of specs; fill appends its rows.
func tableOf(name string, specs []result.Spec) *result.Table {
	t := &result.Table{Name: name}
	for _, s := range specs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, 0)})
	}
	return t
}

// appendRow appends values by the types of their columns; "", negative counts and NaN are null. A nil leaves its column
// to the caller.
func appendRow(t *result.Table, values ...any) {
	for i, v := range values {
		d := &t.Columns[i].Data
		switch v := v.(type) {
		case int64:
			if v < 0 && t.Columns[i].Type == expr.Int {
				result.AppendNull(d)
			} else {
				result.AppendInt(d, v)
			}
		case float64:
			if math.IsNaN(v) {
				result.AppendNull(d)
			} else {
				result.AppendFloat(d, v)
			}
		case string:
			if v == "" {
				result.AppendNull(d)
			} else {
				result.AppendText(d, v)
			}
		}
	}
	t.N++
}

var initSpecs = []result.Spec{
	{Name: "version", Type: expr.Int, Desc: "version of the schema"},
	{Name: "migration", Type: expr.Text, Desc: "what made it"},
	{Name: "state", Type: expr.Text, Desc: "applied now, or current when there was nothing to do"},
}

func newDBInit(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "init",
		Short: "Make the tables, or bring them up to date",
		Long: `Applies the migrations that the database lacks; run it again after every update of ecomctl. On
MySQL the database itself must be there, and the account needs CREATE, ALTER, INDEX, CREATE VIEW and
the rights on rows.

` + columnHelp(initSpecs),
		Example: "  ecomctl db init\n  MYSQL_PWD=… ecomctl db init --db mysql://shop@127.0.0.1:3306/shop",
		Args:    cobra.NoArgs,
	}
	d, out := addDatabase(a, c), addOutput(a, c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := d.load(c); err != nil {
			return err
		}
		s, err := d.open(c.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		done, err := s.Init(c.Context())
		if err != nil {
			return err
		}
		t := tableOf("init", initSpecs)
		for _, m := range done {
			appendRow(t, m.Version, m.Name, "applied")
		}
		if len(done) == 0 {
			v, _, err := s.Versions(c.Context())
			if err != nil {
				return err
			}
			appendRow(t, v, "", "current")
		}
		a.say("%s (%s %s) is ready", s.DB.URL, s.DB.Dialect, s.DB.Version)
		return out.write(c.Context(), t, nil)
	}
	return c
}

var statusSpecs = []result.Spec{
	{Name: "item", Type: expr.Text, Desc: "schema, table, import or run"},
	{Name: "name", Type: expr.Text, Desc: "database, table, input or command"},
	{Name: "state", Type: expr.Text, Desc: "version that is and that should be; live, loading, replaced; done, failed, running", Null: "a table"},
	{Name: "rows", Type: expr.Int, Unit: result.Rows, Desc: "rows of the table, or rows that came in", Null: "not counted"},
	{Name: "since", Type: expr.Text, Desc: "first time in the table (wall time), or start (UTC)", Null: "none"},
	{Name: "until", Type: expr.Text, Desc: "last time in the table, or end", Null: "none"},
	{Name: "pruned", Type: expr.Int, Unit: result.Rows, Desc: "lines of the import that db prune or db forget took away", Null: "no import"},
}

func newDBStatus(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "What the database holds: version, tables, span, imports, last runs",
		Long: `Counts the rows of every table and tells which times they span, every import and the last runs.

` + columnHelp(statusSpecs),
		Example: "  ecomctl db status\n  ecomctl db status --db mysql://shop@127.0.0.1:3306/shop --format json",
		Args:    cobra.NoArgs,
	}
	d, out := addDatabase(a, c), addOutput(a, c)
	runs := c.Flags().Int("runs", 10, "how many of the last runs to list")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *runs < 0 {
			return fault.New(fault.Usage, "--runs %d: must not be negative", *runs)
		}
		if err := d.load(c); err != nil {
			return err
		}
		s, err := d.open(c.Context(), false)
		if err != nil {
			return err
		}
		defer s.Close()
		items, err := s.Status(c.Context(), *runs)
		if err != nil {
			return err
		}
		t := tableOf("status", statusSpecs)
		for _, i := range items {
			appendRow(t, i.Item, i.Name, i.State, i.Rows, i.Since, i.Until, i.Pruned)
		}
		return out.write(c.Context(), t, nil)
	}
	return c
}
