#!/bin/sh
# run.sh [--update] [NAME...] - golden screens.
#
# Every NAME.keys is played against the demo's data at three sizes on a screen in memory; what it
# snaps must equal NAME-WxH.screen: the text plane and the role plane. --update writes them anew:
# look at the diff as at code. AWL names the program, DEMO a folder of `awl demo --write` (made if
# not given).
set -u
here=$(cd "$(dirname "$0")" && pwd)
awl=${AWL:-$here/../../awl}
sizes="80x24 120x40 200x60"
export TZ=UTC LC_ALL=C.UTF-8 TERM=xterm-256color
unset NO_COLOR COLORTERM XDG_CONFIG_HOME 2>/dev/null || :

update=no
if [ "${1:-}" = --update ]; then
    update=yes
    shift
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT INT TERM
XDG_CONFIG_HOME=$work/config
XDG_CACHE_HOME=$work/cache
export XDG_CONFIG_HOME XDG_CACHE_HOME
demo=${DEMO:-$work/logs}
[ -d "$demo" ] || "$awl" demo --write "$demo" --lines 20000 >/dev/null || exit 99
cd "$demo/.." || exit 99

failed=0
for keys in "$here"/*.keys; do
    name=$(basename "$keys" .keys)
    [ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
    for size in $sizes; do
        golden=$here/$name-$size.screen
        "$awl" --script "$keys" --size "$size" --now 2026-03-15T00:00:00Z "$(basename "$demo")" \
            >"$work/out" 2>"$work/err" </dev/null
        if [ -s "$work/err" ]; then
            echo "FAIL $name $size"
            cat "$work/err"
            failed=1
        elif [ $update = yes ]; then
            cp "$work/out" "$golden"
        elif ! diff -u "$golden" "$work/out" >"$work/diff"; then
            echo "FAIL $name $size"
            head -60 "$work/diff"
            failed=1
        else
            echo "ok   $name $size"
        fi
    done
done
exit $failed
