#!/bin/sh
# queries.sh - the commands and functions of the query language, with answers from awk and jq.
. "${srcdir:-.}/tests/e2e/lib.sh"

"$awl" demo --write "$work/day" --lines 20000 >/dev/null
"$awl" demo --write "$work/one" --lines 20000 --single >/dev/null
alb=$work/one/alb.log vpc=$work/one/vpcflow.log lambda=$work/one/lambda.log
cat >"$work/app.log" <<'END'
{"time":"2024-05-01T10:00:00Z","level":"ERROR","msg":"user=ann, method:GET, latency := 12","n":5,"tags":["a","b"],"ip":"10.0.0.1","events":[{"name":"x","k":1},{"name":"y","k":2}]}
{"time":"2024-05-01T10:01:00Z","level":"INFO","msg":"user=bob, method:PUT, latency := 30","n":"7","tags":["b"],"ip":"192.0.2.9","events":[{"name":"x","k":3}]}
{"time":"2024-05-01T10:03:30Z","level":"INFO","msg":"user=ann, method:GET, latency := 18","n":7.5,"tags":[],"ip":"2001:db8::1","events":[]}
{"time":"2024-05-01T10:03:59Z","level":"WARN","msg":"no such thing","n":null,"ip":"x","q":"a b%20c","j":"{\"user.id\":\"123\",\"v\":[1,2,{\"w\":\"deep\"}]}"}
END
app=$work/app.log

# rows QUERY FILE...: the rows without their header, TABs as |
rows() {
    q=$1
    shift
    "$awl" query "$q" -o tsv "$@" 2>"$work/err" | tail -n +2 | tr '\t' '|'
}

# one QUERY: the only value of the only row of the JSON lines
one() { rows "$1 | limit 1" "$app"; }

# --- stats ---

equal "stats by one key" "$(rows 'stats count(*) as n by elb_status_code | sort elb_status_code' "$alb")" \
    "$(awk '{ n[$9]++ } END { for (k in n) print k "|" n[k] }' "$alb" | sort)"
equal "by two keys, one of them a bin" \
    "$(rows 'stats count(*) by bin(1h), elb_status_code | sort bin(1h), elb_status_code' "$alb")" \
    "$(awk '{ split($2, t, ":"); n[t[1] ":00:00Z|" $9]++ } END { for (k in n) print k "|" n[k] }' "$alb" | sort)"
equal "sum, min, max" "$(rows 'stats sum(bytes), min(bytes), max(bytes) by srcaddr | sort srcaddr | limit 5' "$vpc")" \
    "$(awk '$14 == "OK" { s[$4] += $10; if (!($4 in lo) || $10 < lo[$4]) lo[$4] = $10; if ($10 > hi[$4]) hi[$4] = $10 }
        END { for (k in s) print k "|" s[k] "|" lo[k] "|" hi[k] }' "$vpc" | sort -V | head -5)"
equal "count_distinct" "$(rows 'stats count_distinct(client_ip)' "$alb")" \
    "$(awk '{ sub(/:[0-9]*$/, "", $4); print $4 }' "$alb" | sort -u | grep -c .)"
equal "pct is the nearest rank" "$(rows 'filter target_processing_time >= 0 | stats pct(target_processing_time, 95)' "$alb")" \
    "$(awk '$7 >= 0 { print $7 }' "$alb" | sort -n | awk '{ v[NR] = $1 } END { r = NR * 0.95; if (r > int(r)) r = int(r) + 1; print v[r] + 0 }')"
equal "arithmetic over aggregates, aliases of the same stats" \
    "$(rows 'stats sum(received_bytes) as r, count(*) as n, r / n as mean, sum(received_bytes) / count(*) - mean as zero' "$alb" | cut -d'|' -f1,2,4)" \
    "$(awk '{ s += $11 } END { print s "|" NR "|0" }' "$alb")"
equal "a second stats" "$(rows 'stats count(*) as n by client_ip | stats max(n), sum(n), count(*)' "$alb")" \
    "$(awk '{ sub(/:[0-9]*$/, "", $4); n[$4]++ } END { for (k in n) { c++; s += n[k]; if (n[k] > m) m = n[k] } print m "|" s "|" c }' "$alb")"
equal "filter and sort on columns of stats" \
    "$(rows 'stats count(*) as n by elb_status_code | filter n > 100 | sort n desc' "$alb")" \
    "$(awk '{ n[$9]++ } END { for (k in n) if (n[k] > 100) print k "|" n[k] }' "$alb" | sort -t'|' -k2,2nr)"
equal "earliest and latest" "$(rows 'stats earliest(elb_status_code), latest(elb_status_code)' "$alb")" \
    "$(awk '{ print $2, NR, $9 }' "$alb" | sort -s -k1,1 | awk 'NR == 1 { a = $3 } { b = $3 } END { print a "|" b }')"
