package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/store"
)

var importSpecs = []result.Spec{
	{Name: "input", Type: expr.Text, Desc: "file"},
	{Name: "state", Type: expr.Text, Desc: "imported, resumed, replaced (the former rows of a changed file went) or unchanged"},
	{Name: "rows_in", Type: expr.Int, Unit: result.Rows, Desc: "rows of the file"},
	{Name: "sold", Type: expr.Int, Unit: result.Rows, Desc: "lines stored as sold"},
	{Name: "reversals", Type: expr.Int, Unit: result.Rows, Desc: "lines stored as reversals"},
	{Name: "voids", Type: expr.Int, Unit: result.Rows, Desc: "rows of void orders, counted only"},
	{Name: "rejects", Type: expr.Int, Unit: result.Rows, Desc: "rows stored in the table rejects with their reason"},
	{Name: "outside", Type: expr.Int, Unit: result.Rows, Desc: "rows on or after --as-of, counted only"},
	{Name: "revenue", Type: expr.Money, Unit: result.Money, Desc: "money of the sold lines"},
}

func newDBImport(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "import INPUT …",
		Short: "Store the order lines of files",
		Long: `Reads files as every command does (mapping, rules of what counts as a sale) and stores sold
lines and reversals, rejects with their raw values, and orders, customers, products and days beside
them. Readers see an import whole or not at all. The same bytes again change nothing, under whatever
name; a file that changed replaces its former rows in one step; an import that was broken off (kill -9,
a lost connection) goes on behind what is stored. Without --as-of nothing is outside: a reversal after
the last sale is stored, for the next file may bring that day's sales.

` + columnHelp(importSpecs),
		Example: `  ecomctl db import orders.csv
  ecomctl db import 2024-*.parquet --db mysql://shop@127.0.0.1:3306/shop
  ecomctl sales 'sqlite:ecomctl.db?table=order_lines' --by month`,
		ValidArgsFunction: nil,
	}
	com := addCommon(a, c)
	com.addRates(c)
	d, out := addDatabase(a, c), addOutput(a, c)
	c.RunE = func(c *cobra.Command, inputs []string) error {
		for _, name := range []string{"where", "from", "to", "net"} {
			if c.Flags().Changed(name) {
				return fault.New(fault.Usage, "--%s does not apply to db import: it takes every row", name).WithHint("filter in the analysis of what is stored")
			}
		}
		if err := com.load(c); err != nil {
			return err
		}
		if c.Flags().Changed("currency") && com.Rates == "" {
			return fault.New(fault.Usage, "--currency without --rates does not apply to db import: it takes every row").WithHint("convert with --rates FILE, or give a currency column: --map currency==EUR")
		}
		d.conf = com.conf
		piped := digestInput(a, inputs)
		s, err := com.open(c.Context(), "orders", inputs, false)
		if err != nil {
			return err
		}
		defer s.Close()
		mem, err := s.MemoryBytes()
		if err != nil {
			return err
		}
		st, err := d.open(c.Context(), false)
		if err != nil {
			return err
		}
		defer st.Close()
		rep, err := st.Import(c.Context(), s.Rel, store.ImportOptions{Files: a.files(), Threads: s.Workers(), Memory: mem / 2, Progress: s.prog, Stdin: piped})
		if err != nil {
			return err
		}
		t := tableOf("import", importSpecs)
		for _, f := range rep.Files {
			n := f.Account.Rows
			appendRow(t, f.Source, f.State, f.Account.In, n[relation.Sold], n[relation.Reversal], n[relation.Void], n[relation.Reject], n[relation.Outside], f.Account.Money[relation.Sold])
		}
		if err := out.write(c.Context(), t, s.Zone); err != nil {
			return err
		}
		tellImport(a, rep)
		return s.account(accountOf(rep.Account()))
	}
	return c
}

// digestInput has standard input digested while it is read, as far as inputs name it: files are known by the
// digest of all their bytes, and so are pipes that bring them.
func digestInput(a *App, inputs []string) func() string {
	if !slices.Contains(inputs, "-") || a.IO.In == nil {
		return nil
	}
	h := sha256.New()
	a.IO.In = io.TeeReader(a.IO.In, h)
	return func() string { return hex.EncodeToString(h.Sum(nil)) }
}

// tellImport says what the account of the rows does not: lines that are no longer there, and orders that
// are there twice.
func tellImport(a *App, rep *store.ImportReport) {
	for _, f := range rep.Files {
		if f.Pruned > 0 {
			a.say("note: %s: %d of its lines were taken away by db prune or db forget and stay so; the account is that of the file", f.Source, f.Pruned)
		}
	}
	for _, o := range rep.Overlaps {
		a.say("note: %s: %d of its orders (%d lines, money %s) are in %s, too, with as many lines and the same money: they count twice now",
			o.Source, o.Orders, o.Lines, render.AppendMoney(nil, o.Money), o.With)
		a.say("hint: if they are the same sales, import a file that holds each of them once under the path of the former one: it replaces its rows")
	}
}

// accountOf is the account of an import in the words of every command.
func accountOf(a store.Account) *query.Account {
	acc := &query.Account{Rows: a.In, Duplicates: -1}
	for k := range relation.NumKinds {
		r := query.Reason{Kind: k, Reason: k.String(), Rows: a.Rows[k], Money: a.Money[k]}
		if k == relation.Reject {
			r.NoMoney = a.NoMoney
		}
		acc.Reasons = append(acc.Reasons, r)
	}
	return acc
}
