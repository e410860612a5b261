package collect

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// FlumeOptions say what an agent of Apache Flume is to do.
type FlumeOptions struct {
	Paths   []string // absolute files, patterns (in the last part only), folders
	State   string   // absolute folder for positions and the channel
	Brokers []string // with Topic: to Kafka
	Topic   string
	HDFS    string        // hdfs://host:port/folder, instead
	Roll    int64         // HDFS: bytes of a file
	Every   time.Duration // HDFS: time after which a file is ended
	IsDir   func(path string) bool
}

// FlumeAgent is what the agent is called.
const FlumeAgent = "collect"

// Flume prints the configuration of an agent of Flume 1.11: TAILDIR, a file channel, and a sink for Kafka or HDFS.
func Flume(o FlumeOptions) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	var b strings.Builder
	set := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%s.%s = %s\n", FlumeAgent, name, property(fmt.Sprintf(format, args...)))
	}
	say := func(lines ...string) {
		for _, l := range lines {
			b.WriteString("# " + l + "\n")
		}
	}
	say("Lines of "+strings.Join(o.Paths, ", ")+", at least once. Made by ecomctl for Apache Flume 1.11:",
		"flume-ng agent --name "+FlumeAgent+" --conf-file THIS --no-reload-conf")
	set("sources", "files")
	set("channels", "disk")
	set("sinks", "out")
	b.WriteString("\n")
	say("TAILDIR tells files by inode. The patterns also match the names that rotation gives: lines that were not read",
		"when a file was renamed would be lost otherwise. Flume reads a renamed file again from its beginning, and does not read",
		"packed ones: remove repeats by a key (stream --dedupe-key, or --dedupe), and do not compress at once.")
	set("sources.files.type", "TAILDIR")
	set("sources.files.channels", "disk")
	var groups []string
	for i, p := range o.Paths {
		pattern, err := taildir(p, o.IsDir != nil && o.IsDir(p))
		if err != nil {
			return "", err
		}
		groups = append(groups, fmt.Sprintf("g%d", i+1))
		set(fmt.Sprintf("sources.files.filegroups.g%d", i+1), "%s", pattern)
	}
	set("sources.files.filegroups", "%s", strings.Join(groups, " "))
	set("sources.files.positionFile", "%s", filepath.Join(o.State, "taildir.json"))
	set("sources.files.batchSize", "1000")
	set("sources.files.maxBatchCount", "100")
	set("sources.files.writePosInterval", "1000")
	b.WriteString("\n")
	say("The file channel outlives the agent. By default it wants 500 MB to be free and makes logs of 1.6 GB.")
	set("channels.disk.type", "file")
	set("channels.disk.checkpointDir", "%s", filepath.Join(o.State, "channel", "checkpoint"))
	set("channels.disk.dataDirs", "%s", filepath.Join(o.State, "channel", "data"))
	set("channels.disk.capacity", "1000000")
	set("channels.disk.transactionCapacity", "10000")
	set("channels.disk.maxFileSize", "%d", 256<<20)
	set("channels.disk.minimumRequiredSpace", "%d", 64<<20)
	b.WriteString("\n")
	set("sinks.out.channel", "disk")
	if o.Topic != "" {
		say("Acknowledged by all replicas in sync; the producer doubles nothing when it tries again. What the agent had sent and",
			"not yet taken out of the channel when it was killed is sent again.")
		set("sinks.out.type", "org.apache.flume.sink.kafka.KafkaSink")
		set("sinks.out.kafka.bootstrap.servers", "%s", strings.Join(o.Brokers, ","))
		set("sinks.out.kafka.topic", "%s", o.Topic)
		set("sinks.out.flumeBatchSize", "1000")
		set("sinks.out.kafka.producer.acks", "all")
		set("sinks.out.kafka.producer.enable.idempotence", "true")
		set("sinks.out.kafka.producer.linger.ms", "5")
		set("sinks.out.kafka.producer.compression.type", "lz4")
		return b.String(), nil
	}
	say("Lines as they are. A file has its name from the beginning: the sink never renames what a killed agent",
		"left open, and lines in it would stay hidden. HDFS closes such a file by itself (lease recovery, at most 20 minutes", "later; at once: hdfs debug recoverLease -path FILE).")
	set("sinks.out.type", "hdfs")
	set("sinks.out.hdfs.path", "%s", strings.TrimRight(o.HDFS, "/"))
	set("sinks.out.hdfs.filePrefix", "orders")
	set("sinks.out.hdfs.fileSuffix", ".ndjson")
	set("sinks.out.hdfs.emptyInUseSuffix", "true")
	set("sinks.out.hdfs.fileType", "DataStream")
	set("sinks.out.hdfs.writeFormat", "Text")
	set("sinks.out.hdfs.batchSize", "1000")
	set("sinks.out.hdfs.rollInterval", "%d", max(1, int64(o.Every/time.Second)))
	set("sinks.out.hdfs.rollSize", "%d", o.Roll)
	set("sinks.out.hdfs.rollCount", "0")
	set("sinks.out.hdfs.closeTries", "5")
	set("sinks.out.hdfs.retryInterval", "10")
	set("sinks.out.hdfs.callTimeout", "60000")
	return b.String(), nil
}

