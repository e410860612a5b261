package cluster

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Site is a Hadoop configuration: names and values of core-site.xml and yarn-site.xml.
type Site map[string]string

// maxSite bounds a configuration file.
const maxSite = 16 << 20

// ReadSite reads core-site.xml and yarn-site.xml in a folder (HADOOP_CONF_DIR). A file that is not there is empty; a folder
// without both is refused.
func ReadSite(dir string) (Site, error) {
	s := Site{}
	found := false
	for _, name := range []string{"core-site.xml", "yarn-site.xml"} {
		err := s.read(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = true
	}
	if !found {
		return nil, fault.New(fault.NotFound, "reading the Hadoop configuration in %s: neither core-site.xml nor yarn-site.xml is there", dir).
			WithHint("HADOOP_CONF_DIR names the folder that holds them; or give --rm http://host:8088")
	}
	return s, nil
}

// read adds the properties of a file. Inclusions of other files are not followed.
func (s Site) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var doc struct {
		Properties []struct {
			Name  string `xml:"name"`
			Value string `xml:"value"`
		} `xml:"property"`
	}
	if err := xml.NewDecoder(io.LimitReader(f, maxSite)).Decode(&doc); errors.Is(err, io.EOF) {
		return fault.New(fault.Input, "reading %s: it holds no configuration", path).WithHint("an empty one is <configuration/>")
	} else if err != nil {
		return fault.New(fault.Input, "reading %s: %w", path, err).WithHint("see whether it is a Hadoop configuration file")
	}
	for _, p := range doc.Properties {
		s[strings.TrimSpace(p.Name)] = strings.TrimSpace(p.Value)
	}
	return nil
}

var variable = regexp.MustCompile(`\$\{[^}$\s]+\}`)

// maxValue bounds a value, in bytes: variables that name others several times each grow without end.
const maxValue = 64 << 10

// Get returns a value with its ${other.property} replaced, "" when it is not set. Variables that
// are not set stay as they are; the depth is that of Hadoop's own reader, 20.
func (s Site) Get(name string) string {
	v := s[name]
	for range 20 {
		next := variable.ReplaceAllStringFunc(v, func(ref string) string {
			if r, ok := s[ref[2:len(ref)-1]]; ok {
				return r
			}
			return ref
		})
		if next == v || len(next) > maxValue {
			break
		}
		v = next
	}
	return v
}

// Managers returns the base URLs of the ResourceManagers' web services: those of every
// yarn.resourcemanager.ha.rm-ids where high availability is on, else the one.
func (s Site) Managers() []string {
	suffixes := []string{""}
	if s.Get("yarn.resourcemanager.ha.enabled") == "true" {
		if ids := strings.FieldsFunc(s.Get("yarn.resourcemanager.ha.rm-ids"), func(r rune) bool { return r == ',' || r == ' ' }); len(ids) > 0 {
			suffixes = suffixes[:0]
			for _, id := range ids {
				suffixes = append(suffixes, "."+id)
			}
		}
	}
	scheme, property, port := "http", "yarn.resourcemanager.webapp.address", "8088"
	if s.Get("yarn.http.policy") == "HTTPS_ONLY" {
		scheme, property, port = "https", "yarn.resourcemanager.webapp.https.address", "8090"
	}
	var out []string
	for _, suffix := range suffixes {
		addr := s.Get(property + suffix)
		if host := s.Get("yarn.resourcemanager.hostname" + suffix); addr == "" && host != "" {
			addr = net.JoinHostPort(host, port)
		}
		if addr != "" && !strings.Contains(addr, "${") {
			out = append(out, scheme+"://"+addr)
		}
	}
	return out
}
