# What the scripts of this folder share. Source it, do not run it.
#
#   FLUME_CONF       the agent's configuration; its agent is called FLUME_AGENT (default collect)
#   FLUME_INSTANCE   a word for an agent of its own beside others: its log and process
#   FLUME_PORT       JSON metrics at http://127.0.0.1:PORT/metrics (default 34545)
#   FLUME_HEAP       the agent's memory (default 256m)
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$ROOT/scripts/services/flume
FLUME=$SERVICES_DIR/flume
suffix=${FLUME_INSTANCE:+-$FLUME_INSTANCE}
: "${FLUME_AGENT:=collect}" "${FLUME_PORT:=34545}" "${FLUME_HEAP:=256m}"

# component KIND: true when a source or sink has said that it runs.
component() { grep -q "Component type: $1, name: [a-z0-9]* started" "$SERVICES_DIR/log/flume$suffix.log"; }
started() { component SOURCE && component SINK && port_open "$FLUME_PORT"; }
