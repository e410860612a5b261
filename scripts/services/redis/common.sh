# What the scripts of this folder share. Source it, do not run it.
#
#   REDIS_PORT      TCP port on 127.0.0.1 (default 16379)
#   REDIS_PASSWORD  password that clients must give (default none)
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
REDIS=$SERVICES_DIR/redis
: "${REDIS_PORT:=16379}" "${REDIS_PASSWORD:=}"
# the password goes by the environment: arguments can be read by everybody
ping_redis() { [ "$(REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -h 127.0.0.1 -p "$REDIS_PORT" ping 2>/dev/null)" = PONG ]; }
