#!/bin/sh
# memory.sh - --memory is a limit: a million lines are indexed and queried within it with the same
# answers, and what does not fit ends with a clear word, never with a wrong answer.
. "${srcdir:-.}/tests/e2e/lib.sh"

limit=16
beside=24 # MiB: the program, its buffers and two threads
"$awl" demo --write "$work/logs" --single --types vpcflow --lines 1000000 >/dev/null || exit 99
log=$work/logs/vpcflow.log

# peak COMMAND...: runs it on $input; $peak is the highest private resident memory seen, in MiB
input=/dev/null
peak() {
    "$@" >"$work/stdout" 2>"$work/stderr" <$input &
    pid=$! peak=0
    while kill -0 "$pid" 2>/dev/null; do
        while read -r key kib _; do
            [ "$key" != RssAnon: ] || [ "$kib" -le "$peak" ] || peak=$kib
        done 2>/dev/null <"/proc/$pid/status"
        sleep 0.005
    done
    wait "$pid"
    code=$?
    peak=$((peak / 1024))
}

within() {
    if [ -n "${AWL_SANITIZED-}" ]; then
        echo "skip $1: a sanitizer takes memory of its own"
    elif [ "$peak" -le $((limit + beside)) ]; then
        pass "$1"
    else
        fail "$1" "took $peak MiB"
    fi
}

peak "$awl" query -j2 --no-cache 'stats count(*)' "$log"
[ "$peak" -gt $((limit + beside)) ] && pass "without a limit it takes more" ||
    echo "skip without a limit it takes more: seen $peak MiB"
while IFS= read -r query; do
    XDG_CACHE_HOME=$work/free "$awl" query -o csv "$query" "$log" >"$work/want"
    peak "$awl" query -j2 --memory ${limit}M -o csv "$query" "$log"
    within "memory of $query"
    equal "$query" "$code $(md5sum <"$work/stdout")" "0 $(md5sum <"$work/want")"
done <<'QUERIES'
stats count(*), sum(bytes), min(@timestamp), max(@timestamp)
filter action = "REJECT" | stats count(*) as n by dstport | sort n desc, dstport | limit 20
stats count(*) as n by bin(1h), action
filter srcaddr in 10.0.0.0/8 and /ACCEPT/ | fields @timestamp, srcaddr, bytes
sort bytes desc, @timestamp | fields @timestamp, bytes | limit 100
QUERIES

# refused NAME HELP COMMAND...
refused() {
    what=$1 help=$2
    shift 2
    peak "$@"
    within "memory of $what"
    equal "$what ends with an error" "$code" 2
    contains "$what says which limit" "$(cat "$work/stderr")" "--memory=${limit}M"
    contains "$what says what would help" "$(cat "$work/stderr")" "$help"
    equal "$what prints nothing" "$(cat "$work/stdout")" ""
}
refused "no index" "without --no-cache" "$awl" query -j2 --no-cache --memory ${limit}M 'stats count(*)' "$log"
refused "a sort of all" "a limit behind the sort" "$awl" query -j2 --memory ${limit}M -o csv 'sort bytes' "$log"
refused "too many groups" "group by fewer" "$awl" query -j2 --memory ${limit}M -o csv 'stats count(*) by srcaddr, srcport, @timestamp' "$log"
input=$log
refused "a pipe" "bytes of pipes" "$awl" query -j2 --memory ${limit}M 'stats count(*)' -
exits "too small a limit" 2 "$awl" query --memory 1M 'stats count(*)' "$log"
contains "and a word about it" "$(cat "$work/stderr")" "16M at least"

finish
