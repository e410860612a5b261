#!/usr/bin/env bash
# Stops the Redis that start.sh started; with --clean its folder goes too. stop.sh --kill ends it as a crash would,
# --freeze stops it in the middle of what it does and --thaw lets it go on.
. "$(dirname "$0")/common.sh"
pidfile=$SERVICES_DIR/run/redis.pid
signal() { if running "$pidfile" redis-server; then kill "-$1" "$(cat "$pidfile")"; fi; }
case ${1:-} in
  --kill)
    signal KILL
    while port_open "$REDIS_PORT"; do sleep 0.05; done
    ;;
  --freeze) signal STOP ;;
  --thaw) signal CONT ;;
  *)
    stop redis redis-server 20
    if [ "${1:-}" = --clean ]; then rm -rf "$REDIS"; fi
    ;;
esac
