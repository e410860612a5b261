package cli

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/store"
)

var backupSpecs = []result.Spec{
	{Name: "table", Type: expr.Text, Desc: "table of the database"},
	{Name: "rows", Type: expr.Int, Unit: result.Rows, Desc: "its rows"},
	{Name: "sha256", Type: expr.Text, Desc: "digest of its rows as the file holds them"},
}

func manifestTable(name string, m *store.Manifest) *result.Table {
	t := tableOf(name, backupSpecs)
	var names []string
	for n := range m.Tables {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		appendRow(t, n, m.Tables[n].Rows, m.Tables[n].Digest)
	}
	return t
}

func newDBBackup(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "backup -o FILE",
		Short: "A consistent copy in one file, proven by restoring it",
		Long: `Writes all tables as they are at one moment to a zip of text files with a manifest (rows and
digest of each table), restores that into a SQLite database among the temporary files and compares every
row. Only then the backup counts as verified. A backup of MySQL can be restored into SQLite and the
other way.

` + columnHelp(backupSpecs),
		Example: "  ecomctl db backup -o shop-2024-06-30.zip\n  ecomctl db backup --db mysql://shop@127.0.0.1:3306/shop -o hdfs://namenode:8020/backup/shop.zip",
		Args:    cobra.NoArgs,
	}
	d := addDatabase(a, c)
	file := c.Flags().StringP("output", "o", "", "`FILE` of the backup; it appears whole or not at all")
	summary := &output{app: a, limit: -1}
	c.Flags().StringVar(&summary.format, "format", "", "`FORMAT` of the summary (default: table on a terminal, csv in a pipe)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *file == "" || *file == "-" {
			return fault.New(fault.Usage, "a backup goes to a file").WithHint("name it with -o FILE")
		}
		if err := d.load(c); err != nil {
			return err
		}
		if err := summary.settle(d.conf); err != nil {
			return err
		}
		s, err := d.open(c.Context(), false)
		if err != nil {
			return err
		}
		defer s.Close()
		r, err := s.Backup(c.Context(), a.files(), *file, d.tempDir())
		if err != nil {
			return err
		}
		a.say("%s holds %s as of %s UTC, and was restored for proof", *file, r.Manifest.Source, r.Manifest.Created)
		return summary.write(c.Context(), manifestTable("backup", &r.Manifest), nil)
	}
	return c
}

func newDBRestore(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Fill an empty database with a backup",
		Long: `Makes the tables where there are none and stores all rows in one transaction, comparing the digest of
every table with the backup's: all is there afterwards, or nothing. A database that holds rows is refused.

` + columnHelp(backupSpecs),
		Example: "  ecomctl db restore shop-2024-06-30.zip --db sqlite:restored.db",
		Args:    cobra.ExactArgs(1),
	}
	d, out := addDatabase(a, c), addOutput(a, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := d.load(c); err != nil {
			return err
		}
		s, err := d.open(c.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		m, err := s.Restore(c.Context(), a.files(), args[0])
		if err != nil {
			return err
		}
		a.say("%s holds %s as of %s UTC", s.DB.URL, m.Source, m.Created)
		return out.write(c.Context(), manifestTable("restore", m), nil)
	}
	return c
}

var pruneSpecs = []result.Spec{
	{Name: "before", Type: expr.Text, Desc: "lines before this day go"},
	{Name: "backup", Type: expr.Text, Desc: "verified backup that holds every one of them"},
	{Name: "state", Type: expr.Text, Desc: "removed, or would go (without --yes)"},
	{Name: "lines", Type: expr.Int, Unit: result.Rows, Desc: "order lines"},
	{Name: "money", Type: expr.Money, Unit: result.Money, Desc: "their money"},
	{Name: "first", Type: expr.Text, Desc: "time of the oldest", Null: "no line goes"},
	{Name: "last", Type: expr.Text, Desc: "time of the youngest", Null: "no line goes"},
}

func newDBPrune(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "prune --before DATE",
		Short: "Remove old lines that a verified backup holds",
		Long: `Tells which lines before a day would go; with --yes they go, in one transaction, and orders,
customers, products and days follow. Every line is compared with the backup first (--backup, else the
last one that db backup verified): a line that is not in it, or differs, stops everything. Rejects stay.

` + columnHelp(pruneSpecs),
		Example: "  ecomctl db prune --before 2023-01-01\n  ecomctl db prune --before 2023-01-01 --backup shop.zip --yes",
		Args:    cobra.NoArgs,
	}
	d, out := addDatabase(a, c), addOutput(a, c)
	before := c.Flags().String("before", "", "`date`: lines of earlier days go")
	backup := c.Flags().String("backup", "", "`FILE` of a backup (default: the last verified one)")
	yes := c.Flags().Bool("yes", false, "remove them; without it they are only told")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if _, err := time.Parse(time.DateOnly, *before); err != nil {
			return fault.New(fault.Usage, "--before %q: not a date", *before).WithHint("dates look like 2024-12-31")
		}
		if err := d.load(c); err != nil {
			return err
		}
		s, err := d.open(c.Context(), false)
		if err != nil {
			return err
		}
		defer s.Close()
		file := *backup
		if file == "" {
			if file, err = s.LastBackup(c.Context()); err != nil {
				return err
			}
		}
		r, err := s.Prune(c.Context(), a.files(), file, *before, *yes)
		if err != nil {
			return err
		}
		state := "would go"
		if r.Done {
			state = "removed"
		} else if r.Lines > 0 {
			a.say("nothing was removed: repeat with --yes")
		}
		t := tableOf("prune", pruneSpecs)
		appendRow(t, r.Before, r.Backup, state, r.Lines, r.Money, r.First, r.Last)
		return out.write(c.Context(), t, nil)
	}
	return c
}