equal "sortsFirst and sortsLast" "$(rows 'stats sortsFirst(level), sortsLast(level)' "$app")" "ERROR|WARN"
equal "stddev is that of the sample" "$(rows 'stats stddev(n)' "$app")" "1.3228756555322954"
equal "text of digits is a number" "$(rows 'stats sum(n), avg(n), count(n), count(*)' "$app")" "19.5|6.5|3|4"
equal "top" "$(rows 'top 2 elb_status_code' "$alb")" \
    "$(awk '{ n[$9]++ } END { for (k in n) print k "|" n[k] }' "$alb" | sort -t'|' -k2,2nr | head -2)"
equal "countFrequent" "$(rows 'countFrequent level' "$app")" "$(printf 'INFO|2\nERROR|1\nWARN|1')"
equal "fillmissing" "$(rows 'stats count(*) as n by bin(1m) | fillmissing with 0 for n | sort bin(1m)' "$app" | cut -d'|' -f2 | tr '\n' ' ')" "1 1 0 2 "
for threads in 1 2; do
    "$awl" query 'stats count(*), avg(duration), pct(bytes_out, 99), count_distinct(path), latest(path) by bin(1h), status' \
        -o csv -j $threads "$work/day" | md5sum >"$work/sum$threads"
done
equal "one thread and two give the same bytes" "$(cat "$work/sum1")" "$(cat "$work/sum2")"

equal "a test of what is made of a number" \
    "$(rows 'target_processing_time * 1000 > 5000 and datefloor(@timestamp, 1d) != @timestamp | stats count(*)' "$alb")" \
    "$(awk '$7 > 5' "$alb" | grep -c .)"

# --- parse ---

equal "a glob" "$(rows 'parse msg "user=*, method:*, latency := *" as user, method, latency | stats avg(latency) by user, method' "$app")" \
    "$(printf 'ann|GET|15\nbob|PUT|30\n||')"
equal "a regex with names" "$(rows 'parse msg /user=(?<u>\w+), method:(?<m>\w+)/ | filter u = "ann" | stats count(*) by m' "$app")" "GET|2"
equal "a regex with as" "$(rows 'parse msg /user=(\w+), method:(\w+)/ as u, m | filter ispresent(u) | display m | sort m' "$app" | tr '\n' ' ')" "GET GET PUT "
equal "parsed again" "$(rows 'parse msg "user=*, *" as u, rest | parse rest "method:*," as m | stats count(*) by m | filter ispresent(m)' "$app")" "$(printf 'GET|2\nPUT|1')"
equal "a row for each match" "$(rows 'parse msg /([a-z]+)[=:]/ as key multi | stats count(*) as n by key' "$app")" "$(printf 'method|3\nuser|3')"
equal "every address of every line" "$(rows 'parse @message /(\d+\.\d+\.\d+\.\d+)/ as a multi | stats count(*)' "$alb")" \
    "$(grep -oE '[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+' "$alb" | grep -c .)"
equal "logfmt" "$(rows 'parse "user=*" as x | fields x | limit 0' "$app")" ""
printf 'level=info msg="a \\"b\\" c" took=3ms\n' >"$work/logfmt.log"
equal "logfmt makes a map" "$(rows 'parse @message logfmt as m | display m.level, m.msg, m.took, m.none' "$work/logfmt.log")" 'info|a "b" c|3ms|'
printf 'one,"two, three",4\n' >"$work/csv.log"
equal "csv" "$(rows 'parse @message csv as a, b, c | display c, b, a' "$work/csv.log")" '4|two, three|one'
equal "a parsed name with an @" "$(rows 'parse msg "user=*," as @user | stats count(*) by @user | filter ispresent(@user)' "$app")" "$(printf 'ann|2\nbob|1')"
contains "a name that does not exist is missing, and said so" \
    "$("$awl" query 'parse msg /user=(?<user2>\w+)/ | stats count(*) by @user2' "$app" 2>&1)" "is user2 meant?"

# --- maps and lists ---

equal "members" "$(rows 'fields jsonParse(j) as m | filter ispresent(m) | display m.v[1], m.v[2].w, m.`user.id`, m.none' "$app")" "2|deep|123|"
equal "a map is nothing to a text function" "$(rows 'fields jsonParse(j) as m | filter ispresent(m) | display toupper(m), m = "x", ispresent(m)' "$app")" "|0|1"
equal "unnest" "$(rows 'fields jsonParse(@message) as m | unnest m.events into e | stats sum(e.k) by e.name' "$app")" "$(printf 'x|4\ny|2')"
equal "unnest keeps the record" "$(rows 'fields jsonParse(@message) as m | unnest m.tags into t | filter t = "b" | display level, t | sort level' "$app")" "$(printf 'ERROR|b\nINFO|b')"
equal "lists" "$(one 'fields jsonArraySize(jsonParse(@message).tags) as n, jsonArrayContains(jsonParse(@message).tags, "b") as b | display n, b')" "2|1"
equal "split" "$(one 'fields split(msg, ", ") as p | display p[1], jsonArraySize(p)')" "method:GET|3"

