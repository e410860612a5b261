package web

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/session"
)

// UploadOptions bound the area of uploaded files.
type UploadOptions struct {
	Dir      string        // where the area is made; "" = the system's folder for temporary files
	MaxFile  int64         // bytes of one file; 0 = 64 MiB
	MaxTotal int64         // bytes of all files; 0 = 1 GiB
	MaxFiles int           // 0 = 32
	Lifetime time.Duration // of a file that nobody looks at; 0 = an hour
	Settings session.Settings
	Host     *session.Host
	// Pseudonym replaces customer ids on reports of uploads; nil shows them.
	Pseudonym func(id string) string
	// AtOnce bounds the uploads that are computed at the same time; they share half of the settings'
	// memory. 0 = 2.
	AtOnce int
}

// Uploads is the area of uploaded files: a folder of its own, readable by this user only, whose
// files have names that cannot be guessed and are removed when nobody has looked at them for a
// while, when the area is full (the longest unseen first), and when the server ends.
type Uploads struct {
	o   UploadOptions
	dir string
	// turns holds one word for each computation that runs
	turns chan struct{}

	mu    sync.Mutex
	files map[string]*upload
	looks int64 // counts how often somebody looked at a file
}

// upload is one uploaded file.
type upload struct {
	id, name, path string
	size           int64
	seen           time.Time
	look           int64 // Uploads.looks when it was last seen
}

// NewUploads makes the area.
func NewUploads(o UploadOptions) (*Uploads, error) {
	if o.MaxFile <= 0 {
		o.MaxFile = 64 << 20
	}
	if o.MaxTotal <= 0 {
		o.MaxTotal = 1 << 30
	}
	if o.MaxFiles <= 0 {
		o.MaxFiles = 32
	}
	if o.Lifetime <= 0 {
		o.Lifetime = time.Hour
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 2
	}
	memory, err := o.Settings.MemoryBytes()
	if err != nil {
		return nil, err
	}
	o.Settings.Memory = strconv.FormatInt(max(memory/2/int64(o.AtOnce), leastMemory), 10)
	dir, err := os.MkdirTemp(o.Dir, "ecomctl-uploads-")
	if err != nil {
		return nil, fault.New(fault.Unavailable, "making a folder for uploads: %w", err).WithHint("set TMPDIR to a folder that can be written")
	}
	return &Uploads{o: o, dir: dir, files: map[string]*upload{}, turns: make(chan struct{}, o.AtOnce)}, nil
}

// leastMemory is what a computation gets at least.
const leastMemory = 64 << 20

