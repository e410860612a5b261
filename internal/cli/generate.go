package cli

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
)

func newGenerate(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "generate",
		Short: "Synthetic shops of any size",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newGenerateOrders(a), newGenerateEvents(a))
	return c
}

func newGenerateOrders(a *App) *cobra.Command {
	var o generate.Options
	var from, dirty string
	var seed uint64
	var threads int
	c := &cobra.Command{
		Use:   "orders --rows N [-o OUT]",
		Short: "Order lines of a synthetic shop: skewed, seasonal, with returns and campaigns",
		Long: `Makes order lines in time order: few customers and products make most of the sales,
weeks and years have their shape, campaigns their peaks; statuses, regions, returns, guests and
wholesale customers occur. The same flags give the same bytes on any machine and
any number of threads. --dirty spoils a share of the lines in every way a real export does.`,
		Example: `  ecomctl generate orders --rows 1000000 -o shop.parquet
  ecomctl generate orders --rows 50000 --regions br --dirty 0.02 --seed 7 | ecomctl report - -o report.html`,
		Args: cobra.NoArgs,
	}
	out := addTarget(a, c, "csv")
	f := c.Flags()
	f.Int64Var(&o.Rows, "rows", 100_000, "order lines")
	f.IntVar(&o.Customers, "customers", 0, "customers (default rows / 20)")
	f.IntVar(&o.Products, "products", 0, "products (default 2,000)")
	f.IntVar(&o.Days, "days", 0, "days of history (default 730)")
	f.StringVar(&from, "from", "", "first `date` (default 2024-01-01)")
	f.StringVar(&dirty, "dirty", "", "`share` of spoiled lines, like 0.01 or 1%")
	f.StringVar(&o.Regions, "regions", "cn", "country: "+strings.Join(generate.Countries(), ", "))
	f.StringVar(&o.Currency, "currency", "", "currency `code` (default: the country's)")
	f.StringVar(&o.Lang, "lang", "en", "language of names: `en|zh`")
	f.Uint64Var(&seed, "seed", 1, "seed: the same seed gives the same shop")
	f.IntVar(&threads, "threads", 0, "worker threads (default: all processors)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.resolve(); err != nil {
			return err
		}
		var err error
		if o.From, err = firstDate(from); err != nil {
			return err
		}
		if o.Dirty, err = shareFlag("dirty", dirty); err != nil {
			return err
		}
		o.Seed = seed
		shop, err := generate.Orders(o)
		if err != nil {
			return err
		}
		return out.generate(c.Context(), shop, threads)
	}
	return c
}

func newGenerateEvents(a *App) *cobra.Command {
	var o generate.EventOptions
	var from, dirty, bots string
	var threads int
	c := &cobra.Command{
		Use:   "events --rows N [-o OUT]",
		Short: "The click-stream of a synthetic shop: sessions of views, carts and purchases",
		Long: `Makes the events of visitors: sessions start in the order of time, by the hours of the day and the
shape of weeks and campaigns; views lead to carts and carts to purchases, with the drop-off of real
shops; some visitors never buy, some come back for weeks. Events are sorted by time
within blocks of 30,720 rows. --bots gives a share of the events to bots that make about 150,000 each;
--dirty spoils a share of the events. The same flags give the same bytes on any machine and any
number of threads.`,
		Example: `  ecomctl generate events --rows 1000000 -o clicks.parquet
  ecomctl generate events --rows 500000 --bots 0.3 --dirty 0.01 --seed 7 | ecomctl funnel - --steps view,cart,purchase`,
		Args: cobra.NoArgs,
	}
	out := addTarget(a, c, "csv")
	f := c.Flags()
	f.Int64Var(&o.Rows, "rows", 100_000, "events")
	f.IntVar(&o.Users, "users", 0, "visitors (default rows / 25)")
	f.IntVar(&o.Products, "products", 0, "products (default 2,000)")
	f.IntVar(&o.Days, "days", 0, "days of history (default 90)")
	f.StringVar(&from, "from", "", "first `date` (default 2024-01-01)")
	f.StringVar(&bots, "bots", "", "`share` of events made by bots, like 0.05 or 5%")
	f.StringVar(&dirty, "dirty", "", "`share` of spoiled events, like 0.01 or 1%")
	f.StringVar(&o.Regions, "regions", "cn", "country: "+strings.Join(generate.Countries(), ", "))
	f.StringVar(&o.Lang, "lang", "en", "language of names: `en|zh`")
	f.Uint64Var(&o.Seed, "seed", 1, "seed: the same seed gives the same events")
	f.IntVar(&threads, "threads", 0, "worker threads (default: all processors)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.resolve(); err != nil {
			return err
		}
		var err error
		if o.From, err = firstDate(from); err != nil {
			return err
		}
		if o.Dirty, err = shareFlag("dirty", dirty); err != nil {
			return err
		}
		if o.Bots, err = shareFlag("bots", bots); err != nil {
			return err
		}
		clicks, err := generate.Events(o)
		if err != nil {
			return err
		}
		return out.generate(c.Context(), clicks, threads)
	}
	return c
}

// firstDate reads --from of a generator; the zero time is the generator's own.
func firstDate(from string) (time.Time, error) {
	if from == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return t, fault.New(fault.Usage, "--from %s: not a date like 2024-01-01", from)
	}
	return t, nil
}

// shareFlag reads a share; "" is 0.
func shareFlag(name, text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	v, err := config.ParseShare(text)
	return v, fault.Wrap(err, "--%s", name)
}

// generate writes a synthetic table to the target.
func (t *target) generate(ctx context.Context, d source.Dataset, threads int) error {
	n := (&session.Settings{Threads: threads}).Workers()
	return t.write(ctx, func(w io.Writer) error {
		dst, err := t.open(w, d.Schema(), n)
		if err != nil {
			return err
		}
		return copyAll(ctx, d, dst, n)
	})
}
