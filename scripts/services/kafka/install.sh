#!/usr/bin/env bash
# The Kafka broker's jars, by Maven; Java and Maven come from apt.
. "$(dirname "$0")/common.sh"
maven_jars kafka "$here/pom.xml" || die "Maven could not bring the Kafka broker"