# --- pattern, dedup ---

equal "pattern" "$(rows 'pattern msg | display @pattern, @sampleCount, @ratio' "$app")" \
    "$(printf 'user=<Token-1>, <Token-2>, latency := <Number-1>|3|0.75\nno such thing|1|0.25')"
equal "a pattern knows how bad it is" "$(rows 'filter @type = "APP" | pattern @message | stats sum(@sampleCount) by @severityLabel | filter @severityLabel = "Error"' "$lambda" | cut -d'|' -f1)" "Error"
equal "pattern counts every record" "$(rows 'pattern @message | stats sum(@sampleCount)' "$lambda")" "$(grep -c . "$lambda")"
equal "dedup keeps the newest" "$(rows 'dedup level | display level, n' "$app" | grep INFO)" "INFO|7.5"
equal "dedup after a sort keeps the first" "$(rows 'sort n | dedup level | display level, n' "$app" | grep INFO)" "INFO|7"
equal "dedup after stats" "$(rows 'stats count(*) as n by level | sort n desc, level | dedup n' "$app")" "$(printf 'INFO|2\nERROR|1')"
equal "unmask and SOURCE" "$(rows 'SOURCE "x" | unmask(level) as l | stats count(*) by l | limit 1' "$app")" "ERROR|1"

# --- subqueries ---

# The client addresses of each log, one a line.
awk '{ sub(/:[0-9]*$/, "", $4); print $4 }' "$alb" >"$work/alb_ip"
awk '$9 >= 500 { sub(/:[0-9]*$/, "", $4); print $4 }' "$alb" | sort -u >"$work/alb_5xx"
equal "in a subquery" \
    "$(rows 'filter client_ip in (filter status=5xx | fields client_ip) | stats count(*)' "$alb")" \
    "$(grep -cxFf "$work/alb_5xx" "$work/alb_ip")"
equal "not in a subquery" \
    "$(rows 'client_ip not in (filter status=5xx | fields client_ip) | stats count(*)' "$alb")" \
    "$(grep -vcxFf "$work/alb_5xx" "$work/alb_ip")"
equal "a subquery of another log type" \
    "$(rows 'filter @logtype = "alb" and client_ip in (SOURCE vpcflow | fields srcaddr) | stats count(*)' "$alb" "$vpc")" \
    "$(awk 'NR > 1 { print $4 }' "$vpc" | sort -u >"$work/src"; grep -cxFf "$work/src" "$work/alb_ip")"
equal "a subquery with stats, of which one column is meant" \
    "$(rows 'filter client_ip in (stats count(*) as n by client_ip | filter n >= 3) | stats count(*)' "$alb")" \
    "$(sort "$work/alb_ip" | uniq -c | awk '$1 >= 3 { s += $1 } END { print s + 0 }')"
equal "a subquery within one" \
    "$(rows 'filter client_ip in (filter elb_status_code in (filter status=5xx | fields status) | fields client_ip) | stats count(*)' "$alb")" \
    "$(grep -cxFf "$work/alb_5xx" "$work/alb_ip")"
equal "a number and a text of the same digits are the same" \
    "$(rows 'n in (stats max(n) as n) | display n' "$app")" "7.5"
equal "a subquery has the time range, not the other filters" \
    "$(rows 'filter level = "INFO" and user in (parse msg "user=*," as user | fields user)' "$app" | grep -c .)$(rows 'parse msg "user=*," as user | filter level = "INFO" and user in (parse msg "user=*," as u | filter level = "ERROR" | fields u) | display n' "$app")$(rows 'parse msg "user=*," as user | filter level = "INFO" and user in (parse msg "user=*," as u | filter level = "ERROR" | fields u)' "$app" --since 2024-05-01T10:00:30Z)" "07.5"
exits "a subquery that shows nothing is refused" 2 "$awl" query 'n in (filter n > 5)' "$app"
contains "with what to do" "$(cat "$work/stderr")" "end it with | fields NAME"

