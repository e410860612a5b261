#!/usr/bin/env bash
# The jars of a Flume agent, by Maven; Java and Maven come from apt.
. "$(dirname "$0")/common.sh"
maven_jars flume "$here/pom.xml" || die "Maven could not bring Flume"
