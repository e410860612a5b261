#!/usr/bin/env bash
# failover.sh FROM TO: of the pair that start-ha.sh started, TO (nn1 or nn2) becomes the active NameNode in FROM's place, also
# when FROM is dead.
. "$(dirname "$0")/common-ha.sh"
[ $# = 2 ] || die "usage: failover.sh nn1 nn2"
haadmin -failover "$1" "$2" || die "$2 could not take over from $1"
active "$2" || die "$2 is not active"
