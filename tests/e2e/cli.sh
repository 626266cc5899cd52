#!/bin/sh
# The command line: exit codes, output forms, bad input.
. "$(dirname "$0")/lib.sh"

"$awl" demo --write "$work/logs" --lines 20000 >/dev/null || exit 99
alb=$work/alb.log
find "$work/logs" -name '*_app.*.log.gz' | sort | head -n 40 | xargs gzip -dc >"$alb"

# --- exit codes as grep's ---
exits "a match gives 0" 0 "$awl" query 'elb_status_code=200' "$alb"
exits "no match gives 1" 1 "$awl" query 'elb_status_code=299' "$alb"
exits "a wrong query gives 2" 2 "$awl" query 'elb_status_cod=200' "$alb"
contains "the nearest name is told" "$(cat "$work/stderr")" "elb_status_code"
exits "a wrong name behind others" 2 "$awl" query 'status=5xx elb_status_cod=200' "$alb"
equal "a caret stands below it" "$(sed -n 2p "$work/stderr")" "           ^^^^^^^^^^^^^^"
exits "a missing file gives 2" 2 "$awl" query '' "$work/none.log"
contains "the file is named" "$(cat "$work/stderr")" "none.log"
"$awl" sources "$work/none.log" "$alb" -o tsv >"$work/stdout" 2>/dev/null
contains "and it stands in sources" "$(tail -n 1 "$work/stdout")" "none.log"
exits "others are read all the same" 0 "$awl" query '' "$work/none.log" "$alb"
exits "an unknown option gives 2" 2 "$awl" --no-such-option
exits "an option of another command gives 2" 2 "$awl" query '' --live "$alb"
exits "--help" 0 "$awl" --help
exits "--version" 0 "$awl" --version
exits "query --help" 0 "$awl" query --help
exits "options may follow paths" 0 "$awl" query '' "$alb" -o json
exits "an unknown command is supported by no one" 2 "$awl" query 'outlier @message' "$alb"
contains "it says so" "$(cat "$work/stderr")" "awl does not have"
exits "explain" 0 "$awl" explain alb elb_status_code 504
exits "explain: nothing known" 1 "$awl" explain alb elb_status_code 999
exits "explain: no such type" 2 "$awl" explain nolog field value
exits "fields of one type" 0 "$awl" fields cloudfront
exits "fields of all types" 0 "$awl" fields

# --- forms ---
equal "raw gives the lines byte for byte" \
    "$("$awl" query '' --no-sort -o raw "$alb" | cksum)" "$(cksum <"$alb")"
equal "json: one object a record" \
    "$("$awl" query '' -o json "$alb" | grep -c '^{.*}$')" "$(wc -l <"$alb" | tr -d ' ')"
equal "csv has a header" "$("$awl" query 'fields elb_status_code | limit 1' -o csv "$alb" | head -n 1)" \
    "elb_status_code"
equal "numbers are numbers in json" \
    "$("$awl" query 'elb_status_code=200 | fields elb_status_code | limit 1' -o json "$alb")" \
    '{"elb_status_code":200}'
equal "md has a rule" "$("$awl" query 'fields type | limit 1' -o md "$alb" | sed -n 2p | cut -c1-4)" "| --"
equal "limit" "$("$awl" query 'limit 7' -o raw "$alb" | wc -l | tr -d ' ')" 7
equal "the same bytes with one thread" \
    "$("$awl" query '' -o raw -j 1 "$work/logs" | cksum)" "$("$awl" query '' -o raw -j 2 "$work/logs" | cksum)"
equal "time order" "$("$awl" query 'fields @timestamp' -o tsv "$work/logs" | tail -n +2 | tr -d Z | sort -c 2>&1)" ""
equal "a number stands in json as the log has it" \
    "$("$awl" query 'request_processing_time > 0 | limit 50' -o json "$alb" | grep -o '"request_processing_time":[^,]*' | cut -d: -f2)" \
    "$("$awl" query 'request_processing_time > 0 | limit 50' -o raw "$alb" | awk '{ print $6 }')"
