#!/usr/bin/env bash
# Stops what start.sh started; with --clean the realm goes too.
. "$(dirname "$0")/common.sh"
stop "krb5$suffix" krb5kdc
if [ "${1:-}" = --clean ]; then rm -rf "$KRB5"; fi
