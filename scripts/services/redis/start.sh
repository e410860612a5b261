#!/usr/bin/env bash
# Starts a private Redis: own folder and port, no file of the system's read, nothing kept on disk (it is a
# cache), at most 256 MiB. Prints its URL. Safe to run again.
. "$(dirname "$0")/common.sh"
have redis-server && have redis-cli || die "redis-server is not installed: run $(dirname "$0")/install.sh"
mkdir -p "$REDIS"
if ! running "$SERVICES_DIR/run/redis.pid" redis-server && port_open "$REDIS_PORT"; then die "port $REDIS_PORT is taken: set REDIS_PORT"; fi
conf=$REDIS/redis.conf
(
  umask 077
  {
    printf 'bind 127.0.0.1\nport %s\ndir "%s"\nsave ""\nappendonly no\n' "$REDIS_PORT" "$REDIS"
    printf 'maxmemory %s\nmaxmemory-policy allkeys-lru\n' "${REDIS_MAXMEMORY:-256mb}"
    [ -z "$REDIS_PASSWORD" ] || printf 'requirepass "%s"\n' "$REDIS_PASSWORD"
  } >"$conf"
)
start redis redis-server redis-server "$conf"
wait_ready redis redis-server 30 ping_redis
printf 'redis://127.0.0.1:%s/0\n' "$REDIS_PORT"
