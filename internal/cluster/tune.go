package cluster

import (
	"fmt"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Room is what a job may take.
type Room struct {
	Total   Resource // of all containers together
	Largest Resource // of one container: the scheduler's limit and the largest node
	Nodes   []Resource
	StepMB  int64 // containers are rounded up to multiples of it (yarn.scheduler.minimum-allocation-mb)
	From    string
}

// Setting is one proposal. Source names the documentation of the formula.
type Setting struct {
	Name, Value, Reason, Source string
}

// Plan is a proposal with what follows from it.
type Plan struct {
	Settings  []Setting
	Executors int64
	Cores     int64 // of one executor
	Container int64 // MiB of one executor's container
	Heap      int64 // MiB
	Driver    int64 // MiB of the driver's heap
	Shuffles  int64 // partitions of a shuffle
	Tasks     int64 // of a scan
	Compact   bool
}

// Figures of Spark that the formulas use, and where they are documented.
const (
	mib           = 1 << 20
	splitBytes    = 128 * mib // spark.sql.files.maxPartitionBytes
	openCost      = 4 * mib   // spark.sql.files.openCostInBytes
	shuffleBytes  = 64 * mib  // spark.sql.adaptive.advisoryPartitionSizeInBytes
	maxCores      = 5         // tasks of one executor: more share one heap's collector and one HDFS client
	reservedMB    = 300       // of a heap, before spark.memory.fraction
	memoryPart    = 0.6       // spark.memory.fraction
	overheadPart  = 0.1       // spark.executor.memoryOverheadFactor
	overheadMB    = 384       // spark.executor.minMemoryOverhead
	expansion     = 3         // of data as Java objects
	tasksPerCore  = 2         // of the 2 to 3 that are recommended
	leastHeapMB   = 512
	maxSplitBytes = 512 * mib

	srcConf    = "Spark: Configuration"
	srcSQL     = "Spark SQL: Performance Tuning"
	srcTuning  = "Spark: Tuning, Memory Management Overview"
	srcLevel   = "Spark: Tuning, Level of Parallelism"
	srcOnYARN  = "Spark: Running on YARN"
	srcParquet = "Apache Parquet: Configurations (row group size)"
)

// Tune proposes settings for a job that reads the data within the room.
func Tune(d *Data, room Room) (*Plan, error) {
	if room.Total.MemoryMB <= 0 || room.Total.VCores <= 0 {
		return nil, fault.New(fault.Full, "there is no room (%s, %s): nothing can be proposed", show(room.Total), room.From).
			WithHint("wait, name another queue (--queue), or say what there will be (--memory-available, --cores-available)")
	}
	if room.StepMB <= 0 {
		room.StepMB = 1
	}
	p := &Plan{}
	split := p.scan(d)
	p.Driver = 1024
	if room.Largest.MemoryMB < 4096 || room.Total.MemoryMB < 8192 {
		p.Driver = leastHeapMB
	}
	driver := Resource{roundUp(p.Driver+overheadOf(p.Driver), room.StepMB), 1}
	left := room.Total.Minus(driver)
	if err := p.shape(d, room, left, driver); err != nil {
		return nil, err
	}
	p.shuffle(d)
	p.explain(d, room, driver, split)
	p.compaction(d)
	return p, nil
}

// scan computes the tasks of reading, and returns the bytes of one.
func (p *Plan) scan(d *Data) int64 {
	split := int64(splitBytes)
	if d.LargestStored > split { // a row group is read by one task whatever the split
		split = min(roundUp(d.LargestStored, mib), maxSplitBytes)
	}
	weight := int64(0) // with the cost of opening
	for _, size := range d.Sizes {
		weight += size + openCost
		if d.Parquet == 0 && d.Whole == d.Files {
			p.Tasks++ // such a file is one task
		}
	}
	if p.Tasks == 0 {
		p.Tasks = max(1, (weight+split-1)/split)
		if d.Parquet == d.Files {
			p.Tasks = max(1, min(p.Tasks, d.Groups))
		}
	}
	return split
}

// perTask is the memory in MiB that a task should find: the larger of a row group, decompressed, and of a partition of a
// shuffle, as objects. Text is read in passing.
func perTask(d *Data) int64 {
	work := max(d.LargestDecoded, min(shuffleBytes, max(d.Decoded, 1)))
	return max(1, (expansion*work+mib-1)/mib)
}

// heapOf is the heap in MiB that gives each of the cores its memory.
func heapOf(cores, task int64) int64 {
	heap := reservedMB + int64(math.Ceil(float64(cores*task)/memoryPart))
	return max(leastHeapMB, roundUp(heap, 128))
}

func overheadOf(heap int64) int64 {
	return max(overheadMB, int64(math.Ceil(overheadPart*float64(heap))))
}

func roundUp(n, step int64) int64 { return (n + step - 1) / step * step }

// enough is the part of the most cores at work that a shape with fewer executors must reach.
const enough = 0.9

// shape chooses cores and number of executors: of the shapes that put about most cores to work, up to what there is to do,
// the one with fewest executors, and then with fewest idle cores.
func (p *Plan) shape(d *Data, room Room, left, driver Resource) error {
	need := perTask(d)
	busy := max(1, (p.Tasks+tasksPerCore-1)/tasksPerCore)
	if p.Tasks <= left.VCores {
		busy = p.Tasks // one wave
	}
	var shapes []Plan
	var most int64
	for cores := min(int64(maxCores), busy, left.VCores, room.Largest.VCores); cores >= 1; cores-- {
		heap := heapOf(cores, need)
		size := roundUp(heap+overheadOf(heap), room.StepMB)
		if n := min(room.count(Resource{size, cores}, left, driver), (busy+cores-1)/cores); n > 0 {
			shapes = append(shapes, Plan{Executors: n, Cores: cores, Heap: heap, Container: size})
			most = max(most, min(n*cores, busy))
		}
	}
	best := Plan{}
	for _, s := range shapes {
		if float64(min(s.Executors*s.Cores, busy)) < enough*float64(most) {
			continue
		}
		if best.Executors == 0 || s.Executors < best.Executors || s.Executors == best.Executors && s.Cores < best.Cores && s.Executors*s.Cores >= busy {
			best = s
		}
	}
	if best.Executors > 0 {
		p.Executors, p.Cores, p.Heap, p.Container = best.Executors, best.Cores, best.Heap, best.Container
		return nil
	}
	// Not even one core with the memory it should have: as much as there is, and spilling.
	size := min(left.MemoryMB, room.Largest.MemoryMB)
	size -= size % room.StepMB
	heap := min(size-overheadMB, int64(float64(size)/(1+overheadPart)))
	if heap < leastHeapMB || left.VCores < 1 {
		need := roundUp(leastHeapMB+overheadMB, room.StepMB)
		return fault.New(fault.Full, "the room (%s, %s) is too small for a driver of %d MB and an executor of %d MB", show(room.Total), room.From, driver.MemoryMB, need).
			WithHint("wait, name another queue (--queue), or say what there will be (--memory-available, --cores-available)")
	}
	p.Executors, p.Cores, p.Heap, p.Container = 1, 1, heap, size
	return nil
}

// count is how many containers of a size fit: into the room, into what one may have, and onto the nodes beside the driver.
func (r *Room) count(size, left, driver Resource) int64 {
	if !r.Largest.Holds(size) {
		return 0
	}
	n := min(left.MemoryMB/size.MemoryMB, left.VCores/size.VCores)
	if len(r.Nodes) == 0 {
		return n
	}
	var fit int64
	placed := false
	for _, node := range r.Nodes {
		// the driver takes the first node that holds it: the worst case is that it costs a container
		if !placed && node.Holds(driver) {
			node, placed = node.Minus(driver), true
		}
		fit += min(node.MemoryMB/size.MemoryMB, node.VCores/size.VCores)
	}
	return min(n, fit)
}

// shuffle chooses the partitions of a shuffle.
func (p *Plan) shuffle(d *Data) {
	p.Shuffles = max(p.Executors*p.Cores, (d.Decoded+shuffleBytes-1)/shuffleBytes)
}

// explain lists the settings with their reasons.
func (p *Plan) explain(d *Data, room Room, driver Resource, split int64) {
	add := func(name, value, source, reason string, args ...any) {
		p.Settings = append(p.Settings, Setting{name, value, fmt.Sprintf(reason, args...), source})
	}
	need := perTask(d)
	add("spark.executor.instances", fmt.Sprint(p.Executors), srcLevel,
		"%s of %d MB to read, %s; %d × %s of the %s that there are beside the driver (%s)",
		plural(p.Tasks, "part"), split/mib, waves(p.Tasks, p.Executors*p.Cores), p.Executors, plural(p.Cores, "core"), plural(max(0, room.Total.VCores-1), "vcore"), room.From)
	add("spark.executor.cores", fmt.Sprint(p.Cores), srcOnYARN,
		"about most cores at work with fewest executors; %d at most, for the tasks of an executor share a heap and a client of HDFS", maxCores)
	add("spark.executor.memory", fmt.Sprintf("%dm", p.Heap), srcTuning,
		"%d MB reserved + %s × %d MB ÷ %.1f (spark.memory.fraction); a task holds the larger of a row group, decompressed (%s), and a partition of a shuffle (%d MB at most), as objects %d times that%s",
		reservedMB, plural(p.Cores, "core"), need, memoryPart, size(d.LargestDecoded), shuffleBytes/mib, expansion, less(p.Heap, heapOf(p.Cores, need)))
	add("spark.executor.memoryOverhead", fmt.Sprintf("%dm", overheadOf(p.Heap)), srcConf,
		"the larger of %d MB and %.0f %% of the heap; YARN gives containers of %d MB, a multiple of %d MB, where %d MB are the most", overheadMB, 100*overheadPart, p.Container, room.StepMB, room.Largest.MemoryMB)
	add("spark.driver.memory", fmt.Sprintf("%dm", p.Driver), srcConf,
		"results are written by the executors, so the driver only plans; with its overhead it is a container of %d MB", driver.MemoryMB)
	add("spark.sql.shuffle.partitions", fmt.Sprint(p.Shuffles), srcSQL,
		"%s of data at most are shuffled, %d MB a partition (spark.sql.adaptive.advisoryPartitionSizeInBytes), and no fewer than the %s; the default is 200", size(d.Decoded), shuffleBytes/mib, plural(p.Executors*p.Cores, "core"))
	why := fmt.Sprintf("the default: %s in %s make %s", size(d.Stored), plural(d.Files, "file"), plural(p.Tasks, "part"))
	if split != splitBytes {
		why = fmt.Sprintf("the largest row group has %s, which one task reads whatever the split: smaller splits only make tasks that find nothing", size(d.LargestStored))
	}
	add("spark.sql.files.maxPartitionBytes", fmt.Sprintf("%dm", split/mib), srcSQL, "%s", why)
}

// waves tells how the parts of a scan are shared out.
func waves(tasks, cores int64) string {
	switch n := float64(tasks) / float64(cores); {
	case n <= 1:
		return "a core for each"
	case n <= tasksPerCore+1:
		return fmt.Sprintf("%.2g for each core", n)
	default:
		return fmt.Sprintf("%.3g for each core: more cores would help", n)
	}
}

func less(heap, want int64) string {
	if heap < want {
		return fmt.Sprintf("; there is room for less than the %d MB that this makes, and Spark spills to disk", want)
	}
	return ""
}

// Few files are left as they are.
const fewFiles = 4

// compaction says whether the files should be rewritten first.
func (p *Plan) compaction(d *Data) {
	mean := d.Stored / max(1, d.Files)
	add := func(value, source, reason string, args ...any) {
		p.Settings = append(p.Settings, Setting{"files", value, fmt.Sprintf(reason, args...), source})
	}
	cores := p.Executors * p.Cores
	switch {
	case d.Files > fewFiles && d.Small*2 > d.Files:
		p.Compact = true
		after := max(1, (d.Stored+splitBytes-1)/splitBytes)
		add("compact", srcSQL, "%d of %s are smaller than %d MB (mean %s), and Spark counts %d MB more for opening each: %s of opening for %s of data; about %s of %d MB would do: %s",
			d.Small, plural(d.Files, "file"), smallFile/mib, size(mean), openCost/mib, size(d.Files*openCost), size(d.Stored), plural(after, "file"), splitBytes/mib, rewrite(d))
	case d.Whole > 0:
		p.Compact = true
		add("convert", srcSQL, "%s of compressed text cannot be split: each is one task, the largest has %s; convert to Parquet (ecomctl convert IN -o OUT.parquet)", plural(d.Whole, "file"), size(d.LargestWhole))
	case d.Parquet > 0 && d.LargestStored > maxSplitBytes:
		p.Compact = true
		add("rewrite", srcParquet, "the largest row group has %s, which one task has to read and hold: %s", size(d.LargestStored), rewrite(d))
	case d.Parquet > 0 && d.Groups < cores && d.Stored > splitBytes:
		p.Compact = true
		add("rewrite", srcParquet, "%s for %s: a row group is read by one task; smaller ones would put more to work: %s", plural(d.Groups, "row group"), plural(cores, "core"), rewrite(d))
	case d.Parquet == 0:
		add("keep", srcSQL, "text of %s in %s can be split; as Parquet only the columns that are asked for would be read (ecomctl convert IN -o OUT.parquet)", size(d.Stored), plural(d.Files, "file"))
	default:
		add("keep", srcSQL, "%s of %s in the mean, %s: opening them weighs little", plural(d.Files, "file"), size(mean), plural(d.Groups, "row group"))
	}
}

func rewrite(d *Data) string {
	if d.Parquet == d.Files {
		return "ecomctl optimize DIR --target-size 128MiB"
	}
	return "ecomctl convert IN -o OUT.parquet"
}

// size shows bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<40:
		return fmt.Sprintf("%.1f TiB", float64(n)/(1<<40))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}
