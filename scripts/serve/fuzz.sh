#!/usr/bin/env bash
# fuzz.sh URL SECONDS: lets schemathesis send generated requests to a running server's interface, by its own
# OpenAPI document. Fails on any 5xx, on answers that the document does not allow, and on wrong requests that
# are taken. What is right by the document and still refused (a condition that does not parse) is no failure.
. "$(dirname "$0")/../services/lib.sh"
[ $# = 2 ] || die "usage: fuzz.sh URL SECONDS"
python_env schemathesis "$(dirname "$0")/requirements.txt" || die "schemathesis could not be installed"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" # it keeps examples where it runs
"$SERVICES_DIR/schemathesis/bin/schemathesis" run "$1/api/openapi.json" --max-time "$2" --request-timeout 90 --workers 2 --continue-on-failure \
  --checks all --exclude-checks positive_data_acceptance --output-truncate true --warnings off ${FUZZ_SEED:+--seed "$FUZZ_SEED"}
