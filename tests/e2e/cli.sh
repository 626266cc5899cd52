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
contains "a caret stands below" "$(cat "$work/stderr")" "^^^"
exits "a missing file gives 2" 2 "$awl" query '' "$work/none.log"
contains "the file is named" "$(cat "$work/stderr")" "none.log"
exits "others are read all the same" 0 "$awl" query '' "$work/none.log" "$alb"
exits "an unknown option gives 2" 2 "$awl" --no-such-option
exits "an option of another command gives 2" 2 "$awl" query '' --live "$alb"
exits "--help" 0 "$awl" --help
exits "--version" 0 "$awl" --version
exits "query --help" 0 "$awl" query --help
exits "options may follow paths" 0 "$awl" query '' "$alb" -o json
exits "an unknown command is supported by no one" 2 "$awl" query 'pattern @message' "$alb"
contains "it says so" "$(cat "$work/stderr")" "not supported"
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
{ head -n 3 "$alb"; head -c 67108864 /dev/zero | tr '\0' x; echo; head -n 2 "$alb"; } >"$work/long.log"
equal "a line of 64 MB" "$(count '' "$work/long.log")" 6
mkdir "$work/dir"
exits "a folder without files" 2 "$awl" query '' "$work/dir"
exits "sources" 0 "$awl" sources "$work/logs" -o json
equal "sources: one row a file" "$(wc -l <"$work/stdout" | tr -d ' ')" "$(find "$work/logs" -type f | wc -l | tr -d ' ')"
name=$(printf 'esc\033[31m.log')
cp "$alb" "$work/$name"
"$awl" sources "$work/$name" >"$work/table"
equal "a file name is shown, not obeyed" "$(LC_ALL=C tr -d '\012\040-\176' <"$work/table" | wc -c | tr -d ' ')" 0
finish
