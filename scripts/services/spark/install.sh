#!/usr/bin/env bash
# Spark from the Python registry, .services/spark/venv (half a GB; pip keeps the download); Java comes from apt.
. "$(dirname "$0")/common.sh"
have java || apt_install openjdk-17-jre-headless || die "Spark needs Java"
mkdir -p "$SPARK"
# clones of a folder wait for each other
exec 9>"$SPARK/.lock"
flock 9
python_env spark/venv "$here/requirements.txt" || die "Spark is installed by python3 and pip"
