#!/bin/sh
# Zip archives: every file in one is a source of its own type, and a bad one harms no other.
. "$(dirname "$0")/lib.sh"

le() { # NUMBER BYTES: little endian
    n=$1 i=$2
    while [ "$i" -gt 0 ]; do
        printf "\\$(printf %03o $((n % 256)))"
        n=$((n / 256))
        i=$((i - 1))
    done
}
size_of() { wc -c <"$1" | tr -d ' '; }

# add FILE NAME [FLAGS]: to $zip, deflated; its directory entry goes to $dir
add() {
    off=$(size_of "$zip")
    gzip -nc "$1" >"$work/gz"
    packed=$(($(size_of "$work/gz") - 18)) # between header and trailer
    tail -c 8 "$work/gz" >"$work/trailer"  # checksum and size
    {
        le 20 2
        le "${3:-0}" 2
        le 8 2
        le 0 4
        head -c 4 "$work/trailer"
        le $packed 4
        tail -c 4 "$work/trailer"
        le ${#2} 2
        le 0 2
    } >"$work/common"
    { printf 'PK\003\004'; cat "$work/common"; printf %s "$2"; } >>"$zip"
    tail -c +11 "$work/gz" | head -c $packed >>"$zip"
    { printf 'PK\001\002'; le 20 2; cat "$work/common"; le 0 10; le "$off" 4; printf %s "$2"; } >>"$dir"
}
begin() { zip=$1 dir=$work/dir; : >"$zip" && : >"$dir"; }
end() {
    at=$(size_of "$zip")
    cat "$dir" >>"$zip"
    { printf 'PK\005\006'; le 0 8; le "$(size_of "$dir")" 4; le "$at" 4; le 0 2; } >>"$zip"
}
column() { # NAME of `awl sources`, for the files of a zip in order of their names
    "$awl" sources "$work/logs.zip" -o json 2>/dev/null | sort | sed "s/.*\"$1\":\"\{0,1\}\([^,\"]*\).*/\1/" | tr '\n' ' '
}

printf '%s\n' 'once upon a time' >"$work/tale"
printf '2 123456789012 eni-0a1b2c3d 10.0.0.1 10.0.0.2 %s 443 6 1 100 1700000000 1700000009 ACCEPT OK\n' 1 2 3 >"$work/flow"
printf 'START RequestId: 00000000-0000-4000-8000-000000000001 Version: 1\nEND RequestId: 00000000-0000-4000-8000-000000000001' >"$work/lambda"
printf '{"Records":[{"eventVersion":"1.08","eventTime":"2024-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","eventID":"1"}]}' >"$work/trail"
gzip -c "$work/flow" >"$work/flow.gz"

begin "$work/logs.zip"
add "$work/lambda" a/lambda.log
add "$work/flow" AWSLogs/210987654321/vpcflowlogs/eu-west-1/2024/01/02/b.log
add "$work/trail" c.json
add "$work/flow.gz" d.log.gz
add "$work/tale" .hidden
end
equal "each file has its type" "$(column type)" "vpcflow lambda cloudtrail vpcflow "
equal "no record is lost, and none counted twice" "$(column records)" "3 2 1 3 "
equal "and none is unparsed" "$(column unparsed)" "0 0 0 0 "
equal "the name within tells the origin" "$(count "@account='210987654321' @region='eu-west-1'" "$work/logs.zip")" 3
equal "the names are those within the archive" \
    "$(cd "$work" && "$awl" query 'dstport=443 | stats count(*) by @file' -o tsv logs.zip | tail -n +2 | sort | tr '\t\n' '  ')" \
    "logs.zip/AWSLogs/210987654321/vpcflowlogs/eu-west-1/2024/01/02/b.log 3 logs.zip/d.log.gz 3 "
equal "a second time it is the same" "$(count '' "$work/logs.zip")" 9

piped() { # NAME of `awl sources`, as column() but of the archive over a pipe
    cat "$work/logs.zip" | "$awl" sources - -o json 2>/dev/null | sort | sed "s/.*\"$1\":\"\{0,1\}\([^,\"]*\).*/\1/" | tr '\n' ' '
}
equal "over a pipe an archive is the same" "$(piped records)" "3 2 1 3 "
equal "with types of its files" "$(piped type)" "vpcflow lambda cloudtrail vpcflow "
equal "and their origins" \
    "$(cat "$work/logs.zip" | "$awl" query "@account='210987654321' | stats count(*) as n by @file" -o tsv - | tail -n 1)" \
    "-/AWSLogs/210987654321/vpcflowlogs/eu-west-1/2024/01/02/b.log	3"
head -c 300 "$work/logs.zip" | "$awl" query '' - 2>"$work/stderr"
contains "one that is cut is told" "$(cat "$work/stderr")" "awl: -: damaged zip: no directory at its end"
contains "and listed" "$(head -c 300 "$work/logs.zip" | "$awl" sources -o csv - 2>/dev/null)" "damaged zip: no directory at its end"
{ printf 'PK\003\004'; yes; } | "$awl" query '' --memory 64M - >/dev/null 2>"$work/stderr"
contains "one without end ends at the limit of memory" "$(cat "$work/stderr")" "the limit of memory, --memory=64M, is reached"

begin "$work/bad.zip"
add "$work/flow" a.log
add "$work/flow" secret.log 1
add "$work/flow" broken.log
add "$work/logs.zip" inner.zip
add "$work/flow" z.log
broken=$(grep -abo 'broken.log' "$zip" | head -n 1 | cut -d: -f1)
end
printf '\377\377\377' | dd of="$zip" bs=1 seek=$((broken + 10)) conv=notrunc 2>/dev/null
"$awl" query '' -o raw "$work/bad.zip" >"$work/stdout" 2>"$work/stderr"
equal "files beside bad ones are read" "$(wc -l <"$work/stdout" | tr -d ' ')" 6
contains "an encrypted one is named" "$(cat "$work/stderr")" "bad.zip/secret.log: is encrypted"
contains "a broken one" "$(cat "$work/stderr")" "bad.zip/broken.log: damaged zip"
contains "an archive in it" "$(cat "$work/stderr")" "bad.zip/inner.zip: is an archive in an archive"
head -c 300 "$work/logs.zip" >"$work/cut.zip"
"$awl" query '' "$work/cut.zip" 2>"$work/stderr"
contains "a cut archive is named" "$(cat "$work/stderr")" "cut.zip: damaged zip: no directory at its end"

# what unpacks to far more than it is
begin "$work/bomb.zip"
yes 'a line of a bomb' | head -c 300000000 >"$work/big"
add "$work/flow" a.log
add "$work/big" bomb.log
end
rm "$work/big"
"$awl" query '' -o raw --memory 64M "$work/bomb.zip" >/dev/null 2>"$work/stderr"
contains "a bomb ends at the limit of memory" "$(cat "$work/stderr")" "the limit of memory, --memory=64M, is reached"
finish
