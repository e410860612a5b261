# What the scripts of this folder share. Source it, do not run it.
#
#   FLINK_PORT_BASE  the JobManager's REST has this port, its RPC the next, the SQL Gateway the one after (default 18081)
#   FLINK_INSTANCE   a word for a cluster of its own beside others: its settings, state, logs and processes
#   FLINK_SLOTS      task slots (default 4)
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$ROOT/scripts/services/flink
FLINK_VERSION=1.20.3 # with pom.xml
FLINK=$SERVICES_DIR/flink
suffix=${FLINK_INSTANCE:+-$FLINK_INSTANCE}
FLINK_CONF=$FLINK/conf$suffix
FLINK_STATE=$FLINK/state$suffix
: "${FLINK_PORT_BASE:=18081}" "${FLINK_SLOTS:=4}"
FLINK_RPC_PORT=$((FLINK_PORT_BASE + 1)) FLINK_GATEWAY_PORT=$((FLINK_PORT_BASE + 2))