# --- diff ---
diff_of() { "$awl" query "$1" -o tsv "$work/diff.log" --since 2026-03-14T13:00Z --until 2026-03-14T14:00Z | tail -n +2; }
{
    for m in 10 20 30; do echo "2026-03-14T13:$m:00Z one"; done
    echo "2026-03-14T13:40:00Z two"
    for m in 10 20; do echo "2026-03-14T12:$m:00Z one"; done
    for m in 10 20 30 40; do echo "2026-03-14T12:$m:30Z three"; done
    echo "2026-03-13T13:30:00Z one"
    echo "2026-02-14T13:30:00Z two"
} | awk '{ printf "{\"time\":\"%s\",\"word\":\"%s\",\"n\":%d}\n", $1, $2, NR }' >"$work/diff.log"
equal "diff: the hour before" "$(diff_of 'stats count(*) by word | diff' | tr '\t' ' ')" "three 0 4 -4
one 3 2 1
two 1 0 1"
equal "diff: the day before" "$(diff_of 'stats count(*) by word | diff previousDay' | tr '\t' ' ')" "one 3 1 2
two 1 0 1"
equal "diff: the month before" "$(diff_of 'stats count(*) by word | diff previousMonth | sort word' | tr '\t' ' ')" "one 3 0 3
two 1 1 0"
equal "diff: other aggregates are missing, not 0" "$(diff_of 'stats max(n) as m by word | diff | sort word | display word, now, before' | tr '\t' ' ')" "one 3 6
three  10
two 4 "
equal "diff: bins meet" "$(diff_of 'stats count(*) as n by bin(30m) | diff | sort `bin(30m)` | display now, before' | tr '\t' ' ')" "2 4
2 2"
equal "diff: of patterns" "$(diff_of 'pattern word | diff | sort `@pattern` | display `@pattern`, now, before' | head -n 1 | awk '{ print NF }')" 3
exits "diff: without a window" 2 "$awl" query 'stats count(*) by word | diff' "$work/diff.log"

# The counts of one hour and of another.
in_hour() { awk -v h="$1" 'substr($2, 12, 2) == h { n[$9]++ } END { for (k in n) print k, n[k] }' "$alb" | sort; }
both_hours() { # HOUR EARLIER: keys, now, before, change
    in_hour "$1" >"$work/now" && in_hour "$2" >"$work/before"
    join -a 1 -a 2 -e 0 -o 0,1.2,2.2 "$work/now" "$work/before" | awk '{ print $1 "|" $2 "|" $3 "|" $2 - $3 }'
}
day=$(awk '{ print substr($2, 1, 10); exit }' "$alb")
equal "diff with the hour before, by the filter" \
    "$(rows "filter @timestamp >= ${day}T12:00Z and @timestamp < ${day}T13:00Z | stats count(*) as n by elb_status_code | diff | sort elb_status_code" "$alb")" \
    "$(both_hours 12 11)"
equal "diff with the hour before, by options" \
    "$(rows "stats count(*) as n by elb_status_code | diff | sort elb_status_code" --since "${day}T09:00Z" --until "${day}T10:00Z" "$alb")" \
    "$(both_hours 09 08)"
equal "bins of both times meet" \
    "$(rows "stats count(*) as n by bin(1h) | diff | sort bin(1h) desc" --since "${day}T10:00Z" --until "${day}T12:00Z" "$alb")" \
    "$(awk -v d="$day" '{ h[substr($2, 12, 2) + 0]++ } END { for (i = 11; i >= 10; i--) print d "T" i ":00:00Z|" h[i] "|" h[i - 2] + 0 "|" h[i] - h[i - 2] }' "$alb")"
cat >"$work/days.log" <<'END'
{"time":"2024-02-29T10:00:00Z","msg":"job 7 failed","k":"a","v":10}
{"time":"2024-03-24T10:00:00Z","msg":"job 8 failed","k":"a","v":4}
{"time":"2024-03-30T10:00:00Z","msg":"disk full","k":"b","v":3}
{"time":"2024-03-31T10:00:00Z","msg":"job 1 failed","k":"a","v":1}
{"time":"2024-03-31T10:10:00Z","msg":"job 2 failed","k":"a","v":2}
{"time":"2024-03-31T10:20:00Z","msg":"started","k":"c","v":5}
END
at="--since 2024-03-31T10:00Z --until 2024-03-31T11:00Z"
# shellcheck disable=SC2086
{
    equal "previousDay" "$(rows 'stats sum(v) as s, max(v) as m by k | diff previousDay | sort k' $at "$work/days.log")" \
        "$(printf 'a|3|0|3|2||\nb|0|3|-3||3|\nc|5|0|5|5||')"
    equal "previousWeek" "$(rows 'stats sum(v) as s by k | diff previousWeek | filter before > 0' $at "$work/days.log")" "a|3|4|-1"
    equal "previousMonth ends with the month" "$(rows 'stats sum(v) as s by k | diff previousMonth | filter before > 0' $at "$work/days.log")" "a|3|10|-7"
    equal "diff of patterns" "$(rows 'pattern msg | diff previousWeek | display @pattern, @sampleCount, @diffEventCount, @differenceDescription' $at "$work/days.log")" \
        "$(printf 'job <Number-1> failed|2|1|+100%%\nstarted|1|1|New')"
    equal "a pattern that is gone" "$(rows 'pattern msg | diff previousDay | filter @sampleCount = 0 | display @pattern, @diffEventCount, @differenceDescription' $at "$work/days.log")" "disk full|-1|Gone"
    equal "diff of records is that of their patterns" "$(rows 'filter k = "a" | diff previousWeek | stats count(*), sum(@diffEventCount)' $at "$work/days.log")" "1|1"
}
for threads in 1 2; do
    "$awl" query 'stats count(*) as n, avg(duration), pct(bytes_out, 99) by bin(10m), status | diff' -o csv -j $threads \
        --since "${day}T12:00Z" "$work/day" | md5sum >"$work/sum$threads"
