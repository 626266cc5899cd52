#!/bin/sh
# pictures.sh - makes the pictures of the README from the demo: docs/*.svg. AWL names the program.
set -eu
docs=$(cd "$(dirname "$0")" && pwd)
awl=${AWL:-$docs/../awl}
export TZ=UTC LC_ALL=C.UTF-8
unset NO_COLOR XDG_CONFIG_HOME 2>/dev/null || :
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$awl" demo --write "$work/logs" >/dev/null
cd "$work"

# picture NAME SIZE, the script on standard input
picture() {
    cat >"$1.keys"
    "$awl" --script "$1.keys" --size "$2" --snap-dir . --now 2026-03-15T00:00:00Z logs
    cp "$1.svg" "$docs/$1.svg"
}

picture incident 120x36 <<'KEYS'
idle
type :goto 13:02
press Enter e
idle
snap incident svg
KEYS

picture errors 120x20 <<'KEYS'
idle
press v2
idle
snap errors svg
KEYS

picture edges 120x20 <<'KEYS'
idle
press v3
idle
snap edges svg
KEYS
