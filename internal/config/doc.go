// Package config reads the settings that every command shares:
//
//	flags  over  ECOMCTL_* variables  over  ./ecomctl.yaml  over  $XDG_CONFIG_HOME/ecomctl/config.yaml  over  defaults
//
// One table of keys (Keys) is the file format, the names of the variables, what
// `config show` prints, what `config check` accepts and what `init` writes. Files are
// strict: an unknown key, a wrong type or an impossible value is an error with its
// line and, for a slip of the pen, the key that was meant.
//
// Text values may refer to the environment as ${NAME}; secrets may also be
// file:PATH. What a reference stands for never appears in an Origin or an error.
package config
