package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecomctl/ecomctl/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ecomctl": func() { os.Exit(cli.Main(os.Args[1:])) },
	})
}

// TestScript runs the whole binary as users do: testdata/script/*.txtar.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ECOMCTL_NOW", "2026-01-15T06:00:00Z")
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("NO_COLOR", "1")
			return nil
		},
		UpdateScripts: os.Getenv("ECOMCTL_UPDATE_SCRIPTS") != "",
	})
}
