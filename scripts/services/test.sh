#!/usr/bin/env bash
# Install what the tests need and print, on the last line, nothing: the tests look for the pieces
# themselves and skip, naming what is missing. With ECOMCTL_REQUIRE_SERVICES=1 a missing piece fails here.
. "$(dirname "$0")/lib.sh"
missing=()
for service in oracle chromium complete-journey hadoop krb5 mariadb redis prometheus kafka flume flink spark airflow; do
  bash "$ROOT/scripts/services/$service/install.sh" || missing+=("$service")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "${ECOMCTL_REQUIRE_SERVICES:-0}" != 1 ] || die "needed for the tests and not installed: ${missing[*]}"
say "not installed: ${missing[*]}; the tests that need them are skipped"
