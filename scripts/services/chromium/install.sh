#!/usr/bin/env bash
# Chromium and the Chinese fonts that the page tests look through.
. "$(dirname "$0")/../lib.sh"
if { have chromium || have chromium-browser || have google-chrome; } && fc-list 2>/dev/null | grep -qi 'noto.*cjk'; then exit 0; fi
apt_install chromium fonts-noto-cjk fontconfig || die "the page tests need chromium and fonts-noto-cjk"
