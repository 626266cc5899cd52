#!/bin/sh
# Manners: the terminal is left as it was found, whatever ends the program; colours or none.
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || { echo "1..0 # SKIP tmux is not there"; exit 77; }
tmux_socket=awl-term-$$
"$awl" demo --write "$work/logs" --lines 5000 >/dev/null || exit 99

signal() { # NAME: to the program that the shell runs
    pkill "-$1" -P "$(t display-message -p '#{pane_pid}')"
}
start() { # ENVIRONMENT ARGUMENTS: types the command into the shell
    t send-keys "clear; $1 '$awl' $2 '$work/logs'; echo left-\$?; stty -a | sed -n 's/^.* \(-*echo\) .*/tty:\1/p'" Enter
}

ulimit -c 0 # no core file of what is aborted on purpose
t -f /dev/null new-session -d -x 80 -y 24 "env PS1='$ ' LC_ALL=C.UTF-8 TZ=UTC sh"
for how in Q q TERM HUP ABRT; do
    start "" ""
    sees "$how: it opens" "F1 help"
    case $how in
    Q | q) t send-keys "$how" ;;
    *) signal "$how" ;;
    esac
    sees "$how: the shell is back" "left-"
    sees "$how: and echoes" "tty:echo"
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
