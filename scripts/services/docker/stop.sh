#!/usr/bin/env bash
# Stops the engine of start.sh and its containers; --purge removes images and volumes besides.
. "$(dirname "$0")/../lib.sh"
dir=$SERVICES_DIR/docker
run=$(cat "$dir/run-folder" 2>/dev/null || echo "$dir")
if running "$SERVICES_DIR/run/dockerd.pid" dockerd && [ -S "$run/docker.sock" ]; then
  mapfile -t ids < <(docker -H "unix://$run/docker.sock" ps -q)
  [ ${#ids[@]} -eq 0 ] || docker -H "unix://$run/docker.sock" stop -t 5 "${ids[@]}" >/dev/null
fi
stop dockerd dockerd
# the engine leaves this mount behind; with it the folder could not be removed
if mountpoint -q "$run/exec/netns/default" 2>/dev/null; then umount "$run/exec/netns/default"; fi
[ "${1:-}" != --purge ] || rm -rf "$dir" "$run"
