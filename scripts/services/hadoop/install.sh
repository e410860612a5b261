#!/usr/bin/env bash
# The HDFS daemons' jars, by Maven, once for each state of pom.xml; Java and Maven come from apt.
. "$(dirname "$0")/common.sh"
stamped "$HADOOP/lib/.installed" "$(digest "$here/pom.xml")" && have java && exit 0
have java || apt_install openjdk-17-jre-headless || die "HDFS needs Java"
have mvn || apt_install maven || die "HDFS is installed by Maven"
say "installing the HDFS daemons into $HADOOP/lib"
rm -rf "$HADOOP/lib" "$HADOOP/build"
mkdir -p "$HADOOP/build"
cp "$here/pom.xml" "$HADOOP/build/" # Maven's target/ stays out of the source tree
run_logged "$SERVICES_DIR/log/hadoop-install.log" mvn -q -B -f "$HADOOP/build/pom.xml" -Dlib.dir="$HADOOP/lib" package || die "Maven could not bring the HDFS daemons"
digest "$here/pom.xml" >"$HADOOP/lib/.installed"