equal "a bar in a Markdown cell is escaped" \
    "$("$awl" query 'fields "a|b" as x | limit 1' -o md "$alb" | tail -n 1)" '| a\|b |'
equal "wide characters keep columns straight" \
    "$("$awl" query 'fields "日本" as a, "x" as b | limit 1' "$alb" | tail -n 1)" "日本  x"
equal "a quote and a comma in csv" \
    "$("$awl" query "fields 'say \"a,b\"' as x | limit 1" -o csv "$alb" | tail -n 1)" '"say ""a,b"""'
exits "a full disk is an error" 2 sh -c "'$awl' query '' -o raw '$alb' >/dev/full"
contains "it says so" "$(cat "$work/stderr")" "cannot write"

# --- commands one after the other ---
equal "a filter may stand behind fields" \
    "$("$awl" query 'fields @message | filter elb_status_code=504' -o tsv "$alb" | cksum)" \
    "$("$awl" query 'elb_status_code=504 | fields @message' -o tsv "$alb" | cksum)"
equal "a filter on a made column" \
    "$("$awl" query 'fields strlen(request_url) as n | filter n > 70 | stats count(*)' -o tsv "$alb")" \
    "$("$awl" query 'strlen(request_url) > 70 | stats count(*)' -o tsv "$alb")"
equal "a filter behind a limit sees what the limit left" \
    "$("$awl" query 'limit 100 | filter elb_status_code=200' -o raw "$alb" | cksum)" \
    "$("$awl" query 'limit 100' -o raw "$alb" | awk '$9 == 200' | cksum)"
for by in '@timestamp desc' 'sent_bytes desc, @timestamp' 'request_url, client_ip' 'target_status_code'; do
    equal "sort $by: a limit gives the start of the whole" \
        "$("$awl" query "sort $by | limit 25" -o raw "$work/logs" | cksum)" \
        "$("$awl" query "sort $by" -o raw "$work/logs" | head -n 25 | cksum)"
done
equal "sort by a number" "$("$awl" query 'sort sent_bytes desc | limit 40 | fields sent_bytes' -o tsv "$alb" | tail -n +2)" \
    "$(awk '{ print $12 }' "$alb" | sort -rn | head -n 40)"
equal "dedup" "$("$awl" query 'dedup elb_status_code' -o raw "$alb" | wc -l | tr -d ' ')" \
    "$(awk '{ print $9 }' "$alb" | sort -u | wc -l | tr -d ' ')"
equal "fields behind stats add up" \
    "$("$awl" query 'stats count(*) as n by elb_status_code | fields n | fields elb_status_code | limit 1' -o tsv "$alb" | head -n 1)" \
    "$(printf 'n\telb_status_code')"
exits "a filter behind stats may leave nothing" 1 \
    "$awl" query 'stats count(*) as n by elb_status_code | filter n > 1e9' "$alb"

# --- who listens ---
if command -v script >/dev/null; then
    printf '\033[31mred\033[0m\302\233\n' >"$work/red.log"
    for form in raw tsv csv json table; do
        script -qec "'$awl' query '' -o $form '$work/red.log'" /dev/null </dev/null >"$work/seen"
        equal "a terminal gets no control characters: $form" \
            "$(LC_ALL=C tr -d '\011\012\015\040-\176' <"$work/seen" | wc -c | tr -d ' ')" 0
    done
fi
equal "a closed pipe ends quietly" "$("$awl" query '' -o raw "$work/logs" 2>&1 | head -n 1 | wc -l | tr -d ' ')" 1
equal "standard input" "$(count 'status=200' - <"$alb")" "$(count 'status=200' "$alb")"
equal "gzip on standard input" "$(gzip -c "$alb" | count 'status=200' -)" "$(count 'status=200' "$alb")"

