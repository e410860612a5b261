#!/usr/bin/env bash
# Prometheus and promtool, from apt. No system service is started or used.
. "$(dirname "$0")/common.sh"
if have prometheus && have promtool && have curl; then exit 0; fi
say "installing Prometheus"
apt_install prometheus curl || die "Prometheus comes from the packages prometheus and curl"
have prometheus || die "prometheus is not to be found after the installation"
