# What the scripts of this folder share. Source it, do not run it.
#
#   PROMETHEUS_PORT      where Prometheus listens (default 19090)
#   PROMETHEUS_TARGETS   host:port of what it scrapes, with commas between (default 127.0.0.1:8000)
#   PROMETHEUS_RULES     alert rules to load (default examples/prometheus/rules.yml)
#   PROMETHEUS_INTERVAL  between two scrapes (default 15s)
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
: "${PROMETHEUS_PORT:=19090}" "${PROMETHEUS_TARGETS:=127.0.0.1:8000}" "${PROMETHEUS_RULES:=$ROOT/examples/prometheus/rules.yml}"
: "${PROMETHEUS_INTERVAL:=15s}"
PROMETHEUS=$SERVICES_DIR/prometheus
base=http://127.0.0.1:$PROMETHEUS_PORT

answers() { curl -fsS --noproxy '*' "$base/-/ready"; }
# ready comes before the targets are known, which may take some seconds more
discovered() { curl -fsS --noproxy '*' "$base/api/v1/targets?state=active" | grep -q '"scrapeUrl"'; }
