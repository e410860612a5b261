package config

import (
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Secret is a value that is never printed. It is a reference (${NAME} or
// file:PATH) or the secret itself.
type Secret struct {
	raw  string
	base string
}

// maxSecret bounds a secret's file.
const maxSecret = 64 << 10

// Set reports whether there is one.
func (s Secret) Set() bool { return s.raw != "" }

// String returns the reference, or stars: fmt can print it safely.
func (s Secret) String() string {
	if s.raw == "" || isReference(s.raw) {
		return s.raw
	}
	return "***"
}

// Redacted is String, but of a URL only what is secret in it is hidden.
func (s Secret) Redacted() string {
	if strings.Contains(s.raw, "://") {
		return Redact(s.raw)
	}
	return s.String()
}

// GoString is String: %#v must not leak either.
func (s Secret) GoString() string { return s.String() }

// MarshalText keeps the secret out of JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns what the reference stands for. One newline at the end of a file is
// not part of the secret.
func (s Secret) Reveal(env func(string) string) (string, error) {
	path, isFile := strings.CutPrefix(s.raw, "file:")
	if !isFile {
		return expand(s.raw, env)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.base, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fault.New(fault.NotFound, "reading the secret %s: %w", s.raw, cause(err)).WithHint("check the path and the rights of the file")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fault.New(fault.Input, "reading the secret %s: %w", s.raw, cause(err))
	}
	if len(b) > maxSecret {
		return "", fault.New(fault.Input, "reading the secret %s: the file is larger than 64 KiB", s.raw)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}

func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func isReference(s string) bool {
	return strings.HasPrefix(s, "file:") || reference.FindString(s) == s && s != ""
}

// expand replaces ${NAME} by the variable; one that is not set is an error. The
// values are not expanded again.
func expand(s string, env func(string) string) (string, error) {
	if !strings.Contains(s, "${") {
		return s, nil
	}
	var missing string
	out := reference.ReplaceAllStringFunc(s, func(ref string) string {
		name := ref[2 : len(ref)-1]
		v := ""
		if env != nil {
			v = env(name)
		}
		if v == "" && missing == "" {
			missing = name
		}
		return v
	})
	if missing != "" {
		return "", fault.New(fault.Usage, "the variable %s is not set", missing).WithHint("export %s=…, or remove ${%s}", missing, missing)
	}
	return out, nil
}

// secretParams are query parameters that hold secrets.
var secretParams = regexp.MustCompile(`(?i)(password|passwd|pwd|secret|token|key|auth|signature|sig)`)

// hostPort is a host with or without a port: what follows is no password.
var hostPort = regexp.MustCompile(`^[^:]*(:\d*)?$|^\[[^\]]*\](:\d*)?$`)

// Redact removes passwords and tokens from a URL; anything else is returned as it
// is. References such as ${DB_PASSWORD} are kept: they are no secrets.
func Redact(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || strings.ContainsAny(scheme, " \t/") {
		return s
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, tail := rest[:end], rest[end:]
	// a password may hold / or ?: then the last @ of the whole is meant
	if at := strings.LastIndexByte(rest, '@'); at >= end && !strings.Contains(host, "@") && !hostPort.MatchString(host) {
		host, tail = rest[:at+1], rest[at+1:]
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		user, pass, has := strings.Cut(host[:at], ":")
		if has && reference.FindString(pass) != pass {
			pass = "***"
		}
		if has {
			user += ":" + pass
		}
		host = user + host[at:]
	}
	path, query, has := strings.Cut(tail, "?")
	if has {
		parts := strings.Split(query, "&")
		for i, p := range parts {
			name, v, _ := strings.Cut(p, "=")
			if plain, err := url.QueryUnescape(name); err == nil {
				name = plain
			}
			if secretParams.MatchString(name) && reference.FindString(v) != v {
				parts[i] = p[:strings.IndexByte(p+"=", '=')] + "=***"
			}
		}
		path += "?" + strings.Join(parts, "&")
	}
	return scheme + "://" + host + path
}

// NewSecret takes a reference (${NAME}, file:PATH) or the secret itself; base is the folder that
// relative paths of file: start from.
func NewSecret(raw, base string) Secret { return Secret{raw: raw, base: base} }
