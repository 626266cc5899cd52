#!/bin/sh
# layering.sh - one way only: tui/main -> tui/term -> tui/{views,cell,...} -> core.
#
# The core includes nothing of the screen, reads no environment, prints nothing and never leaves
# the program (bug_at and failed allocations excepted); only tui/term_ncurses.c knows curses.
# Checked twice: in what the sources include, and in what the libraries leave undefined.
set -u
src=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
build=${builddir:-$src}
failed=0

# none NAME LINES: no lines must be left
none() {
    if [ -z "$2" ]; then
        echo "ok   $1"
    else
        echo "FAIL $1"
        printf '%s\n' "$2" | head -20
        failed=1
    fi
}

# includes FOLDER...: "file:header" of every #include
includes() {
    find "$@" -name '*.[ch]' -o -name '*.def' | LC_ALL=C sort | xargs sed -n \
        's/^[ \t]*#[ \t]*include[ \t]*[<"]\([^>"]*\)[>"].*/\1/;T;F;p' | paste -d: - - |
        sed "s|^$src/||"
}

# undefined LIBRARY: "object:symbol" of all it needs from elsewhere
undefined() {
    nm -A -u "$build/$1" 2>/dev/null | sed 's/^[^:]*:\([^:]*\): *U */\1:/; s/@.*//'
}

core=$(includes "$src/core")
tui=$(includes "$src/tui")
[ -n "$core" ] && [ -n "$tui" ] || { echo "FAIL no includes found in $src"; exit 99; }

tui_headers=$(cd "$src/tui" && find . -name '*.h' -exec basename {} \; | LC_ALL=C sort -u)
none "the core includes no header of the screen" "$(
    for h in $tui_headers; do
        [ -f "$src/core/$h" ] || printf '%s\n' "$core" | grep -F ":$h"
    done
    printf '%s\n' "$core" | grep 'tui/'
)"
curses=':\(ncursesw/\|ncurses/\)\{0,1\}\(n\{0,1\}curses\|term\|termcap\|panel\|menu\|form\)\.h$'
none "the core includes no curses" "$(printf '%s\n' "$core" | grep "$curses")"
none "only tui/term_ncurses.c includes curses" "$(
    printf '%s\n' "$tui" | grep "$curses" |
        grep -v -e '^tui/term_ncurses.c:' -e ':term\.h$')"
none "only tui/term_ncurses.c includes the system's <term.h>" "$(
    grep -l '^ *# *include *<term\.h>' -r "$src/tui" --include='*.[ch]' |
        grep -v 'tui/term_ncurses\.c$')"

if [ -f "$build/libawlcore.a" ] && [ -f "$build/libawlui.a" ] && command -v nm >/dev/null; then
    core_u=$(undefined libawlcore.a)
    ui_u=$(undefined libawlui.a)
    [ -n "$core_u" ] && [ -n "$ui_u" ] || { echo "FAIL nm says nothing"; exit 99; }
    curses_symbol=':\(initscr\|newterm\|endwin\|stdscr\|curscr\|doupdate\|start_color\|curs_set\|keypad\|cbreak\|alloc_pair\|init_\(extended_\)\{0,1\}pair\|setupterm\|tput[s]*\|tigetstr\|tigetnum\|tigetflag\|tparm\|tgetent\|w\(add\|move\|get\|attr\|refresh\|clrto\|erase\|bkgd\|noutrefresh\).*\|mvw.*\)$'
    none "no curses in libawlcore.a and libawlui.a" "$(
        printf '%s\n%s\n' "$core_u" "$ui_u" | grep "$curses_symbol")"
    none "the core prints nothing to standard output" "$(
        printf '%s\n' "$core_u" | grep -e ':stdout$' -e ':\(__\)\{0,1\}v\{0,1\}printf\(_chk\)\{0,1\}$' \
            -e ':puts$' -e ':putchar$' -e ':perror$')"
    none "only a bug and a lack of memory reach standard error" "$(
        printf '%s\n' "$core_u" | grep ':stderr$' | grep -v -e 'base\.o' -e 'xalloc\.o')"
    none "the core never leaves the program" "$(
        printf '%s\n' "$core_u" | grep -e ':_\{0,1\}_\{0,1\}exit$' -e ':_Exit$' -e ':quick_exit$'
        printf '%s\n' "$core_u" | grep ':abort$' | grep -v -e 'base\.o' -e 'xalloc\.o')"
    none "the core reads no environment" "$(
        printf '%s\n' "$core_u" | grep -e ':\(secure_\)\{0,1\}getenv$' -e ':environ$')"
else
    echo "skip the libraries are not built here"
fi
exit $failed
