#!/bin/sh
# yv: the command that a view copies gives what the view shows.
. "$(dirname "$0")/lib.sh"

"$awl" demo --write "$work/logs" --lines 20000 >/dev/null || exit 99
cd "$work" || exit 99
PATH=$(dirname "$awl"):$PATH

# play ORDERS: the text of the last screen in $work/text, what yv copied in $work/command
play() {
    { echo idle; printf '%s\nidle\n' "$@"; echo "snap it"; echo "press y v"; echo copied; } >"$work/keys"
    "$awl" --script "$work/keys" --size 200x60 --now 2026-03-15T00:00:00Z logs >"$work/played" 2>&1
    awk '/^== text/ { on = 1; next } /^== roles/ { on = 0 } on' "$work/played" | sed 's/│//g; s/\([0-9]\),\([0-9]\)/\1\2/g' >"$work/text"
    awk 'on { print } /^=== copied/ { on = 1 }' "$work/played" >"$work/command"
}
# copied: what the command prints, without its head
copied() { (eval "$(cat "$work/command") $*") 2>"$work/stderr" | tail -n +2; }

play "press f" "type @logtype=alb and status=503" "press Enter"
equal "records: as many as the header says" "$(copied -o tsv | wc -l | tr -d ' ')" \
    "$(sed -n 's/.* \([0-9]*\) of 20k *$/\1/p' "$work/text")"

play "press v 2"
equal "errors: status pair, target and count" \
    "$(copied -o tsv | awk -F'\t' '{ print $2 "/" ($3 == "" ? "-" : $3 == 0 ? "000" : $3), $4 == "" ? "-" : $4, $6 }' | sort)" \
    "$(awk '{ for (i = 1; i < NF; i++) if ($i ~ /^5[0-9][0-9]\/[0-9-]+$/) print $i, $(i + 1), $(i + 2) }' "$work/text" | sort)"

play "press v 3"
# 100 rows of the table fit the screen: 49 are in sight
edges() { awk '$1 ~ /^[A-Z][A-Z][A-Z][0-9]+-[PC][0-9]+$/ { print $1 }' "$work/text"; }
equal "edges: in this order" "$(copied -o tsv | cut -f 1 | head -n "$(edges | wc -l)")" "$(edges)"
play "press v 3" "press s s"
equal "edges: by 5xx, the worst first" "$(copied -o tsv | cut -f 1 | head -n 1)" "$(edges | head -n 1)"
play "press v 3" "press Enter"
equal "edges: result types of one" "$(copied -o tsv | awk '{ print $1, $2 }')" \
    "$(awk '$1 ~ /^[A-Z][A-Za-z]+$/ && $2 ~ /^[0-9]+$/ && NF >= 3 && $3 ~ /[.]/ { print $1, $2 }' "$work/text")"

play "press v 6"
equal "invocations: the longest first" \
    "$(copied -o tsv | cut -f 2 | head -n 5)" \
    "$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]\{27\}' "$work/text" | awk '!seen[$0]++' | head -n 5)"

play "press v 8"
equal "sources: the same command" "$(cat "$work/command")" "awl sources 'logs'"

mkdir "$work/bad"
printf '%s\n' '2 111122223333 eni-01 10.0.0.1 10.0.0.2 50000 443 6 1 60 1700000000 1700000060 ACCEPT OK' \
    '2 111122223333 eni-01 10.0.0.1' 'rubbish' >"$work/bad/flows"
printf 'idle\npress v 8\nidle\npress j\npress k\nidle\nsnap one\npress Enter\nidle\nsnap two\npress Backspace\nidle\nsnap three\n' >"$work/keys"
"$awl" --script "$work/keys" --size 120x24 "$work/bad" >"$work/played" 2>&1
screen() { awk -v name="=== $1" '/^===/ { on = $0 == name } /^== roles/ { on = 0 } on' "$work/played"; }
contains "sources: why lines did not parse" "$(screen one)" "not parsed: 1 too few fields, 1 no field list"
equal "Enter shows them" "$(screen two | grep -c -e 'eni-01 10.0.0.1 *?' -e 'rubbish *?')" 2
contains "each with its reason" "$(screen two)" "not parsed: no field list says what the columns are: 2 111122223333"
contains "all of the file are a step back" "$(screen three)" "10.0.0.2"
printf '{"time":"2024-05-02T03:04:05.%sZ"}\n' 250 700 >"$work/bad/close"
printf 'idle\nsnap one\n' >"$work/keys"
"$awl" --script "$work/keys" --size 120x40 "$work/bad/close" >"$work/played" 2>&1
equal "bars of milliseconds have such times below them" \
    "$(screen one | grep '▴' | grep -o '03:04:05\.[0-9]*' | sort -u | wc -l)" 5

play "press f" "type @logtype=alb" "press Enter" "press :" \
    "type stats count(*) as n, sum(sent_bytes) as bytes by path | limit 7" "press Enter" "press l s"
equal "result: rows, columns and the order chosen on the screen" \
    "$(copied -o tsv | awk '{ print $1, $2, $3 }')" \
    "$(awk '$1 ~ /^\// && $3 ~ /^[0-9]+$/ { print $1, $2, $3 }' "$work/text")"
play "press :" "type status=5xx | pattern @message" "press Enter"
equal "result: patterns" "$(copied -o tsv | awk -F'\t' '{ print $3 }' | head -n 20)" \
    "$(sed -n 's/.* [0-9.]*  *\([0-9]*\)  \(Info\|Warning\|Error\).*/\1/p' "$work/text" | head -n 20)"
finish