done
equal "diff: one thread and two give the same bytes" "$(cat "$work/sum1")" "$(cat "$work/sum2")"
exits "a time without a start has none before it" 2 "$awl" query 'stats count(*) | diff' "$alb"
contains "it says what to do" "$(cat "$work/stderr")" "give a start"

# --- join, lookup ---

cat >"$work/orders.log" <<'END'
{"time":"2024-05-01T10:00:00Z","kind":"order","id":"o1","user":7,"sum":10}
{"time":"2024-05-01T10:01:00Z","kind":"order","id":"o2","user":8,"sum":20}
{"time":"2024-05-01T10:02:00Z","kind":"order","id":"o3","user":7,"sum":30}
{"time":"2024-05-01T10:03:00Z","kind":"order","sum":40}
{"time":"2024-05-01T10:05:00Z","kind":"pay","order":"o1","how":"card","user":"7"}
{"time":"2024-05-01T10:06:00Z","kind":"pay","order":"o3","how":"bank","user":"7"}
{"time":"2024-05-01T10:07:00Z","kind":"pay","order":"o3","how":"card","user":"7"}
{"time":"2024-05-01T10:08:00Z","kind":"pay","how":"cash"}
END
orders=$work/orders.log
equal "an inner join: a row for each pair" \
    "$(rows 'filter kind = "order" | join type=inner left=o right=p where o.id = p.order (filter kind = "pay") | fields o.id, o.sum, p.how, p.@timestamp' "$orders")" \
    "$(printf 'o1|10|card|2024-05-01T10:05:00Z\no3|30|bank|2024-05-01T10:06:00Z\no3|30|card|2024-05-01T10:07:00Z')"
equal "inner is the default, sides either way round" \
    "$(rows 'filter kind = "order" | join left=o right=p where p.order = o.id (filter kind = "pay") | stats sum(o.sum) as s by p.how' "$orders")" \
    "$(printf 'bank|30\ncard|40')"
equal "a left join: rows without one stay, missing keys meet nothing" \
    "$(rows 'filter kind = "order" | join type=left left=o right=p where o.id = p.order (filter kind = "pay") | filter not ispresent(p.how) | fields o.sum, p.how' "$orders")" \
    "$(printf '20|\n40|')"
equal "on two fields, a number and a text of the same digits" \
    "$(rows 'filter kind = "order" | join left=o right=p where o.id = p.order and o.user = p.user (filter kind = "pay") | stats count(*)' "$orders")" "3"
equal "with stats on both sides" \
    "$(rows 'filter kind = "order" | stats sum(sum) as total by user | join type=left left=a right=b where a.user = b.user (filter kind = "pay" | stats count(*) as n by user) | sort user' "$orders")" \
    "$(printf '7|40|7|3\n8|20||\n|40||' | sort)"
equal "what is not named is shown" \
    "$(rows 'filter kind = "order" | join left=o right=p where o.id = p.order (filter how = "bank") | limit 1' "$orders" | cut -c1-60 | cut -d'|' -f1,3,4)" \
    "2024-05-01T10:02:00Z"
equal "of columns before, those of the other side are added" \
    "$(rows 'fields id | filter kind = "order" | join left=o right=p where o.id = p.order (filter how = "bank" | fields how as method)' "$orders")" "o3|bank"
equal "two joins" \
    "$(rows 'filter kind = "order" | join left=o right=p where o.id = p.order (filter kind = "pay") | join left=q right=r where q.user = r.user (filter id = "o1") | display id, p.how, r.sum' "$orders")" \
    "$(printf 'o1|card|10\no3|bank|10\no3|card|10')"
equal "the other side has the time range, not the filters" \
    "$(rows 'filter kind = "order" | join left=o right=p where o.id = p.order (filter kind = "pay") | stats count(*)' "$orders" --until 2024-05-01T10:06:30Z)" "2"
equal "diff behind a join runs both sides again" \
    "$(rows 'filter kind = "pay" | join left=p right=q where p.how = q.how (filter kind = "pay") | stats count(*) as n by how | diff' "$orders" --since 2024-05-01T10:06:30Z --until 2024-05-01T10:08:30Z)" \
    "$(printf 'bank|0|1|-1\ncash|1|0|1\ncard|1|1|0')"
if command -v sqlite3 >/dev/null; then
    awk 'BEGIN { OFS = "," } { sub(/:[0-9]*$/, "", $4); print $4, $9 }' "$alb" >"$work/alb.csv"
    awk 'BEGIN { OFS = "," } NR > 1 { print $4, $5, $10 }' "$vpc" >"$work/vpc.csv"
    sqlite3 >"$work/want" <<END
