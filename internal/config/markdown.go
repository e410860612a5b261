package config

import (
	"bytes"
	"fmt"
	"strings"
)

// Markdown returns the reference of all settings, docs/config.md.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString(`# Settings

Flags stand over ` + "`ECOMCTL_*`" + ` variables, over ` + "`./ecomctl.yaml`" + ` (or ` + "`--config FILE`" + `, or ` + "`ECOMCTL_CONFIG`" + `), over
` + "`$XDG_CONFIG_HOME/ecomctl/config.yaml`" + `, over the defaults. ` + "`ecomctl config show`" + ` prints what holds and where it comes from,
` + "`ecomctl config check`" + ` finds every mistake with its line, ` + "`ecomctl init FILE`" + ` writes a commented file for an input.

Values may use ` + "`${NAME}`" + ` of the environment; one that is not set is an error. Secrets may also be ` + "`file:PATH`" + `; neither they nor the
passwords of URLs are ever printed. In variables lists are separated by commas and maps are ` + "`name=value,name=value`" + `.

A command that runs with a configuration file keeps its content, when it is new, in the user's state folder (` + "`$XDG_STATE_HOME`" + `, else
` + "`~/.local/state`" + `), readable by nobody else. ` + "`ecomctl config history`" + ` lists the last 50 versions with the settings that changed;
` + "`ecomctl config rollback [VERSION]`" + ` writes one back, after keeping what the file is now.

| key | variable | type | default | meaning | example |
|---|---|---|---|---|---|
`)
	for _, k := range Keys {
		env, desc := "`"+k.Env()+"`", k.Desc
		if k.Type == RuleList || k.Type == SegmentList {
			env = ""
		}
		if k.Choices != nil {
			desc += ": " + strings.Join(k.Choices, ", ")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | `%s` |\n", k.Name, env, k.Type, cell(k.Default), cell(desc), cell(k.Example))
	}
	b.WriteString("\nThis page is made from the program: `go test ./internal/config -run TestDocs -update`.\n")
	return b.Bytes()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