# --- bad input: all shown, none lost ---
lines=$(wc -l <"$alb" | tr -d ' ')
: >"$work/empty.log"
exits "an empty file is no error" 1 "$awl" query '' "$work/empty.log"
head -c -1 "$alb" >"$work/cut.log"
equal "no last newline" "$(count '' "$work/cut.log")" "$lines"
sed 's/$/\r/' "$alb" >"$work/crlf.log"
equal "CRLF" "$(count 'status=200' "$work/crlf.log")" "$(count 'status=200' "$alb")"
{ cat "$alb"; printf 'nul \0 byte\nbad \377\376 utf8\n\033[31mred\033[0m\n'; } >"$work/odd.log"
equal "odd bytes are records" "$(count '' "$work/odd.log")" $((lines + 3))
equal "they are unparsed" "$(count 'ispresent(@unparsed)' "$work/odd.log")" 3
equal "they come out as they went in" \
    "$("$awl" query 'ispresent(@unparsed)' --no-sort -o raw "$work/odd.log" | cksum)" \
    "$(tail -n 3 "$work/odd.log" | cksum)"
"$awl" query 'ispresent(@unparsed) | fields @message' "$work/odd.log" >"$work/table"
equal "a table holds no control characters" "$(LC_ALL=C tr -d '\012\040-\176' <"$work/table" | wc -c | tr -d ' ')" 0
gzip -c "$alb" >"$work/whole.log.gz"
size=$(wc -c <"$work/whole.log.gz")
head -c $((size / 2)) "$work/whole.log.gz" >"$work/short.log.gz"
exits "a cut gzip" 0 "$awl" query '' -o raw "$work/short.log.gz"
contains "the damage is placed" "$(cat "$work/stderr")" "damaged gzip after inflated byte"
got=$(wc -l <"$work/stdout")
[ "$got" -gt $((lines / 4)) ] && pass "the lines before it are given" || fail "lines before the damage" "$got of $lines"
cat "$work/whole.log.gz" "$work/whole.log.gz" >"$work/two.log.gz"
equal "two gzip members" "$(count '' "$work/two.log.gz")" $((2 * lines))
cat "$work/whole.log.gz" "$alb" "$work/whole.log.gz" >"$work/mixed.log.gz"
equal "lines between gzip members" "$(count '' "$work/mixed.log.gz")" $((3 * lines))
equal "the same over a pipe" "$(cat "$work/mixed.log.gz" | count '' -)" $((3 * lines))
{ cat "$work/whole.log.gz"; printf 'a\001b\002c'; } >"$work/garbage.log.gz"
exits "other bytes behind gzip" 0 "$awl" query '' -o raw "$work/garbage.log.gz"
contains "are told" "$(cat "$work/stderr")" "garbage.log.gz: from byte $size on, behind what is packed, 5 bytes are neither gzip nor text"
contains "once more" "$("$awl" sources -o json "$work/garbage.log.gz" 2>/dev/null)" "from byte $size on"
contains "over a pipe as well" "$(gzip -c "$work/garbage.log.gz" | "$awl" sources -o json - 2>/dev/null)" "from byte $size on"
{ cat "$work/whole.log.gz"; head -c 10240 /dev/zero; } >"$work/padded.log.gz"
exits "zeros behind gzip" 0 "$awl" query '' -o raw "$work/padded.log.gz"
equal "are padding" "$(cat "$work/stderr")" ""
{ head -n 3 "$alb"; head -c 67108864 /dev/zero | tr '\0' x; echo; head -n 2 "$alb"; } >"$work/long.log"
equal "a line of 64 MB" "$(count '' "$work/long.log")" 6
cp "$work/whole.log.gz" "$work/bad.log.gz"
printf XXXXXXXX | dd of="$work/bad.log.gz" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
exits "a corrupt gzip" 0 "$awl" query '' -o raw "$work/bad.log.gz"
contains "its damage is placed" "$(cat "$work/stderr")" "damaged gzip after inflated byte"
exits "others beside it are read" 0 "$awl" query '' -o raw "$work/bad.log.gz" "$alb"
[ "$(wc -l <"$work/stdout")" -ge $((lines + lines / 4)) ] && pass "and none of their lines is lost" ||
    fail "lines beside a damaged file" "$(wc -l <"$work/stdout")"