create table alb(ip, status); create table vpc(src, dst, bytes integer);
.mode csv
.import $work/alb.csv alb
.import $work/vpc.csv vpc
.mode list
select status, count(*), sum(bytes) from alb join vpc on ip = src group by status order by status;
select count(*), count(src) from alb left join vpc on ip = src;
END
    equal "an inner join as SQL has it" \
        "$(rows 'filter @logtype = "alb" | join left=a right=v where a.client_ip = v.srcaddr (SOURCE vpcflow) | stats count(*), sum(v.bytes) by elb_status_code | sort elb_status_code' "$alb" "$vpc")" \
        "$(sed '$d' "$work/want")"
    equal "a left join as SQL has it" \
        "$(rows 'filter @logtype = "alb" | join type=left left=a right=v where a.client_ip = v.srcaddr (SOURCE vpcflow) | stats count(*), count(v.srcaddr)' "$alb" "$vpc")" \
        "$(tail -n 1 "$work/want")"
fi
for threads in 1 2; do
    "$awl" query '@logtype = alb | join left=a right=b where a.client_ip = b.client_ip (SOURCE cloudfront) | fields a.@timestamp, b.@timestamp, b.path' \
        -o csv -j $threads "$work/day" | md5sum >"$work/sum$threads"
done
equal "join: one thread and two give the same bytes" "$(cat "$work/sum1")" "$(cat "$work/sum2")"

printf '\357\273\277code,"the meaning",limit\r\n200,fine,\r\n\r\n503,"Service ""Unavailable"",\nor so",5\r\n503,second,6\r\n' >"$work/codes.csv"
equal "lookup: quotes, line feeds, a mark, the first row counts" \
    "$(rows 'filter elb_status_code in [200, 503] | lookup '"'$work/codes.csv'"' code as elb_status_code OUTPUT `the meaning`, limit | stats count(*) as n by elb_status_code, limit, strlen(`the meaning`)' "$alb")" \
    "$(awk '$9 == 200 || $9 == 503 { n[$9]++ } END { print "200||4|" n[200]; print "503|5|28|" n[503] }' "$alb")"
equal "lookup: the name without .csv; rows that are not found stay" \
    "$(rows "lookup $work/codes code as elb_status_code OUTPUT limit | filter limit > 4 or elb_status_code = 404 | stats count(*) by elb_status_code, limit" "$alb")" \
    "$(awk '$9 == 404 || $9 == 503 { n[$9]++ } END { print "404||" n[404]; print "503|5|" n[503] }' "$alb")"
printf 'level,n\nERROR,99\n' >"$work/levels.csv"
equal "lookup: a column takes the place of a field" \
    "$(rows "filter level = \"ERROR\" | lookup $work/levels.csv level as level OUTPUT n | display n" "$app")" "99"
# bad NAME TEXT REASON: a table that is refused
bad() {
    printf "$2" >"$work/bad.csv"
    exits "lookup: $1 is refused" 2 "$awl" query "lookup '$work/bad.csv' a as level OUTPUT b" "$app"
    contains "lookup: $1: its reason" "$(cat "$work/stderr")" "$3"
}
bad "an empty file" '' 'is empty'
bad "a column that is not there" 'a,c\n1,2\n' 'there is no column b; it has a, c'
bad "a row that is too short" 'a,b\n1,2\n3\n' 'line 3 has 1 values, the first has 2'
bad "a row that is too long" 'a,b\n"1\n",2\n3,4,5\n' 'line 4 has 3 values'
bad "a quote that does not end" 'a,b\n1,"2\n3,4\n' 'line 2: a quote that does not end'
bad "text behind a quote" 'a,b\n1,"2"x\n' 'line 2: text behind a closing quote'
bad "a column that is there twice" 'a,b,b\n1,2,3\n' 'line 1: two columns are called b'
bad "what is no UTF-8" 'a,b\n1,\377\n' 'line 2: this is no UTF-8'
exits "lookup: no such file" 2 "$awl" query "lookup '$work/none' a as level OUTPUT b" "$app"
contains "lookup: which one" "$(cat "$work/stderr")" "No such file"
exits "lookup: a folder" 2 "$awl" query "lookup '$work' a as level OUTPUT b" "$app"
contains "lookup: what it should be" "$(cat "$work/stderr")" "is a regular file"
equal "unnest behind stats" "$(rows 'stats count(*) as n by level | unnest n into m | filter level = "INFO"' "$app")" "INFO|2|2"

# --- members of JSON keep their kind in -o json, and are texts to the language ---

printf '%s\n' '{"time":"2024-05-01T10:00:00Z","n":5,"f":1.50,"t":true,"z":null,"o":{"a":1,"b":[1,"x"]},"s":"007"}' \
    '{"time":"2024-05-01T10:00:01Z","n":"5","t":"true","f":1e3}' >"$work/kinds.json"