// check refuses names that Flume would take for something else: it replaces ${…} everywhere, and %… in paths on HDFS.
func (o *FlumeOptions) check() error {
	for _, p := range append([]string{o.State, o.HDFS}, o.Paths...) {
		if strings.Contains(p, "${") || strings.ContainsFunc(p, unicode.IsControl) {
			return fault.New(fault.Usage, "%q: Flume cannot be given this path", p).WithHint("use one without ${ and without control characters")
		}
	}
	if o.Topic != "" {
		return nil
	}
	host, folder, _ := strings.Cut(strings.TrimPrefix(o.HDFS, "hdfs://"), "/")
	switch {
	case strings.Contains(host, "@"):
		return fault.New(fault.Usage, "-o hdfs://…/%s: Flume takes no user from a path", folder).WithHint("start the agent with HADOOP_USER_NAME")
	case strings.Trim(folder, "/") == "":
		return fault.New(fault.Usage, "-o %s: it names no folder", o.HDFS).WithHint("-o hdfs://host:port/folder")
	case strings.Contains(folder, "%"):
		return fault.New(fault.Usage, "-o %s: Flume would replace what stands behind %%", o.HDFS).WithHint("name a folder without %%")
	}
	return nil
}

// property escapes a value as Java's properties want it: ASCII, for some readers take others by the machine's encoding.
func property(v string) string {
	var b strings.Builder
	for i, c := range utf16.Encode([]rune(v)) {
		switch {
		case c == '\\':
			b.WriteString(`\\`)
		case c == ' ' && i == 0:
			b.WriteString(`\ `)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}

// rotatedNames is rotated, without packed files, as Java writes it.
const rotatedNames = `([-._][-._0-9T:]*[0-9]|\.(old|prev|bak)|~)?`

// taildir makes a file group of a path: a folder and a regular expression for names.
func taildir(path string, folder bool) (string, error) {
	if folder {
		return filepath.Join(path, `[^._].*\.(ndjson|jsonl|json|log)`+rotatedNames), nil
	}
	dir, name := filepath.Split(path)
	if vfs.HasGlob(dir) {
		return "", fault.New(fault.Usage, "%s: Flume takes patterns in the last part of a path only", path).WithHint("name the folders one by one")
	}
	if _, err := filepath.Match(name, ""); err != nil {
		return "", fault.New(fault.Usage, "%s: it is no pattern: %w", path, err).WithHint("a [ has a ] behind it")
	}
	if isPacked(name) {
		return "", fault.New(fault.Usage, "%s: Flume does not read packed files", path).WithHint("ecomctl collect does")
	}
	return dir + regexpOf(name) + rotatedNames, nil
}

// regexpOf translates a pattern of the shell.
func regexpOf(glob string) string {
	var b strings.Builder
	in := false
	for i, c := range glob {
		switch {
		case in:
			if c == ']' {
				in = false
			}
			if c == '!' && glob[i-1] == '[' {
				c = '^'
			}
			b.WriteRune(c)
		case c == '*':
			b.WriteString(".*")
		case c == '?':
			b.WriteByte('.')
		case c == '[':
			in = true
			b.WriteRune(c)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}
