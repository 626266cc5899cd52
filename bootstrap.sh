#!/bin/sh
# Sets awl up on Debian or Ubuntu: installs what is missing, configures, builds.
#   ./bootstrap.sh          set up and build
#   ./bootstrap.sh demo     ... and open the demo incident
#   ./bootstrap.sh check    ... and run every test
# Run again it does only what is out of date.
set -eu
cd "$(dirname "$0")"

packages="gcc make autoconf automake pkg-config libncurses-dev zlib1g-dev libpcre2-dev \
libdeflate-dev libxxhash-dev libzstd-dev libcmocka-dev scdoc"
check_packages="tmux gawk ncurses-base"

say() { printf '%s\n' "bootstrap: $*" >&2; }

missing() {
    for p in $1; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s ' "$p"
    done
}

install_packages() {
    need=$(missing "$1")
    [ -n "$need" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=sudo
    else
        say "these packages are missing; install them and run this again:"
        printf '    sudo apt-get install %s\n' "$need" >&2
        exit 1
    fi
    say "installing $need"
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $need >/dev/null 2>&1 || {
        $as_root apt-get update -qq
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $need >/dev/null
    }
}

setup() {
    if command -v dpkg-query >/dev/null; then
        install_packages "$packages"
    else
        say "this is no Debian or Ubuntu; I go on with what is installed"
    fi
    # make itself runs autoconf, automake and configure again where their inputs are newer
    if [ ! -x configure ] || [ ! -f Makefile.in ]; then
        say "making configure"
        autoreconf -i >/dev/null 2>&1 || autoreconf -i
    fi
    [ -f Makefile ] || ./configure -q
    make -s -j"$(getconf _NPROCESSORS_ONLN)"
}

case "${1-}" in
"")
    setup
    say "built ./awl; try ./awl demo"
    ;;
demo)
    setup
    shift
    exec ./awl demo "$@"
    ;;
check)
    setup
    if command -v dpkg-query >/dev/null; then
        install_packages "$check_packages"
    fi
    exec make -s -j"$(getconf _NPROCESSORS_ONLN)" check
    ;;
*)
    say "usage: ./bootstrap.sh [demo|check]"
    exit 2
    ;;
esac
