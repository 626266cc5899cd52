#!/bin/sh
# Following: growth, a half line, rotation, truncation, new files, gz - each line once, in order.
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || { echo "1..0 # SKIP tmux is not there"; exit 77; }
tmux_socket=awl-follow-$$

line() { # number
    printf '2 123456789012 eni-0a1b2c3d 10.0.0.1 10.0.0.2 %d 443 6 1 100 %d %d ACCEPT OK' "$1" \
        $((1700000000 + $1)) $((1700000001 + $1))
}

mkdir "$work/logs"
log=$work/logs/flow.log
{ line 1; echo; line 2; echo; } >"$log"
t -f /dev/null new-session -d -x 120 -y 40 \
    "TERM=screen-256color LC_ALL=C.UTF-8 TZ=UTC '$awl' -F '$work/logs'"
sees "the first two lines" "2 records"
{ line 3; echo; } >>"$log"
sees "a line more" "3 records"
line 4 | head -c 40 >>"$log"
sleep 0.5
{ line 4 | tail -c +41; echo; } >>"$log"
sees "a line that came in halves is one" "4 records"
mv "$log" "$log.1"
{ line 5; echo; line 6; echo; } >"$log"
sees "rotated: the old lines stay, the new ones join" "6 records"
mv "$log.1" "$log.2"
mv "$log" "$log.1"
{ line 60; echo; line 61; echo; } >"$log"
sees "rotated again" "8 records"
sees "and the oldest lines are read where they are now" "22:13:21.000 ACCEPT 10.0.0.1            1 "
sees "as are the others" "22:13:26.000 ACCEPT 10.0.0.1            6 "
{ line 7; echo; } >"$work/logs/second.log"
sees "a new file" "9 records"
mkdir "$work/logs/deep"
{ line 8; echo; } | gzip -c >"$work/logs/deep/third.log.gz.tmp"
mv "$work/logs/deep/third.log.gz.tmp" "$work/logs/deep/third.log.gz"
sees "a new gzip file in a new folder" "10 records"
: >"$log"
{ line 9; echo; } >>"$log"
sees "truncated in place: its lines go, the new one comes" "9 records"
gzip "$log.2" # as logrotate does a day later
sees "a rotated file that is packed is still one" "flow.log.2"
sees "with its lines once" "9 records"
i=100
while [ $i -lt 1100 ]; do
    line $i
    echo
    i=$((i + 1))
done >>"$log"
sees "a thousand lines at once, none lost, none twice" "1,009 records"
burst=0
while [ $burst -lt 35 ]; do # more than a segment holds, with pieces of it on the screen meanwhile
    awk -v n=$((burst * 2000)) 'BEGIN { for (i = n; i < n + 2000; i++)
        printf "2 123456789012 eni-%d 10.1.%d.%d 10.0.0.2 %d 443 6 1 100 %d %d %s OK\n", i % 7,
            i / 250 % 250, i % 250, i, 1700001000 + i / 10, 1700001060 + i / 10,
            i % 100 ? "ACCEPT" : "REJECT" }' >>"$log"
    burst=$((burst + 1))
    sleep 0.1
done
sees "a segment of lines in pieces, none lost, none twice" "71,009 records"
t send-keys f "action=REJECT srcport>69000" Enter
sees "what is new is found by its fields" "records · 2023-11-15 · 9 "
t send-keys Q
sleep 0.3
finish
