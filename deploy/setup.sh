#!/usr/bin/env bash
# All the set-up there is: deploy/setup.sh [tests]. Run it as often as you like; done steps leave stamps and cost nothing.
#   .venv/                     the Python packages (with `tests`: those of requirements-dev.txt too)
#   node_modules/, build/      what the pages are made of (deploy/pages.sh)
#   Debian or Ubuntu packages  only what is missing, with sudo where we are not root
#   ~/.cache/ccenter/asterisk  Asterisk, where the distribution has none from version 20 on; shared by all stacks of a user
# The slow steps run side by side. CC_SETUP_LOG names a file for what they print; shown when one fails.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
wanted=${1:-run}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ccenter
mkdir -p "$cache"
logs=$(mktemp -d)
began=$SECONDS
jobs_running=()

say() { printf '%3d s  %s\n' $((SECONDS - began)) "$*"; }
fail() {
    printf 'ccenter set-up: %s\n' "$*" >&2
    exit 1
}
at_end() {
    status=$?
    for job in "${jobs_running[@]}"; do kill "$job" 2>/dev/null || true; done
    rm -rf "$logs" "$cache/asterisk.$$"
    exit $status
}
trap at_end EXIT
trap 'exit 130' INT TERM

can_install() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# -- Debian packages ----------------------------------------------------------------------------------------------
# opus-tools: recordings become Ogg Opus, two channels, which every browser plays. sip-tester: SIPp, the demo's and the
# tests' callers and phones.
find_python() {
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v $candidate >/dev/null && $candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            command -v $candidate
            return
        fi
    done
    fail "Python 3.11 or newer is needed: install python3"
}
python=$(find_python)
missing=""
command -v opusenc >/dev/null || missing="$missing opus-tools"
command -v sipp >/dev/null || missing="$missing sip-tester"
# delivery notes and invoices (WeasyPrint): Pango, and Chinese letters, which the tests' screenshots need too
has_library() { "$python" -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library(sys.argv[1]))' "$1"; }
has_library pangoft2-1.0 || missing="$missing libpango-1.0-0 libpangoft2-1.0-0"
has_library harfbuzz-subset || missing="$missing libharfbuzz-subset0"
[ -n "$(fc-list :lang=zh 2>/dev/null)" ] || missing="$missing fontconfig fonts-wqy-microhei"
# the tests' browser (where the distribution has none as a package, CC_CHROMIUM names one)
if [ "$wanted" = tests ]; then
    [ -n "${CC_CHROMIUM:-}" ] || command -v chromium || command -v chromium-browser || command -v google-chrome ||
        missing="$missing chromium"
fi >/dev/null
[ -x .venv/bin/python ] || "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"

asterisk_major() { "$@" -V 2>/dev/null | sed -n 's/^Asterisk \([0-9]*\).*/\1/p'; }
have_asterisk() {
    [ -x /usr/sbin/asterisk ] && [ "$(asterisk_major /usr/sbin/asterisk || echo 0)" -ge 20 ] && return
    [ -x "$cache/asterisk/usr/sbin/asterisk" ]
}
need_asterisk=no
have_asterisk || need_asterisk=yes

if [ -n "$missing" ] || [ $need_asterisk = yes ]; then
    command -v apt-get >/dev/null || fail "needs$missing and Asterisk 20 or newer: install them by your system's means"
    if can_install; then
        say "refreshing the package lists"
        # a machine whose clock or mirror is behind has lists that look expired
        as_root apt-get -q -o Acquire::Check-Valid-Until=false update >"$logs/update" 2>&1 ||
            say "some package lists could not be refreshed; going on with what is there"
    fi
    if [ $need_asterisk = yes ]; then
        offered=$(apt-cache policy asterisk | sed -n 's/^ *Candidate: \([0-9]*:\)\{0,1\}\([0-9]*\).*/\2/p')
        if [ "${offered:-0}" -ge 20 ]; then
            # not as a service: each stack starts its own
            [ ! -d /run/systemd/system ] || as_root systemctl mask asterisk.service >/dev/null 2>&1 || true
            missing="$missing asterisk"
            need_asterisk=no
        else
            command -v mmdebstrap >/dev/null || missing="$missing mmdebstrap"
        fi
    fi
fi
if [ -n "$missing" ]; then
    can_install || fail "missing packages and no sudo: as root, apt-get install$missing"
    say "installing$missing"
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing \
        >"$logs/apt" 2>&1 || { tail -n 5 "$logs/apt" >&2; fail "apt-get could not install$missing"; }
fi

# -- Asterisk -----------------------------------------------------------------------------------------------------
# Debian's unstable suite has it. Its packages are unpacked, not installed: nothing of the system is touched, and it
# runs in place through its own loader. Built beside and renamed, so that it's there whole or not at all.
unpack_asterisk() {
    exec 9>"$cache/lock"
    flock 9
    ! have_asterisk || return 0
    mmdebstrap --quiet --format=directory --variant=extract --include=asterisk,ca-certificates \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
        sid "$cache/asterisk.$$" || return 1
    local root=$cache/asterisk.$$ loader
    rm -rf "$root"/usr/share/{doc,man,locale,info} "$root"/var/cache/apt
    loader=$(find "$root"/usr/lib64 "$root"/usr/lib -maxdepth 1 -name 'ld-linux*' | head -n 1)
    local libraries=$root/usr/lib/$(uname -m)-linux-gnu
    [ "$(asterisk_major "$loader" --library-path "$libraries" "$root/usr/sbin/asterisk")" -ge 20 ] || return 1
    rm -rf "$cache/asterisk"
    mv -T "$root" "$cache/asterisk"
}
if [ $need_asterisk = yes ]; then
    say "unpacking Asterisk into $cache/asterisk (half a minute, once)"
    (unpack_asterisk) >"$logs/asterisk" 2>&1 &
    asterisk_job=$!
    jobs_running+=($asterisk_job)
fi

# -- Python packages ----------------------------------------------------------------------------------------------
install_python() { # requirements file
    local stamp
    stamp=.venv/.done-$(cat "$@" | sha256sum | cut -c 1-16)
    [ ! -e "$stamp" ] || return 0
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    say "installing Python packages of $* into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check $(printf -- '-r %s ' "$@") >"$logs/pip" 2>&1 ||
        { tail -n 5 "$logs/pip" >&2; fail "pip could not install $*: is a package index reachable?"; }
    touch "$stamp"
}
install_python requirements.txt
[ "$wanted" != tests ] || install_python requirements.txt requirements-dev.txt

# -- the pages' parts ---------------------------------------------------------------------------------------------
deploy/pages.sh .venv/bin/python >"$logs/pages" 2>&1 ||
    { tail -n 5 "$logs/pages" >&2; fail "the pages' parts could not be installed: is an npm registry reachable?"; }

if [ $need_asterisk = yes ]; then
    wait "$asterisk_job" || { tail -n 5 "$logs/asterisk" >&2; fail "Asterisk could not be unpacked"; }
fi
[ $began = $SECONDS ] || say "set-up done"
