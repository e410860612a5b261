package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/serve"
)

func newServeKeys(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Keys that open the server to other machines",
		Long: `A key is 256 random bits; the file holds its SHA-256 only. read answers questions, upload also takes
files, admin everything. Servers that run notice changes of the file within seconds.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	file := c.PersistentFlags().String("keys", "", "`FILE` of keys (default: the configured one, else keys.json beside the user's ecomctl configuration)")
	path := func() (string, error) {
		if *file != "" {
			return *file, nil
		}
		conf, _, err := config.Load(config.LoadOptions{Env: a.Getenv})
		if err != nil || conf.Keys == "" {
			return defaultKeys(a), err
		}
		return conf.Keys, nil
	}
	c.AddCommand(newKeysAdd(a, path), newKeysList(a, path), newKeysRevoke(a, path))
	return c
}

func newKeysAdd(a *App, path func() (string, error)) *cobra.Command {
	c := &cobra.Command{
		Use:     "add NAME",
		Short:   "Make a key and print it, once",
		Example: "  ecomctl serve keys add dashboard\n  ecomctl serve keys add nightly --scope upload --expires 90d",
		Args:    cobra.ExactArgs(1),
	}
	scope := serve.Read
	c.Flags().Var(newChoice(func(s string) { scope, _ = serve.ParseScope(s) }, "read", "read", "upload", "admin"), "scope", "what the key allows: `read|upload|admin`")
	expires := c.Flags().String("expires", "", "`TIME` until the key is no longer good, like 90d (default: never)")
	c.RunE = func(c *cobra.Command, args []string) error {
		ttl, err := days(*expires)
		if err != nil {
			return err
		}
		file, err := path()
		if err != nil {
			return err
		}
		secret, err := serve.AddKey(c.Context(), file, args[0], scope, a.Now(), ttl)
		if err != nil {
			return err
		}
		a.say("key %s (%s) is in %s; it is shown only here:", args[0], scope, file)
		_, err = fmt.Fprintln(a.IO.Out, secret)
		return err
	}
	return c
}

func newKeysList(a *App, path func() (string, error)) *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "The keys without their secrets", Example: "  ecomctl serve keys list --format json", Args: cobra.NoArgs}
	out := addOutput(a, c)
	c.Flags().MarkHidden("pseudonymise")
	c.RunE = func(c *cobra.Command, _ []string) error {
		file, err := path()
		if err != nil {
			return err
		}
		list, err := serve.ListKeys(file)
		if err != nil {
			return err
		}
		t := &result.Table{Name: "keys", N: len(list), Columns: make([]result.Column, len(keySpecs))}
		for i, s := range keySpecs {
			t.Columns[i] = result.Column{Spec: s, Data: result.NewData(s.Type, len(list))}
		}
		for _, k := range list {
			result.AppendText(&t.Columns[0].Data, k.Name)
			result.AppendText(&t.Columns[1].Data, k.Scope)
			result.AppendInt(&t.Columns[2].Data, k.Created.UnixMicro())
			if k.Expires.IsZero() {
				result.AppendNull(&t.Columns[3].Data)
			} else {
				result.AppendInt(&t.Columns[3].Data, k.Expires.UnixMicro())
			}
		}
		return out.write(c.Context(), t, time.UTC)
	}
	return c
}

var keySpecs = []result.Spec{
	{Name: "name", Type: expr.Text, Desc: "name of the key"},
	{Name: "scope", Type: expr.Text, Desc: "what it allows: read, upload, admin"},
	{Name: "created", Type: expr.Time, Desc: "when it was made, UTC"},
	{Name: "expires", Type: expr.Time, Desc: "when it is no longer good, UTC", Null: "never"},
}

func newKeysRevoke(a *App, path func() (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME", Short: "Make a key worthless; servers that run notice within seconds",
		Example: "  ecomctl serve keys revoke dashboard", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			file, err := path()
			if err != nil {
				return err
			}
			if err := serve.RevokeKey(c.Context(), file, args[0]); err != nil {
				return err
			}
			a.say("key %s is revoked", args[0])
			return nil
		},
	}
}

// days reads a time like 90d, 12h; "" = 0.
func days(s string) (time.Duration, error) {
	bad := fault.New(fault.Usage, "--expires %s: not a time", s).WithHint("times look like 90d or 12h")
	if s == "" {
		return 0, nil
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		v, err := strconv.Atoi(n)
		if err != nil || v <= 0 || v > 36500 {
			return 0, bad
		}
		return time.Duration(v) * 24 * time.Hour, nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return 0, bad
	}
	return v, nil
}
