#!/usr/bin/env bash
# Stops the agent that start.sh started.
. "$(dirname "$0")/common.sh"
stop "flume$suffix" java
