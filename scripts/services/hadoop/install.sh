#!/usr/bin/env bash
# The jars of the daemons of HDFS and YARN, by Maven; Java and Maven come from apt.
. "$(dirname "$0")/common.sh"
maven_jars hadoop "$here/pom.xml" || die "Maven could not bring the daemons of HDFS and YARN"
