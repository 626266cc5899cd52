#!/bin/sh
# pictures.sh - makes the README's pictures anew from the demo: docs/*.svg.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
awl=${AWL:-$here/../../awl}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
export TZ=UTC LC_ALL=C.UTF-8
"$awl" demo --write "$work/logs" >/dev/null
cat >"$work/incident.keys" <<'K'
idle
press e
idle
snap incident svg
press 2
idle
snap errors svg
K
cd "$work"
"$awl" --script incident.keys --size 120x36 --snap-dir "$work" --now 2026-03-15T00:00:00Z logs
cp "$work/incident.svg" "$work/errors.svg" "$here/../../docs/"
