// Package version tells which build of ecomctl is running. Releases and
// `make build` stamp it through the linker; a binary made by `go install`
// takes what the Go toolchain recorded in it.
package version

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// Version, Commit and Date are set with -ldflags "-X …/internal/version.Version=v1.2.3".
// They are variables for the linker only; read them through Get.
var (
	Version = ""
	Commit  = ""
	Date    = ""
)

// Info describes a build. Fields that nobody recorded are empty, but Version
// is never: a build from a work tree without a tag is "devel".
type Info struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"` // of the commit, RFC 3339
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Get returns the build's description: the linker's stamp first, then the
// module version and VCS settings of debug.ReadBuildInfo.
func Get() Info {
	bi, _ := debug.ReadBuildInfo()
	return describe(Version, Commit, Date, bi)
}

// describe is Get with its inputs given. bi may be nil.
func describe(version, commit, date string, bi *debug.BuildInfo) Info {
	info := Info{
		Version:  version,
		Commit:   commit,
		Date:     date,
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if bi != nil {
		if info.Version == "" && bi.Main.Version != "(devel)" {
			info.Version = bi.Main.Version
		}
		for _, s := range bi.Settings {
			switch {
			case s.Key == "vcs.revision" && info.Commit == "":
				info.Commit = s.Value
			case s.Key == "vcs.time" && info.Date == "":
				info.Date = s.Value
			case s.Key == "vcs.modified":
				info.Modified = s.Value == "true"
			}
		}
	}
	if info.Version == "" {
		info.Version = "devel"
	}
	info.Version = strings.TrimPrefix(info.Version, "v")
	return info
}

// String returns one line for people: "1.2.3 (commit 0123456789ab, go1.26.0, linux/amd64)".
func (i Info) String() string {
	var b strings.Builder
	b.WriteString(i.Version + " (")
	if i.Commit != "" {
		b.WriteString("commit " + i.Commit[:min(12, len(i.Commit))])
		if i.Modified {
			b.WriteString(" with changes")
		}
		b.WriteString(", ")
	}
	b.WriteString(i.Go + ", " + i.Platform + ")")
	return b.String()
}
