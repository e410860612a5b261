# What the scripts of this folder share. Source it, do not run it.
#
#   MARIADB_PORT     TCP port on 127.0.0.1 (default 13306)
#   MARIADB_OPTIONS  further options of the server, such as --local-infile=0 (words, no quoting)
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
MARIADB=$SERVICES_DIR/mariadb
: "${MARIADB_PORT:=13306}" "${MARIADB_OPTIONS:=}"
export PATH=$PATH:/usr/sbin:/usr/local/sbin
# a socket's path holds at most 107 bytes: a deep folder's socket goes to the folder of temporary files
MARIADB_SOCKET=$MARIADB/mariadb.sock
[ ${#MARIADB_SOCKET} -le 100 ] || MARIADB_SOCKET=${TMPDIR:-/tmp}/ecomctl-mariadb-$MARIADB_PORT.sock
# the administrator is who runs the script, known by the socket, without a password
admin() { mariadb --no-defaults --socket="$MARIADB_SOCKET" --user="$(id -un)" "$@"; }
