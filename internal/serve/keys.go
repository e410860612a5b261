package serve

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// KeyScope is what a key allows. Each includes those before it.
type KeyScope uint8

// The scopes.
const (
	Public KeyScope = iota // no key is needed: /healthz
	Read
	Upload
	Admin
)

var scopeNames = [...]string{"public", "read", "upload", "admin"}

// String returns the word of --scope.
func (s KeyScope) String() string { return scopeNames[s] }

// ParseScope reads read, upload or admin.
func ParseScope(s string) (KeyScope, error) {
	if i := slices.Index(scopeNames[1:], s); i >= 0 {
		return KeyScope(i + 1), nil
	}
	return 0, fault.New(fault.Usage, "--scope %s: scopes are %s", s, strings.Join(scopeNames[1:], ", "))
}

// Key is a key without its secret.
type Key struct {
	Name    string    `json:"name"`
	Scope   string    `json:"scope"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero = never
	// Hash is the SHA-256 of the key. A key is 256 random bits, which no dictionary holds: a slow
	// hash would protect nothing more.
	Hash string `json:"sha256"`
}

// Keys is a file of keys, read again when it changes.
type Keys struct {
	path string
	now  func() time.Time
	// Warn, where not nil, is told when the changed file cannot be read: the keys that were read
	// before stay good.
	Warn func(error)

	mu     sync.RWMutex
	byHash map[[sha256.Size]byte]Key
	stamp  time.Time // of the file
	size   int64
	looked time.Time
}

// keyPrefix starts every key, so that scanners of leaked secrets can know one.
const keyPrefix = "ecomctl_"

// maxKeyFile bounds a file of keys.
const maxKeyFile = 1 << 20

// keyRefresh is how often the file is looked at.
const keyRefresh = time.Second

// OpenKeys reads a file of keys. A file that is not there has none.
func OpenKeys(path string, now func() time.Time) (*Keys, error) {
	k := &Keys{path: path, now: now}
	return k, k.load()
}

func (k *Keys) load() error {
	list, info, err := readKeys(k.path)
	if err != nil {
		return err
	}
	m := make(map[[sha256.Size]byte]Key, len(list))
	for _, key := range list {
		var h [sha256.Size]byte
		if n, err := hex.Decode(h[:], []byte(key.Hash)); err != nil || n != len(h) || len(key.Hash) != 2*len(h) {
			return fault.New(fault.Input, "reading keys %s: key %q has no SHA-256", k.path, key.Name).WithHint("revoke it and add it anew")
		}
		m[h] = key
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byHash, k.looked = m, k.now()
	k.stamp, k.size = time.Time{}, -1
	if info != nil {
		k.stamp, k.size = info.ModTime(), info.Size()
	}
	return nil
}

// refresh reads the file again when it changed. A file that vanished has no keys.
func (k *Keys) refresh() {
	now := k.now()
	k.mu.RLock()
	fresh := now.Sub(k.looked) < keyRefresh
	stamp, size := k.stamp, k.size
	k.mu.RUnlock()
	if fresh {
		return
	}
	info, err := os.Stat(k.path)
	if err == nil && info.ModTime().Equal(stamp) && info.Size() == size {
		k.mu.Lock()
		k.looked = now
		k.mu.Unlock()
		return
	}
	if err := k.load(); err != nil {
		k.mu.Lock()
		k.looked = now
		k.mu.Unlock()
		if k.Warn != nil {
			k.Warn(err)
		}
	}
}

// Len is the number of keys that are not expired.
func (k *Keys) Len() int {
	k.mu.RLock()
	defer k.mu.RUnlock()
	n, now := 0, k.now()
	for _, key := range k.byHash {
		if !key.Expired(now) {
			n++
		}
	}
	return n
}

// Expired reports whether the key is no longer good.
func (k *Key) Expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// Check returns the key that a secret belongs to. It fails with 401 for an unknown or expired
// one and with fault.Auth when the key does not reach to the scope.
func (k *Keys) Check(secret string, want KeyScope) (Key, error) {
	k.refresh()
	if secret == "" {
		return Key{}, WithStatus(401, fault.New(fault.Auth, "no key was given").WithHint("send Authorization: Bearer KEY; in a browser, the key is the password"))
	}
	k.mu.RLock()
	key, ok := k.byHash[sha256.Sum256([]byte(secret))] // looked up by its digest: timing tells nothing of the key
	k.mu.RUnlock()
	switch {
	case !ok:
		return Key{}, WithStatus(401, fault.New(fault.Auth, "the key is not known here: it was never made, or was revoked").WithHint("ask who runs the server for a key; there: ecomctl serve keys add NAME"))
	case key.Expired(k.now()):
		return Key{}, WithStatus(401, fault.New(fault.Auth, "the key %q expired on %s", key.Name, key.Expires.Format(time.DateOnly)).WithHint("ask who runs the server for a new key; there: ecomctl serve keys revoke %s && ecomctl serve keys add %s", key.Name, key.Name))
	}
	scope, err := ParseScope(key.Scope)
	if err != nil || scope < want {
		return Key{}, fault.New(fault.Auth, "the key %q allows to %s; this needs %s", key.Name, key.Scope, want).WithHint("ask who runs the server for a key of that scope; there: ecomctl serve keys add NAME --scope %s", want)
	}
	return key, nil
}

// readKeys reads a file of keys; info is nil when there is none.
func readKeys(path string) ([]Key, fs.FileInfo, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, vfs.Classify(err, "reading keys "+path)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, vfs.Classify(err, "reading keys "+path)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, nil, fault.New(fault.Auth, "reading keys %s: others may write it", path).WithHint("chmod 600 %s", path)
	}
	if info.Size() > maxKeyFile {
		return nil, nil, fault.New(fault.Input, "reading keys %s: %d bytes are too many for a file of keys", path, info.Size())
	}
	var list []Key
	if info.Size() == 0 {
		return nil, info, nil
	}
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, nil, fault.New(fault.Input, "reading keys %s: %w", path, err).WithHint("the file is written by `ecomctl serve keys add`")
	}
	return list, info, nil
}

// ListKeys returns the keys of a file, sorted by name.
func ListKeys(path string) ([]Key, error) {
	list, _, err := readKeys(path)
	slices.SortFunc(list, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// AddKey makes a key, writes its digest into the file and returns the secret, which is nowhere
// kept. ttl 0 never expires.
func AddKey(ctx context.Context, path, name string, scope KeyScope, now time.Time, ttl time.Duration) (string, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-@", r))
	}) || len(name) > 64 {
		return "", fault.New(fault.Usage, "%q is no name for a key", name).WithHint("use letters, digits and . _ - @")
	}
	list, _, err := readKeys(path)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(list, func(k Key) bool { return k.Name == name }) {
		return "", fault.New(fault.Usage, "a key %q is there already", name).WithHint("revoke it first, or choose another name")
	}
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fault.New(fault.Internal, "making a key: %w", err)
	}
	secret := keyPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	sum := sha256.Sum256([]byte(secret))
	key := Key{Name: name, Scope: scope.String(), Created: now.UTC().Truncate(time.Second), Hash: hex.EncodeToString(sum[:])}
	if ttl > 0 {
		key.Expires = key.Created.Add(ttl)
	}
	return secret, writeKeys(ctx, path, append(list, key))
}

// RevokeKey removes a key; servers that run notice within a second or two.
func RevokeKey(ctx context.Context, path, name string) error {
	list, _, err := readKeys(path)
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(list), func(k Key) bool { return k.Name == name })
	if len(rest) == len(list) {
		return fault.New(fault.NotFound, "no key %q in %s", name, path).WithHint("`ecomctl serve keys list` shows them")
	}
	return writeKeys(ctx, path, rest)
}

// writeKeys replaces the file in one step; only its owner can read it.
func writeKeys(ctx context.Context, path string, list []Key) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(list); err != nil {
		return fault.New(fault.Internal, "writing keys: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return vfs.Classify(err, "making "+filepath.Dir(path))
	}
	// made first, so that its rights are there before its contents
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return vfs.Classify(err, "writing keys "+path)
	}
	f.Close()
	return vfs.WriteAtomic(ctx, path, func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err })
}
