#!/bin/sh
# The index: whatever happened to the logs or to itself, answers are those of a fresh reading.
. "$(dirname "$0")/lib.sh"
cache=$XDG_CACHE_HOME/awl

all() { "$awl" query '' -o json "$@" 2>"$work/stderr"; } # every record with all of its fields
same() { # NAME PATH...: once to bring the index up to date, once from it, once without
    what=$1
    shift
    all --no-cache "$@" >"$work/fresh"
    all "$@" >"$work/first"
    all "$@" >"$work/second"
    if cmp -s "$work/fresh" "$work/first"; then pass "$what"; else
        fail "$what" "$(diff "$work/fresh" "$work/first" | head -n 4)"
    fi
    if cmp -s "$work/fresh" "$work/second"; then pass "$what, from the index"; else
        fail "$what, from the index" "$(diff "$work/fresh" "$work/second" | head -n 4)"
    fi
    [ -s "$work/fresh" ] || fail "$what: there are records" "none"
}
index_of() { "$awl" index -o tsv | awk -F'\t' -v f="$1" '$1 == f { print $4 }'; }
alb() { # N: a load balancer line with N in its path
    printf 'http 2026-03-14T13:%02d:07.123456Z app/web/1 198.51.100.7:4711 10.0.3.4:80 0.001 0.024 0.000 200 200 410 2101 "GET http://example.com:80/n/%d HTTP/1.1" "curl/8" - - arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1 "Root=1-5" "-" "-" 0 2026-03-14T13:05:07.000000Z "forward" "-" "-" "10.0.3.4:80" "200" "-" "-"\n' $(($1 % 60)) "$1"
}

"$awl" demo --write "$work/logs" --lines 6000 >/dev/null || exit 99
logs=$(cd "$work/logs" && pwd -P)
same "a tree of all logs" "$logs"
equal "sources, too" "$("$awl" sources "$logs" | md5sum)" "$("$awl" sources --no-cache "$logs" | md5sum)"
equal "the folder is for its owner alone" "$(stat -c %a "$cache")" 700
equal "and so is the index" "$(stat -c %a "$(index_of "$logs")")" 600
if command -v strace >/dev/null; then
    strace -f -e trace=open,openat,openat2 -o "$work/trace" "$awl" query 'stats count(*)' "$logs" >/dev/null 2>&1
    if [ -s "$work/trace" ] && grep -q '\.idx' "$work/trace"; then
        equal "no log is opened the second time" "$(grep -c -e '\.gz"' -e '\.log"' "$work/trace")" 0
    else
        echo "skip no log is opened the second time: strace cannot trace here"
    fi
else
    echo "skip no log is opened the second time: strace is not there"
fi

# --- what happens to files ---
mkdir "$work/f"
f=$(cd "$work/f" && pwd -P)
i=0
while [ $i -lt 40 ]; do alb $i; i=$((i + 1)); done >"$f/a.log"
cp "$f/a.log" "$f/b.log"
same "two files" "$f"
same "one of them by its name" "$f/a.log"
{ alb 40; alb 41; } >>"$f/a.log"
same "a file that has grown" "$f"
alb 42 | tr -d '\n' >>"$f/a.log"
same "grown by an unfinished line" "$f"
printf '\n' >>"$f/a.log"
alb 43 >>"$f/a.log"
same "which was finished, and one more" "$f"
touch -r "$f/b.log" "$work/stamp"
sed 's,/n/7 ,/x/7 ,' "$f/b.log" >"$work/b" && cat "$work/b" >"$f/b.log"
touch -r "$work/stamp" "$f/b.log"
same "changed, of the same size and time" "$f"
head -n 5 "$f/b.log" >"$work/b" && cat "$work/b" >"$f/b.log"
same "cut" "$f"
alb 50 >"$f/c.log"
gzip -c "$f/a.log" >"$f/d.log.gz"
same "new files" "$f"
mv "$f/a.log" "$f/a.log.1"
alb 51 >"$f/a.log"
same "renamed, and created anew" "$f"
rm "$f/c.log"
same "deleted" "$f"
equal "and forgotten" "$("$awl" query 'path=/n/50' "$f" | grep -c .)" 0
same "two folders" "$f" "$logs"
same "the other way round" "$logs" "$f"
same "on one core" -j1 "$logs"
mkdir -p "$work/config/awl/formats"
cp "$f/a.log" "$work/before"
XDG_CONFIG_HOME=$work/config
export XDG_CONFIG_HOME
printf '[format]\nname = mine\n[fields]\n' >"$work/config/awl/formats/mine.ini"
same "with another set of formats" "$f"
unset XDG_CONFIG_HOME
same "and without it" "$f"

