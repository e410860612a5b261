#!/usr/bin/env bash
# Completions and man pages for the archives, made by the program itself.
. "$(dirname "$0")/../services/lib.sh"
cd "$ROOT"
out=$SERVICES_DIR/release
rm -rf "$out"
mkdir -p "$out/completions" "$out/man"
CGO_ENABLED=0 go build -o "$out/ecomctl" ./cmd/ecomctl
for shell in bash zsh fish powershell; do
  "$out/ecomctl" completion $shell >"$out/completions/ecomctl.$shell"
done
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) "$out/ecomctl" man "$out/man"
[ -n "$(ls "$out/man")" ] || die "ecomctl man wrote no page"
rm "$out/ecomctl"