printf 'once upon a time\nno log\n' >"$work/tale.txt"
exits "a file of no known type" 0 "$awl" query '' -o raw "$work/tale.txt"
contains "is named" "$(cat "$work/stderr")" "tale.txt: no log type that is known"
equal "and given" "$(cksum <"$work/stdout")" "$(cksum <"$work/tale.txt")"
mkdir -p "$work/tree/a/b"
cp "$alb" "$work/tree/a/b/x.log"
cp "$work/whole.log.gz" "$work/tree/a"
ln -s ../.. "$work/tree/a/b/loop"
ln -s nowhere "$work/tree/dangling"
mkfifo "$work/tree/a/pipe"
equal "a tree with loops, pipes and dangling links" "$(count '' "$work/tree")" $((2 * lines))
mkdir "$work/dir"
exits "a folder without files" 2 "$awl" query '' "$work/dir"
exits "sources" 0 "$awl" sources "$work/logs" -o json
equal "sources: one row a file" "$(wc -l <"$work/stdout" | tr -d ' ')" "$(find "$work/logs" -type f | wc -l | tr -d ' ')"
name=$(printf 'esc\033[31m.log')
cp "$alb" "$work/$name"
"$awl" sources "$work/$name" >"$work/table"
equal "a file name is shown, not obeyed" "$(LC_ALL=C tr -d '\012\040-\176' <"$work/table" | wc -c | tr -d ' ')" 0

# --- where the result goes, and between which times ---
exits "a file as output" 0 "$awl" query -o csv --output "$work/result.csv" 'count by elb_status_code' "$alb"
equal "which has what would have been printed" "$(cksum <"$work/result.csv")" \
    "$("$awl" query -o csv 'count by elb_status_code' "$alb" | cksum)"
exits "a file that cannot be written" 2 "$awl" query --output "$work/none/x" 'limit 1' "$alb"
exits "a query that fails" 2 "$awl" query --output "$work/result2.csv" 'nosuch=1' "$alb"
[ ! -e "$work/result2.csv" ] && pass "leaves no file" || fail "leaves no file"
equal "nor a part of one" "$(ls "$work" | grep -c 'result.*[.]......$')" 0
equal "since and until" \
    "$("$awl" query --since 2026-03-14T13:00Z --until '2026-03-14 14:00' '' -o raw "$alb" | cksum)" \
    "$(awk '$2 >= "2026-03-14T13:00" && $2 < "2026-03-14T14:00"' "$alb" | cksum)"
if [ -f /usr/share/zoneinfo/Europe/Berlin ]; then
    equal "since a time of a named zone" \
        "$("$awl" query --since '2026-03-14 14:00 Europe/Berlin' '' -o raw "$alb" | cksum)" \
        "$("$awl" query --since 2026-03-14T13:00Z '' -o raw "$alb" | cksum)"
else
    echo "skip since a time of a named zone: there is no /usr/share/zoneinfo/Europe/Berlin"
fi
exits "since a zone that there is not" 2 "$awl" query --since '2026-03-14 14:00 Europe/Nowhere' '' "$alb"
exits "since what is no time" 2 "$awl" query --since never '' "$alb"
"$awl" query --redact '' -o raw "$alb" >"$work/redacted"
equal "redacting loses no line" "$(wc -l <"$work/redacted" | tr -d ' ')" "$lines"
equal "and no byte" "$(wc -c <"$work/redacted" | tr -d ' ')" "$(wc -c <"$alb" | tr -d ' ')" 
equal "but all accounts" "$(grep -c 123456789012 "$work/redacted")" 0
key=Abcdefghij0123456789
printf '{"requestId":"a","ip":"192.0.2.7","status":"200","httpMethod":"GET","resourcePath":"/a","identity.apiKey":"%s","requestTime":"02/Jan/2024:03:04:05 +0000"}\n' $key >"$work/keys.json"
for query in 'fields identity.apiKey' 'fields status, concat("k ", apiKey) as k' 'stats count(*) by identity.apiKey as k, ip' \
    'stats max(identity.apiKey) as k' 'stats count(*) by ip, apiKey as k | display k' 'pattern identity.apiKey' \
    'parse @message /apiKey":"(?<identity_apiKey>[^"]*)/ | display identity_apiKey' 'fields @message' ''; do
    for form in table csv tsv json md raw; do
        "$awl" query --redact "$query" -o $form "$work/keys.json" 2>/dev/null
    done >"$work/hidden"
    equal "no API key is shown by: $query" "$(grep -c "$key" "$work/hidden") $(grep -c '[0-9]' "$work/hidden" | sed 's/^[1-9].*/some/')" "0 some"
