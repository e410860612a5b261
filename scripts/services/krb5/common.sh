# What the scripts of this folder share. Source it, do not run it.
#
#   KRB5_PORT      of the key distribution centre on 127.0.0.1 (default 18088)
#   KRB5_INSTANCE  a word for a realm of its own beside others
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
: "${KRB5_PORT:=18088}"
suffix=${KRB5_INSTANCE:+-$KRB5_INSTANCE}
KRB5=$SERVICES_DIR/krb5$suffix
REALM=ECOMCTL.TEST
export KRB5_CONFIG=$KRB5/krb5.conf KRB5_KDC_PROFILE=$KRB5/kdc.conf
PATH=$PATH:/usr/sbin:/sbin
