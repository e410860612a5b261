package redis

import (
	"context"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Check asks Redis once for what it is and how long an answer takes; url is that of Open. The error
// names address, cause and cure, without secrets.
func Check(ctx context.Context, url string, now func() time.Time) (found string, err error) {
	c, err := Open(url, Options{Now: now, Deadline: time.Second, Probe: time.Hour})
	if err != nil {
		return "", err
	}
	defer c.Close()
	begun := now()
	info, err := c.c.Info(ctx, "server").Result()
	took := now().Sub(begun)
	if err != nil {
		return "", c.broken(err)
	}
	if took > deadline {
		return "", fault.New(fault.Unavailable, "redis %s: an answer took %s; a call may take %s", c.addr, took.Round(time.Millisecond), deadline).
			WithHint("use a Redis nearer to the server, or leave the cache at memory: slower calls are broken off")
	}
	// what the service does with it: a user may be allowed to ask and not to write
	key := prefix + "doctor"
	if err := c.c.Set(ctx, key, "", time.Minute).Err(); err != nil {
		return "", c.broken(err)
	}
	version := ""
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(line, "redis_version:"); ok {
			version = "version " + strings.TrimSpace(v) + ", "
		}
	}
	return version + "answers in " + took.Round(10*time.Microsecond).String(), nil
}

// broken is a failed call with its cure.
func (c *Cache) broken(err error) error {
	kind, hint := fault.Unavailable, "is Redis started, and are host and port right? a firewall between?"
	switch text := err.Error(); {
	case strings.HasPrefix(text, "WRONGPASS"), strings.HasPrefix(text, "NOAUTH"):
		kind, hint = fault.Auth, "write redis://:${REDIS_PASSWORD}@host:port/db and export REDIS_PASSWORD"
	case strings.HasPrefix(text, "NOPERM"):
		kind, hint = fault.Auth, "allow the user to get and set keys that begin with ecomctl:"
	case strings.HasPrefix(text, "ERR DB index"), strings.Contains(text, "invalid DB index"):
		kind, hint = fault.Usage, "the number at the end of the address is that of a database: 0 exists always"
	case strings.HasPrefix(text, "READONLY"):
		hint = "the address is that of a replica: name the primary"
	case strings.HasPrefix(text, "OOM"), strings.HasPrefix(text, "MISCONF"):
		hint = "Redis refuses to write: look at maxmemory, its eviction policy, and its disk"
	}
	return fault.New(kind, "%s", c.reason(err)).WithHint("%s", hint)
}
