#!/usr/bin/env bash
# Starts a private Prometheus that scrapes `ecomctl serve` and loads the shipped alert rules, and prints its URL.
# Safe to run again: a running one reads its settings anew.
. "$(dirname "$0")/common.sh"
have prometheus && have promtool && have curl || die "Prometheus is not installed: run $(dirname "$0")/install.sh"
mkdir -p "$PROMETHEUS/data"
cp "$PROMETHEUS_RULES" "$PROMETHEUS/rules.yml"
targets=$(printf '"%s",' ${PROMETHEUS_TARGETS//,/ })
cat >"$PROMETHEUS/prometheus.yml" <<YML
global:
  scrape_interval: $PROMETHEUS_INTERVAL
  scrape_timeout: $PROMETHEUS_INTERVAL
  evaluation_interval: $PROMETHEUS_INTERVAL
rule_files: [rules.yml]
scrape_configs:
  - job_name: ecomctl
    static_configs:
      - targets: [${targets%,}]
YML
run_logged "$SERVICES_DIR/log/prometheus-check.log" promtool check config "$PROMETHEUS/prometheus.yml" || die "Prometheus would not take these settings"
if running "$SERVICES_DIR/run/prometheus.pid" prometheus; then
  curl -fsS --noproxy '*' -X POST "$base/-/reload" || die "Prometheus did not read its settings anew"
else
  if port_open "$PROMETHEUS_PORT"; then die "port $PROMETHEUS_PORT is taken: set PROMETHEUS_PORT"; fi
  start prometheus prometheus prometheus --config.file="$PROMETHEUS/prometheus.yml" --storage.tsdb.path="$PROMETHEUS/data" \
    --storage.tsdb.retention.time=1d --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --web.enable-lifecycle
fi
wait_ready prometheus prometheus 60 answers
wait_ready prometheus prometheus 60 discovered
printf '%s\n' "$base"