equal "kinds of members" "$("$awl" query -o json 'fields n, f, t, z, o, s, o.b' "$work/kinds.json")" \
    '{"n":5,"f":1.50,"t":true,"o":{"a":1,"b":[1,"x"]},"s":"007","o.b":[1,"x"]}
{"n":"5","f":1e3,"t":"true"}'
equal "kinds of members of sorted rows" \
    "$("$awl" query -o json 'filter t = true and n = 5 | sort @timestamp desc | fields n as m | limit 2' "$work/kinds.json")" \
    '{"m":"5"}
{"m":5}'
equal "one group of both" "$("$awl" query -o json 'stats count(*) by t' "$work/kinds.json")" '{"t":"true","count(*)":2}'
equal "other forms have texts" "$("$awl" query -o csv 'fields o.b | limit 1' "$work/kinds.json" | tail -n 1)" '"[1,""x""]"'

# --- functions: VALUE of an expression on the first record ---

while IFS='	' read -r expr want; do
    equal "$expr" "$(one "display $expr")" "$want"
done <<'END'
abs(-2) + floor(2.7) + ceil(2.1)	7
sqrt(16) ^ 2 % 7	2
greatest(1, 5, 3) - least(4, 2)	3
round(2.567, 1)	2.6
log(1)	0
toInt("12.9") + toNumber("x")	
if(n > 4, "big", "small")	big
case(n > 9, "a", n > 4, "b", "c")	b
coalesce(q, level)	ERROR
isNumeric(n)	1
isempty("") + isblank("  ")	2
concat(level, "-", n)	ERROR-5
trim("xyZxyfooxyxyZ", "xyZ")	foo
ltrim("  a ")	a 
strlen("héllo")	5
toupper("aé") 	Aé
substr("xyZfooxyZ", 3, 3)	foo
replace("a-b-c", "-", "+")	a+b+c
regexReplace("a1b22", "([0-9]+)", "<$1>")	a<1>b<22>
strcontains("Hello", "ell")	1
strcontains("Hello", "ELL", 1)	1
strcontains("Hello", "ELL", true)	1
unmask("a")	a
strcontains("Hello", "ELL", false)	0
regexReplace("a1b22", /\d+/, "_")	a_b_
regexReplace("GET", /e/i, "_")	G_T
startsWith("abc", "ab") + endsWith("abc", "bc")	2
urlencode("a b&c")	a%20b%26c
urldecode("a%20b+c%zz")	a b c%zz
base64encode("hello")	aGVsbG8=
base64decode("aGVsbG8=")	hello
hexToAscii("6869")	hi
hexToDec("0xff")	255
decToHex(255)	0xff
arnPart("arn:aws-cn:iam::123456789012:role/a/b:c", "account")	123456789012
arnPart("arn:aws-cn:iam::123456789012:role/a/b:c", "resource")	role/a/b:c
concat(arnPart("arn:aws:iam::1:role/a/b", "type"), arnPart("arn:aws:lambda:r:1:function:f:v2", "id"))	rolef:v2
concat(coalesce(arnPart("arn:aws:s3:::b/k/l", "type"), "-"), arnPart("arn:aws:s3:::b/k/l", "id"))	-b/k/l
concat(arnPart("arn:aws-cn:iam::1:r", "partition"), arnPart("arn:aws-cn:iam::1:r", "service"))	aws-cniam
coalesce(arnPart("arn:aws-cn:iam::1:r", "region"), arnPart("arn:aws", "account"), "none")	none
coalesce(arnPart("no:arn:at:all:1:r", "account"), arnPart("arn:a:b:c:d:e", "name"), "none")	none
isValidIp(ip)	1
isIpv4InSubnet(ip, "10.0.0.0/8")	1
isPrivateIP(ip)	1
isPublicIP("8.8.8.8")	1
isReservedIP("127.0.0.1")	1
ipv4ToNumber("1.2.3.4")	16909060
toMillis(@timestamp)	1714557600000
fromMillis(1714557600000)	2024-05-01T10:00:00Z
datefloor(@timestamp, 1h)	2024-05-01T10:00:00Z
dateceil(fromMillis(1714557600001), 1d)	2024-05-02T00:00:00Z
formatDate(@timestamp, "%d.%m.%Y %H:%M", "+02:00")	01.05.2024 12:00
parseDate("01/May/2024 12:00:00 +0200", "dd/MMM/yyyy HH:mm:ss Z")	1714557600000
parseDate("2024-05-01T10:00:00.250", "yyyy-MM-dd'T'HH:mm:ss.SSS")	1714557600250
messageSize("héllo")	6
round(haversine(52.52, 13.405, 48.8566, 2.3522))	877
jsonStringify(jsonParse("{\"a\": 1}"))	{"a": 1}
queryTimeRange()	239000
level = "ERROR"	1
END
if [ -f /usr/share/zoneinfo/Europe/Berlin ]; then
    equal "a named zone, in summer" "$(one 'display formatDate(@timestamp, "%H:%M %z", "Europe/Berlin")')" "12:00 +0200"
    equal "and in winter" "$(one 'display parseDate("2024-01-01 12:00", "yyyy-MM-dd HH:mm", "Europe/Berlin")')" "1704106800000"
    equal "the text's own zone goes first" \
        "$(one 'display parseDate("2024-01-01 12:00 Z", "yyyy-MM-dd HH:mm X", "Europe/Berlin")')" "1704110400000"
