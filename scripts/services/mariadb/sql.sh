#!/usr/bin/env bash
# sql.sh STATEMENTS: runs statements as the administrator of the MariaDB that start.sh started.
. "$(dirname "$0")/common.sh"
admin --batch --skip-column-names -e "$1"
