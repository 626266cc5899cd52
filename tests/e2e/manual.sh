#!/bin/sh
# Every example of the manuals runs on the demo's logs and has rows; every word of the language is in
# awl-query(7).
. "${srcdir:-.}/tests/e2e/lib.sh"
src=${srcdir:-.}
manual=$src/docs/awl-query.7.scd

"$awl" demo --write "$work/logs" --lines 20000 >/dev/null || exit 99
sed -n '/^```$/,/^```$/p' "$manual" "$src/docs/awl.1.scd" | grep '^awl query' >"$work/examples"
[ "$(grep -c . "$work/examples")" -ge 40 ] && pass "forty examples" || fail "forty examples"
cd "$work" || exit 99
while IFS= read -r example; do
    (eval "\"\$awl\"${example#awl}") >"$work/out" 2>"$work/err" </dev/null
    equal "$example" "exit $?" "exit 0"
done <"$work/examples"
cd - >/dev/null || exit 99
for word in $(sed -n 's/^ *{"\([A-Za-z0-9_]*\)", [0-9].*/\1/p' "$src"/core/expr_funcs*.c) \
    $(sed -n '/^static const struct {$/,/^} commands/p; /^} commands/,/^};/p' "$src/core/expr_commands.c" |
        grep -o '{"[A-Za-z]*", cmd_' | cut -d'"' -f 2); do
    if grep -qw "$word" "$manual"; then pass "$word"; else fail "$word is not in the manual"; fi
done
finish
