#!/usr/bin/env bash
# The Redis server and its command line, from apt. No system service is started or used.
. "$(dirname "$0")/common.sh"
have redis-server && have redis-cli && exit 0
say "installing Redis"
apt_install redis-server redis-tools || die "Redis comes from the packages redis-server and redis-tools"
have redis-server || die "redis-server is not to be found after the installation"
