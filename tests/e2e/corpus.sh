#!/bin/sh
# corpus.sh - no line of sample logs that others wrote is lost: records + header lines = lines that
# are not blank, or events of JSON documents as jq counts them. Skipped where there are no samples.
. "${srcdir:-.}/tests/e2e/lib.sh"

corpus=${AWL_SHARED:-$srcdir/../shared}/corpus
if [ ! -d "$corpus" ]; then
    echo "ok 1 # SKIP no sample logs in $corpus"
    echo "1..1"
    exit 0
fi

# lines FILE: what is in it, unpacked
lines() {
    case $1 in *.gz) zcat "$1" ;; *) cat "$1" ;; esac |
        if grep -q '"awslogs"' "$1"; then jq -r .awslogs.data | base64 -d | zcat; else cat; fi
}

events='[inputs | if type == "array" then .[] else . end
    | if type == "object" and (.Records | type) == "array" then .Records[]
      elif type == "object" and (.logEvents | type) == "array" then .logEvents[]
      else . end] | length'

for file in "$corpus"/*/*; do
    case $file in
    *.tsv | *-expected.json | */LICENSES/*) continue ;;
    esac
    got=$("$awl" sources -o json "$file" 2>/dev/null |
        sed 's/.*"records":\([0-9]*\).*"headers":\([0-9]*\).*/\1 \2/' | awk '{ print $1 + $2 }')
    first=$(lines "$file" | tr -d ' \t\r\n' | head -c 1)
    case $first in
    '{' | '[')
        command -v jq >/dev/null || continue
        want=$(lines "$file" | jq -n "$events" 2>/dev/null) || want=
        [ -n "$want" ] || want=$(lines "$file" | grep -c .) # no JSON for jq: as lines
        ;;
    *) want=$(lines "$file" | tr -d '\r' | grep -c .) ;;
    esac
    [ "$got" = "$want" ] || fail "${file#"$corpus"/}" "got:    $got" "wanted: $want"
    [ "$got" != "$want" ] || pass "${file#"$corpus"/}"
done
finish
