#!/usr/bin/env bash
# The HDFS daemons' jars, by Maven; Java and Maven come from apt.
. "$(dirname "$0")/common.sh"
maven_jars hadoop "$here/pom.xml" || die "Maven could not bring the HDFS daemons"
