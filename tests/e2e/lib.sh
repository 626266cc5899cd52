# lib.sh - what the end-to-end tests share: a work folder, demo data, and checks that are counted.
set -u
awl=${AWL:-$(cd "$(dirname "$0")/../.." && pwd)/awl}
export TZ=UTC LC_ALL=C.UTF-8
unset NO_COLOR XDG_CONFIG_HOME COLORTERM 2>/dev/null || :
work=$(mktemp -d) || exit 99
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME
trap 'cleanup' EXIT
trap 'exit 99' INT TERM
checks=0 failures=0

cleanup() {
    [ -z "${tmux_socket-}" ] || tmux -L "$tmux_socket" kill-server 2>/dev/null
    rm -rf "$work"
}

pass() { checks=$((checks + 1)); echo "ok $checks - $1"; }

fail() {
    checks=$((checks + 1))
    failures=$((failures + 1))
    echo "not ok $checks - $1"
    shift
    for line; do printf '    %s\n' "$line"; done
}

# equal NAME GOT WANTED
equal() {
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2" "wanted: $3"; fi
}

# contains NAME TEXT PART
contains() {
    case $2 in *"$3"*) pass "$1" ;; *) fail "$1" "got:    $2" "wanted: ...$3..." ;; esac
}

# exits NAME CODE COMMAND...
exits() {
    what=$1 code=$2
    shift 2
    "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
    equal "$what" "exit $?" "exit $code"
}

# count QUERY PATH...: the number of matching records
count() {
    q=$1
    shift
    "$awl" query "${q:+$q | }stats count(*) as n" -o tsv "$@" 2>/dev/null | tail -n 1
}

# --- a program on a screen: set tmux_socket first ---
t() { tmux -L "$tmux_socket" "$@"; }
screen() { t capture-pane -p; }

# sees NAME TEXT: waits for the text; a minute, for a busy machine stands still for seconds
sees() {
    deadline=$(($(date +%s) + 60))
    while :; do
        seen=$(screen)
        case $seen in *"$2"*) pass "$1"; return ;; esac
        [ "$(date +%s)" -lt "$deadline" ] || break
        sleep 0.1
    done
    fail "$1" "no '$2' on the screen:" "$seen"
}

finish() {
    echo "1..$checks"
    [ "$failures" -eq 0 ] || exit 1
    exit 0
}
