package cli

import (
	"fmt"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/cluster"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

func newSpark(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "spark",
		Short: "Jobs of Spark on YARN: submit an analysis, see its state, settings that suit data and room",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newSparkSubmit(a), newSparkStatus(a), newSparkTune(a))
	return c
}

var tuneSpecs = []result.Spec{
	{Name: "setting", Type: expr.Text, Desc: "setting of Spark; files is about the input itself"},
	{Name: "value", Type: expr.Text, Desc: "proposed value; of files: keep, compact, rewrite or convert"},
	{Name: "reason", Type: expr.Text, Desc: "what it was computed from"},
	{Name: "source", Type: expr.Text, Desc: "page of the documentation that has the formula or the default"},
}

// tuneFlags say what room there is.
type tuneFlags struct {
	queue                    string
	memory, nodeMemory, step string
	cores, nodeCores         int64
}

func (o *tuneFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.queue, "queue", "default", "`queue` of YARN whose room is used")
	f.StringVar(&o.memory, "memory-available", "", "instead of asking YARN: `SIZE` of memory for all containers, like 64GiB")
	f.Int64Var(&o.cores, "cores-available", 0, "with --memory-available: virtual cores (`N`) for all containers")
	f.StringVar(&o.nodeMemory, "node-memory", "", "with --memory-available: `SIZE` of memory of one node, the most of one container (default: all of it)")
	f.Int64Var(&o.nodeCores, "node-cores", 0, "with --memory-available: virtual cores (`N`) of one node (default: all)")
	f.StringVar(&o.step, "container-step", "1GiB", "with --memory-available: containers are multiples of this `SIZE` (yarn.scheduler.minimum-allocation-mb)")
}

// stated is the room that flags state; ok is false when YARN is to be asked.
func (o *tuneFlags) stated(c *cobra.Command) (r cluster.Room, ok bool, err error) {
	if o.memory == "" {
		for _, name := range []string{"cores-available", "node-memory", "node-cores", "container-step"} {
			if c.Flags().Changed(name) {
				return r, false, fault.New(fault.Usage, "--%s goes with --memory-available", name).WithHint("add --memory-available SIZE, or leave it to YARN")
			}
		}
		return r, false, nil
	}
	if o.cores < 1 {
		return r, false, fault.New(fault.Usage, "--memory-available without --cores-available: how many virtual cores are there?").WithHint("add --cores-available N")
	}
	if r.Total.MemoryMB, err = megabytes("memory-available", o.memory); err != nil {
		return r, false, err
	}
	r.Total.VCores, r.Largest, r.From = o.cores, cluster.Resource{MemoryMB: r.Total.MemoryMB, VCores: o.cores}, "as the flags say"
	if o.nodeMemory != "" {
		if r.Largest.MemoryMB, err = megabytes("node-memory", o.nodeMemory); err != nil {
			return r, false, err
		}
	}
	if o.nodeCores != 0 {
		r.Largest.VCores = o.nodeCores
	}
	if r.StepMB, err = megabytes("container-step", o.step); err != nil {
		return r, false, err
	}
	if r.Largest.VCores < 1 || r.Largest.MemoryMB > r.Total.MemoryMB || r.Largest.VCores > o.cores {
		return r, false, fault.New(fault.Usage, "a node has at least 1 core, and not more than all nodes together")
	}
	return r, true, nil
}

func megabytes(flag, s string) (int64, error) {
	n, err := config.ParseSize(s)
	if err != nil || n < 1<<20 {
		return 0, fault.New(fault.Usage, "--%s %s: not a size of at least 1MiB", flag, s).WithHint("write 512MiB or 64GiB")
	}
	return n >> 20, nil
}

// systemUserName is who YARN takes this process for.
func (a *App) systemUserName() string {
	if name := a.Getenv("HADOOP_USER_NAME"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func newSparkTune(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "tune INPUT …",
		Short: "Propose executors, memory, partitions and compaction, each with its reason",
		Long: `Reads the footers of the Parquet files (rows, row groups, sizes as stored and decompressed) and asks YARN for
what is free in a queue, and proposes settings for a Spark job over these files. Each has the numbers it was computed from
and the page of Spark's documentation that the formula is from. Without a cluster, say what there will be:
--memory-available and --cores-available. Data are not read.

` + columnHelp(tuneSpecs),
		Example: `  ecomctl spark tune hdfs:///shop/orders
  ecomctl spark tune orders/ --memory-available 64GiB --cores-available 32 --node-memory 16GiB --node-cores 8
  ecomctl spark tune 'hdfs:///shop/2024-*.parquet' --queue adhoc --format json`,
		Args: cobra.MinimumNArgs(1),
	}
	m, out := addManager(a, c), addOutput(a, c)
	var o tuneFlags
	o.add(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := a.roomNamed(c, m, &o); err != nil {
			return err
		}
		data, err := cluster.Survey(c.Context(), a.files(), args, nil)
		if err != nil {
			return err
		}
		room, err := a.room(c, m, &o)
		if err != nil {
			return err
		}
		plan, err := cluster.Tune(data, room)
		if err != nil {
			return err
		}
		a.say("%s", dataLine(data))
		a.say("room: %d MB and %d vcores, %s; one container has %d MB and %d vcores at most", room.Total.MemoryMB, room.Total.VCores, room.From, room.Largest.MemoryMB, room.Largest.VCores)
		t := tableOf("tune", tuneSpecs)
		for _, s := range plan.Settings {
			appendRow(t, s.Name, s.Value, s.Reason, s.Source)
		}
		return out.write(c.Context(), t, nil)
	}
	refuseFlags(c, "pseudonymise")
	return c
}

// roomNamed refuses flags by which nobody can tell what room there is, before files are read.
func (a *App) roomNamed(c *cobra.Command, m *manager, o *tuneFlags) error {
	_, ok, err := o.stated(c)
	if err == nil && !ok && !m.named() {
		err = fault.New(fault.Usage, "how much room is there? No ResourceManager is named").
			WithHint("give --rm http://host:8088 (or HADOOP_CONF_DIR), or --memory-available and --cores-available")
	}
	return err
}

// room is what flags state or YARN tells.
func (a *App) room(c *cobra.Command, m *manager, o *tuneFlags) (cluster.Room, error) {
	room, ok, err := o.stated(c)
	if err != nil || ok {
		return room, err
	}
	cl, err := m.open()
	if err != nil {
		return room, err
	}
	defer cl.Close()
	return cl.Room(c.Context(), o.queue, a.systemUserName())
}

// dataLine describes surveyed files for people.
func dataLine(d *cluster.Data) string {
	var b strings.Builder
	fmt.Fprintf(&b, "data: %d files of %.1f MiB", d.Files, float64(d.Stored)/(1<<20))
	if d.Parquet > 0 {
		fmt.Fprintf(&b, ", %.1f MiB decompressed; %d rows in %d row groups, the largest has %.1f MiB, %.1f decompressed", float64(d.Decoded)/(1<<20), d.Rows, d.Groups,
			float64(d.LargestStored)/(1<<20), float64(d.LargestDecoded)/(1<<20))
	}
	if d.Small > 0 && d.Files > 1 {
		fmt.Fprintf(&b, "; %d small files", d.Small)
	}
	return b.String()
}
