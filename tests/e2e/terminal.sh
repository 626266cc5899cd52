#!/bin/sh
# Manners: the terminal is left as it was found, whatever ends the program; colours or none.
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || { echo "1..0 # SKIP tmux is not there"; exit 77; }
tmux_socket=awl-term-$$
"$awl" demo --write "$work/logs" --lines 5000 >/dev/null || exit 99

t() { tmux -L "$tmux_socket" "$@"; }
screen() { t capture-pane -p; }
wait_for() {
    i=0
    while [ $i -lt 100 ]; do
        case $(screen) in *"$1"*) return 0 ;; esac
        sleep 0.1
        i=$((i + 1))
    done
    return 1
}
sees() { if wait_for "$2"; then pass "$1"; else fail "$1" "no '$2' on the screen:" "$(screen)"; fi; }
start() { # ENVIRONMENT ARGUMENTS: types the command into the shell
    t send-keys "clear; $1 '$awl' $2 '$work/logs'; echo left-\$?; stty -a | grep -o '[-]*echo ' | head -n 1" Enter
}

t -f /dev/null new-session -d -x 80 -y 24 "env PS1='$ ' LC_ALL=C.UTF-8 TZ=UTC sh"
for how in Q TERM INT-twice ABRT; do
    start "" ""
    sees "$how: it opens" "F1 help"
    case $how in
    Q) t send-keys Q ;;
    TERM) pkill -TERM -f "^$awl $work/logs" ;;
    ABRT) pkill -ABRT -f "^$awl $work/logs" ;;
    INT-twice) t send-keys q ;;
    esac
    sees "$how: the shell is back" "left-"
    sees "$how: and echoes" "echo"
    case $(screen) in
    *"F1 help"*) fail "$how: the screen is as before" "$(screen)" ;;
    *) pass "$how: the screen is as before" ;;
    esac
done
start "" ""
sees "80x24" "F1 help"
t resize-window -x 120 -y 40
sees "resized to 120x40" "fields"
t resize-window -x 30 -y 8
sees "too small says so" "awl needs 40x10"
t resize-window -x 200 -y 60
sees "resized to 200x60" "fields"
t send-keys Q
sees "left" "left-0"
for env in NO_COLOR=1 TERM=vt100 TERM=screen LC_ALL=C; do
    start "$env" ""
    sees "$env" "help"
    if [ $env = NO_COLOR=1 ]; then
        equal "NO_COLOR: no colour is written" "$(t capture-pane -pe | grep -c "$(printf '\033')\[[34][0-7]m")" 0
    fi
    t send-keys Q
    sees "$env: left" "left-0"
done
exits "no terminal at all: an error, no crash" 2 "$awl" "$work/logs"
finish
