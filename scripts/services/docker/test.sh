#!/usr/bin/env bash
# Builds the image and starts docker-compose.yml on a real engine; from outside: the REST calls answer with a key and
# not without, the metrics are there, the image runs as nobody special. `make docker-test`.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
cd "$ROOT"
have curl || apt_install curl || die "curl is not installed"
eval "$(bash "$here/start.sh")"
export DOCKER_HOST DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 COMPOSE_PROJECT_NAME=ecomctl-test MARIADB_PASSWORD=only-for-this-test
SHOP=$ROOT/testdata
export SHOP
bash "$here/base.sh"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
TEST_APP_PORT=$(free_port) TEST_METRICS_PORT=$(free_port) TEST_DB_PORT=$(free_port) TEST_REDIS_PORT=$(free_port)
export TEST_APP_PORT TEST_METRICS_PORT TEST_DB_PORT TEST_REDIS_PORT
# an engine on the host's network publishes no ports
base=$SERVICES_DIR/docker/compose.yml
awk '/^    ports:/ { skip = 1; next } skip && /^      - / { next } { skip = 0; print }' docker-compose.yml >"$base"
stack() { docker-compose --project-directory "$ROOT" -f "$base" -f "$here/compose.test.yml" "$@"; }
trap 'stack logs --no-color app >"$SERVICES_DIR/log/docker-app.log" 2>&1 || true; stack down -v >/dev/null 2>&1 || true; bash "$here/stop.sh"' EXIT
fail() { stack logs --no-color --tail 30 >&2 || true; die "$*"; }

say "building the images"
run_logged "$SERVICES_DIR/log/docker-build.log" stack build || die "the images could not be built"
run_logged "$SERVICES_DIR/log/docker-up.log" stack up -d cache db || die "the services did not start"
key=$(stack run --rm -T app serve keys add test 2>/dev/null | tr -d '\r\n') || fail "no key was made"
[ -n "$key" ] || fail "no key was printed"
run_logged "$SERVICES_DIR/log/docker-up.log" stack up -d || die "the stack did not start"

url=http://localhost:$TEST_APP_PORT
for ((i = 0; i < 120; i++)); do
  if curl -fsS -o /dev/null -H "Authorization: Bearer $key" "$url/readyz" 2>/dev/null; then break; fi
  sleep 0.5
done
get() { curl -sS -w '\n%{http_code}' -H "Authorization: Bearer $key" -H 'Accept: text/csv' "$url$1"; }
expect() { # NAME PATTERN TEXT
  grep -qE -- "$2" <<<"$3" || fail "$1: \"$2\" is not in: $3"
  say "$1: ok"
}
expect "daily sales" '^date,revenue,orders' "$(get '/api/v1/sales/daily?start_date=2024-01-01&end_date=2024-12-31')"
expect "daily sales answers 200" '^200$' "$(get '/api/v1/sales/daily?start_date=2024-01-01&end_date=2024-12-31' | tail -1)"
expect "segments" '^segment,customers' "$(get /api/v1/users/segments)"
expect "no key, no answer" '^401$' "$(curl -sS -o /dev/null -w '%{http_code}' "$url/api/v1/users/segments")"
expect "metrics" '^total_sales' "$(curl -sS "http://localhost:$TEST_METRICS_PORT/metrics" || true)"
for ((i = 0; i < 60; i++)); do
  health=$(docker inspect -f '{{.State.Health.Status}}' "$(stack ps -q app)")
  [ "$health" != healthy ] || break
  sleep 1
done
expect "health check" '^healthy$' "$health"
expect "an ordinary user" '^65532' "$(docker inspect -f '{{.Config.User}}' ecomctl:local)"
expect "one shot" '^[0-9]{4}-' "$(docker run --rm --network host -v "$SHOP:/data:ro" ecomctl:local -q sales shop.csv --by month)"
say "docker: all well"
