#!/usr/bin/env bash
# The MariaDB server (the MySQL that the tests use) and its client, from apt. No system service is started or used.
. "$(dirname "$0")/common.sh"
have mariadbd && have mariadb && have mariadb-install-db && exit 0
say "installing MariaDB"
apt_install mariadb-server mariadb-client || die "MariaDB comes from the packages mariadb-server and mariadb-client"
have mariadbd && have mariadb-install-db || die "mariadbd is not to be found after the installation"