done
equal "a filter finds it all the same" "$("$awl" query --redact "identity.apiKey=$key | stats count(*)" -o csv "$work/keys.json" 2>/dev/null | tail -1)" 1
equal "addresses stay apart" "$(awk '{sub(/:[0-9]+$/, "", $4); print $4}' "$work/redacted" | sort -u | wc -l)" \
    "$(awk '{sub(/:[0-9]+$/, "", $4); print $4}' "$alb" | sort -u | wc -l)"

# --- the demo leaves nothing behind ---
mkdir "$work/tmp"
TMPDIR=$work/tmp "$awl" demo --lines 2000 >"$work/summary"
contains "without a terminal the demo tells its story" "$(cat "$work/summary")" "13:02"
equal "and removes its files" "$(ls -A "$work/tmp")" ""
TMPDIR=$work/tmp "$awl" demo --lines 100000000 >/dev/null 2>&1 &
child=$!
i=0
while [ -z "$(ls -A "$work/tmp")" ] && [ $i -lt 600 ]; do sleep 0.1 && i=$((i + 1)); done
kill -TERM $child
wait $child
equal "it ends while it is writing" $? 130
equal "and removes its files then, too" "$(ls -A "$work/tmp")" ""
# --- as SQL ---
exits "a command that is misspelt" 2 "$awl" query 'filer status=200' "$alb"
contains "is guessed" "$(cat "$work/stderr")" "is a command meant? nearest: filter"
exits "an operator that is misspelt" 2 "$awl" query 'status=200 adn path = "/"' "$alb"
contains "is guessed, too" "$(cat "$work/stderr")" "is an operator meant? nearest: and"
exits "a name before an operator" 2 "$awl" query 'filter adn = 1' "$alb"
contains "is a field" "$(cat "$work/stderr")" "adn; nearest: "
exits "SQL" 2 "$awl" query 'select * from alb' "$alb"
contains "is told from the language" "$(cat "$work/stderr")" "this is no SQL: "
exits "--athena prints SQL" 0 "$awl" query --athena '@logtype=alb | stats count(*) by status'
contains "with its table" "$(cat "$work/stdout")" "CREATE EXTERNAL TABLE IF NOT EXISTS alb_logs"
for type in $("$awl" fields | awk 'NR > 1 { print $1 }' | sort -u); do
    "$awl" query --athena "@logtype=$type | stats count(*)" >"$work/stdout" 2>"$work/stderr"
    case $?-$type in
    0-*) contains "--athena has a table of $type" "$(cat "$work/stdout")" "CREATE EXTERNAL TABLE" ;;
    2-apigw | 2-clientvpn | 2-cloudfront_rt | 2-cwlogs | 2-json | 2-lambda | 2-route53public)
        contains "--athena says that it has none of $type" "$(cat "$work/stderr")" "no table of Athena" ;;
    *) fail "--athena of $type" "$(cat "$work/stderr")" ;;
    esac
done
exits "--athena says what has no SQL" 2 "$awl" query --athena '@logtype=alb | pattern elb'
contains "and where" "$(cat "$work/stderr")" "^"
mkdir -p "$work/s3/AWSLogs/210987654321/elasticloadbalancing/eu-north-1/2026/03/14"
"$awl" demo --write "$work/athena" --single --types alb --lines 50 >/dev/null
mv "$work/athena/alb.log" "$work/s3/AWSLogs/210987654321/elasticloadbalancing/eu-north-1/2026/03/14/a.log"
sql=$("$awl" query --athena 'stats count(*)' "$work/s3")
contains "files tell the type" "$sql" "FROM alb_logs"
contains "and the account" "$sql" "'projection.account.values' = '210987654321'"
contains "and the region" "$sql" "'projection.region.values' = 'eu-north-1'"
finish
