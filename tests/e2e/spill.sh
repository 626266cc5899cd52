#!/bin/sh
# spill.sh - groups, values and rows that outgrow memory: written to files, or a clear word.
. "${srcdir:-.}/tests/e2e/lib.sh"

"$awl" demo --write "$work/day" --lines 160000 --single --types alb >/dev/null
alb=$work/day/alb.log dir=$work/spill
mkdir "$dir"

# spilled NAME QUERY: little memory and a folder give what much memory gives, on one thread and two
spilled() {
    "$awl" query "$2" -o csv --memory=4G "$alb" >"$work/want" 2>/dev/null
    for threads in 1 2; do
        "$awl" query "$2" -o csv --memory=16M --spill="$dir" -j$threads "$alb" >"$work/got" 2>"$work/said"
        if cmp -s "$work/want" "$work/got"; then pass "$1, on $threads"; else fail "$1, on $threads" "$(diff "$work/want" "$work/got" | head -n 4)"; fi
        equal "without a word" "$(cat "$work/said")" ""
    done
    "$awl" query "$2" -o csv --memory=16M "$alb" >"$work/got" 2>"$work/said"
    equal "without a folder it fails" "exit $?" "exit 2"
    contains "and says how many there are" "$(cat "$work/said")" " groups and more; "
    contains "and what to do" "$(cat "$work/said")" "--spill=DIR"
}

spilled "a group for every record" 'stats count(*) by trace_id, bin(1m)'
spilled "every aggregate" 'stats count(*), count(target_ip), sum(sent_bytes), avg(sent_bytes), stddev(sent_bytes), min(path), max(user_agent), pct(target_processing_time, 99), median(sent_bytes), count_distinct(client_ip), earliest(path), latest(path) by trace_id'
spilled "sorted and cut" 'stats count(*) as n, max(sent_bytes) as m by trace_id | filter m > 100 | sort m desc, trace_id | limit 7'
spilled "grouped once more" 'stats sum(sent_bytes) as b by trace_id | stats count(*), max(b), sum(b)'
spilled "as many groups once more" 'stats sum(sent_bytes) as b, latest(path) as p by trace_id, elb_status_code | stats count(*) as n, sum(b) as s, pct(b, 90), min(p), count_distinct(elb_status_code) by trace_id | sort s desc, trace_id | limit 100'
equal "nothing is left behind" "$(ls "$dir")" ""
equal "what is there is not touched" "$(: >"$dir/mine"; "$awl" query 'stats count(*) by trace_id' -o csv --memory=16M --spill="$dir" "$alb" | grep -c .; ls "$dir")" \
    "$(printf '%s\nmine' "$(($(grep -o 'Root=[^"]*' "$alb" | sort -u | grep -c .) + 1))")"
exits "a folder that is not there" 2 "$awl" query 'stats count(*) by trace_id' --memory=16M --spill="$work/none" "$alb"
contains "is named" "$(cat "$work/stderr")" "$work/none"
exits "more rows than a sort can hold" 2 "$awl" query 'fields trace_id, path | sort path, trace_id' --memory=16M "$alb"
contains "says so" "$(cat "$work/stderr")" "rows of the result"
exits "with a limit it can" 0 "$awl" query 'fields trace_id, path | sort path, trace_id | limit 3' --memory=16M "$alb"

finish
