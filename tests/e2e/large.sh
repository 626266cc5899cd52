#!/bin/sh
# large.sh - more lines than 2^27 and a file larger than 2^32 bytes, read for real. It takes minutes,
# 6 GB of page cache and 1 GB of disk: only with AWL_LARGE=1. test_large.c has counts beyond 32 bits.
. "${srcdir:-.}/tests/e2e/lib.sh"

if [ -z "${AWL_LARGE-}" ]; then
    echo "skip 2^27 lines, 2^32 bytes: AWL_LARGE=1 runs them"
    exit 77
fi

# --- more than 2^27 lines ---

lines=134300000
{ yes 'a b' | head -n $lines; echo 'the last one'; } >"$work/short.log"
equal "records" "$(count '' "$work/short.log")" $((lines + 1))
equal "the last line is found and knows its number" \
    "$("$awl" query '"last" | fields @line, @message' -o csv "$work/short.log" 2>/dev/null | tail -n 1)" \
    "$((lines + 1)),the last one"
equal "opened again" "$(count '' "$work/short.log")" $((lines + 1))
rm "$work/short.log"

# --- holes: NUL bytes that take no room on disk ---

flow='2 123456789012 eni-0a1b2c3d 10.0.1.5 10.0.2.9 443 50000 6 10 840 1710400000 1710400060 ACCEPT OK'
sparse=$work/sparse.log
for size in 2684354560 5368709120 5368709121; do
    printf '\n%s\n%s\n' "$flow" "$flow" >>"$sparse"
    truncate -s $size "$sparse"
done
printf '\n%s\n' "$flow" >>"$sparse"
equal "real lines at the start, in the middle and at the end" "$(count 'ispresent(srcaddr)' "$sparse")" \
    "$(tr -d '\000' <"$sparse" | grep -c ACCEPT)"
equal "the last one is read whole" \
    "$("$awl" query 'ispresent(srcaddr) | sort @line desc | limit 1 | fields @message' -o csv "$sparse" | tail -n 1)" "$flow"

finish
