#!/bin/sh
# partial.sh - a query that takes long: what it found so far is on the screen, keys work meanwhile,
# and ^C or Esc end it; on the command line ^C ends it at once and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
"$awl" demo --write "$work/logs" --lines 40000 --single --types alb >/dev/null || exit 99
"$awl" query 'stats count(*)' "$work/logs" >/dev/null # from the index it takes no time to read them
# a pattern that goes back and forth on each line, and is not found
slow='parse @message /(?<x>([^ ]* .*){2}zz9)/ | stats count(*) as n, count(x) as found by elb_status_code | sort n desc'

# --- the command line ---
"$awl" query "$slow" --output "$work/result" "$work/logs" >"$work/stdout" 2>"$work/stderr" &
child=$!
sleep 1
kill -INT $child
wait $child
equal "^C gives 130" $? 130
contains "and says so" "$(cat "$work/stderr")" "stopped"
equal "nothing is written" "$(ls "$work" | grep -c result)" 0

# --- the screen ---
if ! command -v tmux >/dev/null; then
    echo "skip the screen: tmux is not there"
    finish
fi
tmux_socket=awl-partial-$$
rows() { screen | sed -n 's/^.* 200  *\([0-9,]*\)  .*/\1/p' | head -n 1; }

t -f /dev/null new-session -d -x 120 -y 40 "env LC_ALL=C.UTF-8 TZ=UTC sh"
t send-keys "clear; '$awl' '$work/logs'" Enter
sees "it opens" "F1 help"
sees "and has read all" "40,000 records" # else the query is answered over and over, as they come
sleep 1
t send-keys -l ":$slow"
t send-keys Enter
sees "the table has a title that says how far it is" "query · partial: counted "
sees "and the status line how to stop it" "^C stops"
first=$(rows)
i=0
while [ "$(rows)" = "$first" ] && [ $i -lt 300 ]; do sleep 0.1 && i=$((i + 1)); done
[ $i -lt 300 ] && pass "the groups grow" || fail "the groups grow" "$(screen)"
t send-keys T
sees "a key is obeyed meanwhile" "times are in"
t send-keys C-c
sees "^C stops it" "what was found so far stays"
sees "the table says so" "query · stopped, partial: counted "
now=$(rows)
sleep 0.5
equal "and does not change any more" "$(rows)" "$now"
t send-keys R
sees "R asks again" "· partial: counted "
t send-keys Escape
sees "Esc stops it, too" "stopped, partial: "
t send-keys Escape
sees "and then goes back" "records ·"
t send-keys Q
finish
