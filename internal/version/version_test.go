package version

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestDescribe(t *testing.T) {
	built := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	rev := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef"}
	dirty := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	tail := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	cases := []struct {
		name, version, commit string
		bi                    *debug.BuildInfo
		want                  string
	}{
		{"linker stamp wins", "v1.2.3", "feedfacefeedface", built("v9.9.9", rev), "1.2.3 (commit feedfacefeed, " + tail},
		{"go install of a tag", "", "", built("v1.4.0"), "1.4.0 (" + tail},
		{"work tree", "", "", built("(devel)", rev, dirty), "devel (commit 0123456789ab with changes, " + tail},
		{"nothing recorded", "", "", nil, "devel (" + tail},
		{"short commit", "1.0.0", "abc", nil, "1.0.0 (commit abc, " + tail},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := describe(c.version, c.commit, "", c.bi).String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