// turn waits until few enough uploads are computed; done ends this one's turn.
func (u *Uploads) turn(ctx context.Context) (done func(), err error) {
	select {
	case u.turns <- struct{}{}:
		return func() { <-u.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close removes all files.
func (u *Uploads) Close() error { return os.RemoveAll(u.dir) }

// add stores what r holds under a new id. It appears whole or not at all.
func (u *Uploads) add(name string, r io.Reader) (*upload, error) {
	id := rand.Text()
	own := &upload{id: id, name: displayName(name), path: filepath.Join(u.dir, id+extension(name)), seen: u.o.Host.Now()}
	f, err := os.OpenFile(own.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "storing the upload: %w", err)
	}
	own.size, err = io.Copy(f, io.LimitReader(r, u.o.MaxFile+1))
	err = errors.Join(err, f.Close())
	switch {
	case err != nil:
		err = fault.New(fault.Input, "the upload broke off after %d bytes: %w", own.size, err).WithHint("send it again")
	case own.size > u.o.MaxFile:
		err = fault.New(fault.Usage, "the file is larger than %d MiB", u.o.MaxFile>>20).WithHint("start the server with it instead: ecomctl serve FILE")
	case own.size == 0:
		err = fault.New(fault.Input, "the file is empty").WithHint("choose a file with a line of column names and rows below it")
	default:
		err = refuseCompressed(own.path)
	}
	if err != nil {
		_ = os.Remove(own.path)
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.makeRoom(own.size)
	u.looks++
	own.look = u.looks
	u.files[id] = own
	return own, nil
}

// refuseCompressed keeps out what may unpack to any size.
func refuseCompressed(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.New(fault.Internal, "reading the upload: %w", err)
	}
	defer f.Close()
	head := make([]byte, 4)
	n, _ := io.ReadFull(f, head) // a shorter file is no archive
	switch h := string(head[:n]); {
	case strings.HasPrefix(h, "\x1f\x8b"), h == "\x28\xb5\x2f\xfd", strings.HasPrefix(h, "BZh"), h == "PK\x03\x04", strings.HasPrefix(h, "\xfd7zX"):
		return fault.New(fault.Input, "the file is compressed or a spreadsheet").WithHint("unpack it, or save the sheet as CSV, and upload that")
	}
	return nil
}

// expire removes what is too old; u is locked.
func (u *Uploads) expire() {
	for id, f := range u.files {
		if u.o.Host.Now().Sub(f.seen) > u.o.Lifetime {
			u.remove(id)
		}
	}
}

// makeRoom removes the longest unseen files until there is room for one more of so many bytes; u is locked.
func (u *Uploads) makeRoom(more int64) {
	u.expire()
	total := more
	for _, f := range u.files {
		total += f.size
	}
	for len(u.files) > 0 && (len(u.files) >= u.o.MaxFiles || total > u.o.MaxTotal) {
		oldest := ""
		for id, f := range u.files {
			if oldest == "" || f.look < u.files[oldest].look {
				oldest = id
			}
		}
		total -= u.files[oldest].size
		u.remove(oldest)
	}
}

func (u *Uploads) remove(id string) {
	_ = os.Remove(u.files[id].path) // what cannot be removed goes with the folder
	delete(u.files, id)
}

// get finds a file and notes that somebody looked.
func (u *Uploads) get(id string) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.expire()
	f := u.files[id]
	if f == nil {
		return nil, fault.New(fault.NotFound, "this upload is not here any more").WithHint("uploads are kept for %s: upload the file again", u.o.Lifetime)
	}
	u.looks++
	f.seen, f.look = u.o.Host.Now(), u.looks
	own := *f
	return &own, nil
}

// displayName is what pages call a file.
func displayName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if name = phrase.Name(name, 80); name == "" {
		return "upload"
	}
	return name
}

// extensions are the endings that help recognition; a file of any other is taken for text.
var extensions = []string{".csv", ".tsv", ".txt", ".ndjson", ".jsonl", ".parquet", ".arrow"}

// extension is one of extensions, so that nothing of a name that was sent becomes part of a path.
func extension(name string) string {
	if i := slices.Index(extensions, strings.ToLower(filepath.Ext(name))); i >= 0 {
		return extensions[i]
	}
	return extensions[0]
}

// open opens a file with a mapping over the server's settings.
func (u *Uploads) open(ctx context.Context, f *upload, maps map[string]string, lang string) (*session.Session, error) {
	set := u.o.Settings
	set.Maps, set.Lang, set.Preset, set.Products, set.Customers = maps, lang, "", "", ""
	set.From, set.To, set.AsOf, set.Where = "", "", "", ""
	h := *u.o.Host
	h.Say, h.Progress, h.Stdin = nil, nil, nil
	s, err := session.Inputs(ctx, &h, set, []string{f.path})
	return s, u.plain(f, err)
}

// plain takes the server's path out of an error.
func (u *Uploads) plain(f *upload, err error) error {
	if err == nil || !strings.Contains(err.Error(), f.path) && !strings.Contains(fault.HintOf(err), f.path) {
		return err
	}
	own := fault.New(fault.KindOf(err), "%s", strings.ReplaceAll(err.Error(), f.path, f.name))
	if hint := fault.HintOf(err); hint != "" {
		return own.WithHint("%s", strings.ReplaceAll(hint, f.path, f.name))
	}
	return own
}
