#!/usr/bin/env bash
# Makes the image local/debian:12 with debootstrap, for engines that can pull none. Needs DOCKER_HOST and root.
. "$(dirname "$0")/../lib.sh"
tag=local/debian:12 root=$SERVICES_DIR/debian
if docker image inspect "$tag" >/dev/null 2>&1; then exit 0; fi
if [ ! -f "$root/.complete" ]; then
  have debootstrap || apt_install debootstrap || die "debootstrap is not installed"
  rm -rf "$root"
  run_logged "$SERVICES_DIR/log/debootstrap.log" debootstrap --variant=minbase --include=ca-certificates bookworm "$root" || die "debootstrap failed"
  # this machine's own sources: the image gets updates too
  if [ -f /etc/apt/sources.list.d/debian.sources ]; then
    cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
    : >"$root/etc/apt/sources.list"
  fi
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  touch "$root/.complete"
fi
tar -C "$root" --exclude=./.complete -c . | docker import -c 'CMD ["bash"]' - "$tag" >/dev/null
