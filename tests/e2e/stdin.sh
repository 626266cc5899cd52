#!/bin/sh
# Standard input: pipes, gzip, a slow and an endless writer, an interrupt, nothing at all.
. "$(dirname "$0")/lib.sh"

"$awl" demo --write "$work/one" --single --lines 20000 >/dev/null || exit 99
alb=$work/one/alb.log
lines=$(wc -l <"$alb" | tr -d ' ')

equal "a pipe gives every line" "$(cat "$alb" | count '' -)" "$lines"
equal "byte for byte" "$(cat "$alb" | "$awl" query '' --no-sort -o raw - | cksum)" "$(cksum <"$alb")"
equal "a file as standard input" "$(count '' - <"$alb")" "$lines"
for type in cloudfront vpcflow s3access nlb clb; do
    equal "the type is found in the text: $type" "$(count "@logtype=$type" - <"$work/one/$type.log")" \
        "$(count "@logtype=$type" "$work/one/$type.log")"
done
equal "in small pieces" \
    "$(head -n 200 "$alb" | { while IFS= read -r line; do printf '%s\n' "$line"; done; } | count '' -)" 200
equal "a line in halves is one" \
    "$({ head -c 100 "$alb"; sleep 0.2; tail -c +101 "$alb" | head -n 1; } | count '' -)" 1
equal "without a newline at the end" "$(head -c -1 "$alb" | count '' -)" "$lines"
equal "gzip" "$(gzip -c "$alb" | count 'elb_status_code=504' -)" "$(count 'elb_status_code=504' "$alb")"
equal "two gzip members" "$({ gzip -c "$alb"; gzip -c "$alb"; } | count '' -)" $((2 * lines))
if command -v zstd >/dev/null && zstd -qc "$alb" >"$work/zst" && ! count '' "$work/zst" 2>&1 | grep -q 'built without'; then
    equal "zstd" "$(count 'elb_status_code=504' - <"$work/zst")" "$(count 'elb_status_code=504' "$alb")"
fi
printf '{"awslogs":{"data":"%s"}}' "$(printf '{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1700000000000,"message":"END RequestId: a"}]}' | gzip -c | base64 | tr -d '\n')" >"$work/event"
equal "a packed payload" "$(count '@logtype=lambda' - <"$work/event")" 1
gzip -c "$alb" | head -c 200000 | "$awl" query '' -o raw - >"$work/part" 2>"$work/stderr"
equal "a cut gzip: the lines before the cut" "$(sed '$d' "$work/part" | cksum)" \
    "$(head -n $(($(wc -l <"$work/part") - 1)) "$alb" | cksum)"
contains "the damage is told" "$(cat "$work/stderr")" "damaged gzip"
equal "beside a file" "$(count '' - "$work/one/clb.log" <"$alb")" \
    $((lines + $(wc -l <"$work/one/clb.log")))
exits "nothing at all" 1 "$awl" query '' -
equal "without a path the current folder is read" "$(cd "$work/one" && count '@logtype=alb' </dev/null)" "$lines"
equal "-- ends the options" "$(cp "$alb" "$work/-o" && cd "$work" && count '' -- -o)" "$lines"

# An interrupt ends the reading; the answer is of what came until then.
mkfifo "$work/pipe"
"$awl" query 'stats count(*) as n' -o tsv - <"$work/pipe" >"$work/stdout" 2>"$work/stderr" &
child=$!
exec 3>"$work/pipe"
head -n 1000 "$alb" >&3
sleep 2 # time to read them, also on a slow machine
kill -INT $child
wait $child
equal "an interrupt gives 130" "$?" 130
exec 3>&-
equal "what was read is counted" "$(tail -n 1 "$work/stdout")" 1000
contains "a word about it" "$(cat "$work/stderr")" "stopped reading"
finish