else
    echo "skip named zones: there is no /usr/share/zoneinfo/Europe/Berlin"
fi

# --- every sample query of the language's documentation parses, or says why it does not ---

language=${AWL_SHARED:-$srcdir/../shared}/query-language.md
if [ -f "$language" ]; then
    sed -n '/^## 11/,$p' "$language" | sed -n '/^```/,/^```/p' | grep -v '^```' >"$work/samples"
    all="$work/one"
    while IFS= read -r line; do
        q=${line%%   #*}
        "$awl" query "$q" -o csv "$all" >/dev/null 2>"$work/err"
        code=$?
        # fields of logs that are not here
        if [ $code -le 1 ] || grep -q "there is no field" "$work/err"; then
            pass "$q"
        else
            fail "$q" "$(cat "$work/err")"
        fi
    done <"$work/samples"
else
    echo "ok $((checks + 1)) # SKIP no language description in $language"
    checks=$((checks + 1))
fi
# --- the plan ---

# plan QUERY: its steps without their times; of one segment
plan() { "$awl" query -j1 --no-cache --explain-plan "$1" -o tsv "$alb" | cut -f 1-6 | tr '\t' '|'; }
# part N NAME: field N of the line of a step
part() { grep -F "$2|" "$work/plan" | cut -d'|' -f "$1"; }

query='/cart/ and status=5xx and server_ip in 10.0.0.0/8 and @timestamp > 2020-01-01'
plan "$query | stats count(*) by path | sort path | limit 2" >"$work/plan"
equal "tests in the order of their cost" "$(sed -n 's/^  \([^ ]*\) .*/\1/p' "$work/plan" | tr '\n' ' ')" \
    "@timestamp status server_ip @message "
contains "by the order of time" "$(part 2 '@timestamp > 2020-01-01T00:00:00Z')" "order of time: 1"
contains "by a range of codes" "$(part 2 'status = 5xx')" "a range of codes: 1"
contains "by a set of codes" "$(part 2 'server_ip in 10.0.0.0/8')" "a set of codes: 1; "
equal "each distinct text is asked once" "$(part 2 'server_ip in 10.0.0.0/8' | sed 's/.*; \([0-9]*\) .*/\1/')" \
    "$(rows 'stats count_distinct(server_ip)' "$alb")"
contains "by a search" "$(part 2 '@message like /cart/')" "search in lines: 1"
equal "the search sees what the other tests left, and reads no more" \
    "$(part 3 '@message like /cart/') $(part 5 '@message like /cart/')" \
    "$(awk '$9 ~ /^5/ && $5 ~ /^10\./ { n++; b += length } END { print n, b }' "$alb")"
equal "rows of the filter are those that it keeps" "$(part 4 filter)" "$(count "$query" "$alb")"
equal "rows of the last step" "$(part 4 output)" 2
equal "the limit is known to the sort" "$(part 2 'sort path')" "the best 2 are kept"
plan "elb_status_code = 999 and /cart/" >"$work/plan"
equal "a value beyond the maximum leaves all out" "$(part 2 filter) $(part 2 'elb_status_code = 999') $(part 2 '@message like /cart/')" \
    "segments: 0 taken whole, 1 left out, 0 read minima and maxima: 1 never needed"
plan "client_ip = 1.1.1.1.1 or not elb_status_code = 999" >"$work/plan"
equal "and takes all" "$(part 2 filter)" "segments: 1 taken whole, 0 left out, 0 read"
plan "client_ip in (filter status=5xx | fields client_ip) | stats count(*)" >"$work/plan"
equal "a subquery is a step with steps of its own" "$(cut -d'|' -f 1 "$work/plan" | sed -n '3,5p' | tr '\n' ';')" "subquery;  filter;    status = 5xx;"
equal "its rows are the distinct values" "$(part 4 subquery)" "$(awk '$9 ~ /^5/ { sub(/:[0-9]*$/, "", $4); print $4 }' "$alb" | sort -u | grep -c .)"
equal "a plan as JSON" "$("$awl" query --explain-plan 'status=5xx' -o json "$alb" | sed -n 's/.*"step":"\([^"]*\)".*"rows_out":\([0-9]*\).*/\1 \2/p' | tail -n 1)" "output $(count status=5xx "$alb")"
exits "no rows, no match" 1 "$awl" query --explain-plan elb_status_code=999 "$alb"

finish
