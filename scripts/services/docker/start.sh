#!/usr/bin/env bash
# Starts a Docker engine of the project's own (root): own data, own socket, no bridge, no iptables; containers use the
# host's network. Prints DOCKER_HOST for `eval`. Safe to run again.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || die "the Docker engine needs root"
{ have dockerd && have docker-compose; } || apt_install docker.io docker-compose || die "the Docker engine is not installed"
dir=$SERVICES_DIR/docker
mkdir -p "$dir"
# sockets have short paths, and the engine makes longer ones below its folder
run=$dir
[ ${#run} -le 50 ] || { run=${TMPDIR:-/tmp}/dk-$(printf %s "$dir" | cksum | cut -d' ' -f1); mkdir -p "$run"; }
printf '%s' "$run" >"$dir/run-folder"
start dockerd dockerd dockerd --data-root "$dir/data" --exec-root "$run/exec" --pidfile "$run/engine.pid" -H "unix://$run/docker.sock" \
  --storage-driver "${DOCKER_STORAGE:-overlay2}" --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
wait_ready dockerd dockerd 60 docker -H "unix://$run/docker.sock" version
printf "DOCKER_HOST='unix://%s'\n" "$run/docker.sock"