# --- what happens to the index ---
i=$(index_of "$logs")
cp "$i" "$work/good"
size=$(stat -c %s "$i")
all --no-cache "$logs" >"$work/fresh"
wrong=0 n=0
for at in 0 9 20 40 70 90 130 150 300 4000 8192 8200 9000 $((size / 4)) $((size / 3)) $((size / 2)) \
    $((size * 2 / 3)) $((size * 7 / 8)) $((size - 3000)) $((size - 200)) $((size - 9)); do
    cp "$work/good" "$i"
    byte=$(od -An -tu1 -j $at -N 1 "$i" | tr -d ' ')
    printf "\\$(printf %03o $((byte ^ 16)))" | dd of="$i" bs=1 seek=$at conv=notrunc 2>/dev/null
    all "$logs" >"$work/got"
    n=$((n + 1))
    cmp -s "$work/fresh" "$work/got" || wrong=$((wrong + 1))
done
equal "a flipped byte costs a rebuild: $n places" $wrong 0
wrong=0 n=0
for at in 0 1 63 64 200 8191 8192 9000 $((size / 2)) $((size - 4096)) $((size - 1)); do
    head -c $at "$work/good" >"$i"
    all "$logs" >"$work/got"
    n=$((n + 1))
    cmp -s "$work/fresh" "$work/got" || wrong=$((wrong + 1))
done
equal "and so does one that is cut: $n places" $wrong 0
same "afterwards all is well" "$logs"

"$awl" demo --write "$work/large" --single --types alb --lines 60000 >/dev/null || exit 99
"$awl" query 'stats count(*)' --no-cache "$work/large" >"$work/fresh"
wrong=0
for ms in 01 02 04 06 08 10 15 20 30 40; do
    "$awl" query 'stats count(*)' "$work/large" >/dev/null 2>&1 &
    sleep 0.$ms
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    "$awl" query 'stats count(*)' "$work/large" >"$work/got" 2>&1
    cmp -s "$work/fresh" "$work/got" || wrong=$((wrong + 1))
    [ $ms = 15 ] || "$awl" index --purge "$work/large" >/dev/null
done
equal "killed at any moment" $wrong 0
"$awl" index --purge "$work/large" >/dev/null
for k in 1 2 3 4; do "$awl" query 'stats count(*)' "$work/large" >"$work/got$k" 2>&1 & done
wait
equal "four at once" "$(cat "$work"/got[1-4] | sort -u)" "$(sort -u "$work/fresh")"
"$awl" index --purge "$work/large" >/dev/null
(ulimit -f 300 && "$awl" query 'stats count(*)' "$work/large") >"$work/got" 2>&1
equal "no room for the index: the answer all the same" "$(cat "$work/got")" "$(cat "$work/fresh")"
"$awl" query 'stats count(*)' "$work/large" >"$work/got" 2>&1
equal "and when there is room again" "$(cat "$work/got")" "$(cat "$work/fresh")"
equal "nothing is left behind" "$(find "$cache" -name '*.tmp' | wc -l | tr -d ' ')" 0

# --- keeping it small ---
n=$("$awl" index -o tsv | tail -n +2 | wc -l | tr -d ' ')
[ "$n" -ge 3 ] && pass "awl index lists them" || fail "awl index lists them" "$n"
"$awl" query 'stats count(*)' --cache-size 1 "$f" >/dev/null
equal "the longest unused go first" "$("$awl" index -o tsv | awk -F'\t' -v f="$work/large" '$1 == f' | wc -l | tr -d ' ')" 0
"$awl" query 'stats count(*)' "$logs" >/dev/null
"$awl" index --purge "$f" >/dev/null
equal "purge of one folder" "$(index_of "$f")|$([ -n "$(index_of "$logs")" ] && echo there)" "|there"
contains "purge of all" "$("$awl" index --purge)" "removed"
equal "leaves nothing" "$(find "$cache" -type f | wc -l | tr -d ' ')" 0
"$awl" query 'stats count(*)' --no-cache "$logs" >/dev/null
equal "--no-cache keeps nothing" "$(find "$cache" -type f | wc -l | tr -d ' ')" 0
rm -rf "$cache"
printf x >"$cache"
equal "no folder for it: the answer all the same" "$("$awl" query 'stats count(*)' "$work/large" 2>&1)" "$(cat "$work/fresh")"
finish
