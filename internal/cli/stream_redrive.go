package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

func newRedrive(a *App) *cobra.Command {
	var causes []string
	var file, config string
	c := &cobra.Command{
		Use:   "redrive FILE [flags]",
		Short: "Give dead letters and late rows back as the records they were",
		Long: `Reads a file that --dead-letters or --late wrote and writes the records as they came, one a line,
for another try: with a better --map, or after the records were repaired. Records that were too long to be
kept whole are counted and left out.`,
		Example: `  ecomctl stream redrive dead.ndjson --cause no_time | ecomctl stream - --map order_ts=paid_at
  ecomctl stream redrive late.ndjson -o again.ndjson`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringSliceVar(&causes, "cause", nil, "only letters of these `causes`")
	c.Flags().StringVarP(&file, "output", "o", "", "write to `FILE` (appears whole or not at all) or a topic (kafka://host:port/topic) instead of standard output")
	c.Flags().StringVar(&config, "config", "", "configuration `file` (default ./ecomctl.yaml): users and TLS of Kafka")
	c.RunE = func(c *cobra.Command, args []string) error {
		topic := strings.HasPrefix(file, kafka.Scheme)
		if !topic {
			if err := checkScheme("-o", file); err != nil {
				return err
			}
		}
		if sameFile(file, args[0]) {
			return replaces(file, args[0])
		}
		f, err := a.files().For(args[0]).Open(c.Context(), args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		var n, skipped, cut int64
		back := func(put func(raw []byte) error) (err error) {
			n, skipped, cut, err = stream.Redrive(args[0], f, causes, put)
			return err
		}
		redrive := func(w io.Writer) error {
			return back(func(raw []byte) error {
				_, err := w.Write(append(stream.OneLine(raw), '\n'))
				return err
			})
		}
		if topic {
			err = a.produce(c.Context(), config, file, back)
		} else if file != "" {
			err = a.writeAtomic(c.Context(), file, redrive)
		} else {
			err = redrive(a.IO.Out)
		}
		if err != nil {
			return err
		}
		a.say("%d records given back, %d of other causes left out, %d too long to be kept", n, skipped, cut)
		if n == 0 && len(causes) > 0 {
			return fault.New(fault.Data, "%s has no letter of the causes %v", args[0], causes)
		}
		return nil
	}
	return c
}
