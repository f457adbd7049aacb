#!/bin/sh
# Builds and installs devbox, with everything it needs.
#   ./install.sh                 install (prefix /usr/local as root, else ~/.local)
#   ./install.sh --demo [DIR]    install, write the starter platform into DIR (./devbox-demo) and start it
#   ./install.sh --test          build and run every test; installs nothing but dependencies
# Options: --prefix DIR   --force (overwrite another program called devbox)   --help
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
mode=install
demo_dir=
prefix=
force=no
ticker=
partial=
sudo=

say() { printf '%s\n' "$*" >&2; }

die() {
    code=$1
    shift
    say "install.sh: $*"
    exit "$code"
}

usage() { sed -n '2,6s/^# \{0,1\}//p' "$here/install.sh"; }

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --demo)
                mode=demo
                case ${2-} in '' | -*) ;; *) demo_dir=$2 && shift ;; esac
                ;;
            --test) mode="test" ;;
            --prefix)
                case ${2-} in '' | -*) die 2 "--prefix needs a folder" ;; esac
                prefix=$2
                shift
                ;;
            --prefix=?*) prefix=${1#--prefix=} ;;
            --force) force=yes ;;
            -h | --help) usage && exit 0 ;;
            *) die 2 "unknown option '$1'; see ./install.sh --help" ;;
        esac
        shift
    done
    if [ -z "$prefix" ]; then
        if [ "$(id -u)" -eq 0 ]; then prefix=/usr/local; else prefix=${HOME:?is not set; name a folder with --prefix}/.local; fi
    fi
    prefix=${prefix%/}
    case $prefix in /* | '') ;; *) prefix=$PWD/$prefix ;; esac
    demo_dir=${demo_dir:-devbox-demo}
    case $demo_dir in /*) ;; *) demo_dir=$PWD/$demo_dir ;; esac
}

# --- what the user sees: one line per step with its time, alive while it lasts -------------------------------------------------

# Tenths of a second since 1970; whole seconds where date knows nothing finer.
now() {
    case $(date +%N) in
        '' | *[!0-9]*) echo "$(date +%s)0" ;;
        *) date +%s%N | cut -c1-11 ;;
    esac
}

# time_since TENTHS
time_since() {
    tenths=$(($(now) - $1))
    if [ $tenths -lt 600 ]; then
        printf '%d.%ds' $((tenths / 10)) $((tenths % 10))
    else
        printf '%dm%02ds' $((tenths / 600)) $((tenths / 10 % 60))
    fi
}

choose_looks() {
    is_live=no
    if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then is_live=yes; fi
    case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
        *UTF-8* | *utf8* | *UTF8* | *utf-8*) done_mark='✓' failed_mark='✗' wait_mark='·' note_mark='!' ;;
        *) done_mark=ok failed_mark='x ' wait_mark='..' note_mark='! ' ;;
    esac
}

# show_step MARK NAME TIME WORDS
show_step() {
    [ $is_live = no ] || printf '\r\033[K' >&2
    printf '  %s %-10s%7s   %s\n' "$1" "$2" "$3" "$4" >&2
}

# The last line of the step's log, as far as it fits beside its name.
last_words() {
    tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' |
        awk '{ gsub(/[^ -~]/, "") } NF { last = $0 } END { print substr(last, 1, 54) }'
}

# tick NAME STARTED WORDS: runs beside a step, and ends by itself when this script was killed
tick() {
    turn=0
    while kill -0 $$ 2>/dev/null; do
        if [ $is_live = yes ]; then
            last=$(last_words)
            printf '\r\033[K  %s %-10s%7s   %s' "$wait_mark" "$1" "$(time_since "$2")" "${last:-$3}" >&2
        elif [ $turn -gt 0 ] && [ $((turn % 20)) -eq 0 ]; then
            last=$(last_words)
            show_step "$wait_mark" "$1" "$(time_since "$2")" "${last:-$3}"
        fi
        turn=$((turn + 1))
        # The sleep outlives a killed ticker by a moment: it must not hold the pipe of an `install.sh 2>&1 | tee log`.
        sleep 0.5 >/dev/null 2>&1 || sleep 1
    done
}

stop_ticker() {
    [ -n "$ticker" ] || return 0
    # TERM may reach the ticker before it has its own handlers, and be lost: the wait would then have no end.
    kill -KILL "$ticker" 2>/dev/null || :
    wait "$ticker" 2>/dev/null || :
    ticker=
}

# step NAME WORDS COMMAND...: runs the command with its output in build/NAME.log
step() {
    name=$1 words=$2 started=$(now) log=$here/build/$1.log result=0
    shift 2
    : >"$log"
    [ $is_live = yes ] || show_step "$wait_mark" "$name" "" "$words"
    tick "$name" "$started" "$words" >/dev/null &
    ticker=$!
    "$@" >"$log" 2>&1 </dev/null || result=$?
    stop_ticker
    if [ $result -eq 0 ]; then
        show_step "$done_mark" "$name" "$(time_since "$started")" "$words"
    else
        show_step "$failed_mark" "$name" "$(time_since "$started")" "$words"
    fi
    return $result
}

# step_failed CODE WORDS: ends with the last lines of the failed step's log above the reason
step_failed() {
    tail -n 40 "$log" | sed 's/^/    | /' >&2
    die "$1" "$2; the whole log is in $log"
}

note() { show_step "$note_mark" "$1" "" "$2"; }

tidy() {
    if [ -n "$ticker" ] && [ $is_live = yes ]; then printf '\r\033[K' >&2; fi
    stop_ticker
    [ -z "$partial" ] || rm -rf "$partial"
}

# --- dependencies: pkg-config and PATH are asked first, the package manager only for what is missing --------------------------

has_program() { command -v "$1" >/dev/null 2>&1; }

has_library() { has_program pkg-config && pkg-config --exists "$1"; }

# A python3 on PATH may be a shim that this user cannot run.
has_python() { python3 -c '' >/dev/null 2>&1; }

# missing_packages debian|brew: names of the packages that bring what is not there
missing_packages() {
    has_program pkg-config || pick "$1" pkg-config pkgconf
    has_program cmake || pick "$1" cmake cmake
    has_program ninja || pick "$1" ninja-build ninja
    has_program cc || pick "$1" gcc gcc
    [ "$1" = brew ] || [ -e /usr/include/stdio.h ] || pick "$1" libc6-dev gcc
    has_program git || pick "$1" git git
    has_python || pick "$1" python3 python@3.11
    { has_program uv || python3 -m pip --version >/dev/null 2>&1; } || pick "$1" python3-pip uv
    has_library sqlite3 || pick "$1" libsqlite3-dev sqlite
    has_library libcjson || pick "$1" libcjson-dev cjson
    has_library yaml-0.1 || pick "$1" libyaml-dev libyaml
    has_library libcurl || pick "$1" libcurl4-openssl-dev curl
    has_library libgit2 || pick "$1" libgit2-dev libgit2
    has_library libcrypto || pick "$1" libssl-dev openssl@3
    has_library libarchive || pick "$1" libarchive-dev libarchive
    [ -e /etc/ssl/certs/ca-certificates.crt ] || [ "$1" = brew ] || pick "$1" ca-certificates ca-certificates
    [ $mode != test ] || has_library cmocka || pick "$1" libcmocka-dev cmocka
}

pick() { if [ "$1" = brew ]; then printf '%s ' "$3"; else printf '%s ' "$2"; fi; }

# A password is asked for here, before anything draws on the terminal.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    has_program sudo || die 5 "packages are missing, and installing them needs root or sudo. As root: apt-get install $*"
    sudo -n true 2>/dev/null || say "sudo asks for your password to install these packages: $*"
    sudo -v || die 5 "packages are missing, and sudo refused to install them. As root: apt-get install $*"
    sudo=sudo
}

update_package_lists() { $sudo apt-get -o DPkg::Lock::Timeout=120 -o APT::Update::Error-Mode=any update -q; }

install_with_apt() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 \
        install -y -q --no-install-recommends "$@"
}

install_on_debian() {
    become_root "$@"
    printf '%s\n' "missing here, to be installed: $*" | fold -s -w 78 >&2
    step lists "apt-get update" update_package_lists ||
        note lists "apt-get update failed; going on with the package lists that are there"
    step packages "apt-get install" install_with_apt "$@" || step_failed 5 "these packages could not be installed: $*"
}

# Homebrew hides from pkg-config what macOS brings itself.
show_kegs() {
    has_program brew || return 0
    for keg in curl sqlite openssl@3 libarchive; do
        PKG_CONFIG_PATH=$(brew --prefix)/opt/$keg/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    done
    export PKG_CONFIG_PATH
}

install_dependencies() {
    kind=brew
    if has_program apt-get || ! has_program brew; then kind=debian; else show_kegs; fi
    missing=$(missing_packages $kind)
    missing=${missing% }
    [ -n "$missing" ] || return 0
    # Word splitting is wanted: $missing is a list of package names.
    # shellcheck disable=SC2086
    if has_program apt-get; then
        install_on_debian $missing
    elif [ $kind = brew ]; then
        say "missing here, to be installed: $missing"
        step packages "with Homebrew" brew install $missing || step_failed 5 "these packages could not be installed: $missing"
    else
        die 5 "packages are missing, and there is neither apt-get nor brew. Debian's names for them: $missing"
    fi
}

# The tests of the Docker runtime run a dockerd of their own. Only root can; without it they are skipped, which the end says.
missing_docker_packages() {
    has_program dockerd || printf 'docker.io '
    has_program docker-compose || printf 'docker-compose '
    has_program debootstrap || printf 'debootstrap '
    has_program iptables || printf 'iptables '
    has_program ip || printf 'iproute2 '
    has_program busybox || printf 'busybox-static '
    has_program bindfs || printf 'bindfs '
}

install_docker_packages() {
    [ "${DEVBOX_TEST_DOCKER:-}" != no ] && [ "$(id -u)" -eq 0 ] && has_program apt-get || return 0
    missing=$(missing_docker_packages)
    missing=${missing% }
    [ -n "$missing" ] || return 0
    say "for the tests of the Docker runtime, to be installed: $missing"
    step lists "apt-get update" update_package_lists ||
        note lists "apt-get update failed; going on with the package lists that are there"
    # Another Docker must not be replaced: --no-remove. Word splitting is wanted.
    # shellcheck disable=SC2086
    step docker "apt-get install" install_with_apt --no-remove $missing ||
        note docker "not installed, see $log; tests of the Docker runtime will be skipped"
}

# --- building and installing -------------------------------------------------------------------------------------------------

build_preset() {
    # CMake refuses the build folder of a checkout that was moved.
    grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$here" "$here/build/$1/CMakeCache.txt" 2>/dev/null || rm -rf "$here/build/$1"
    (cd "$here" && cmake --preset "$@" && cmake --build "$here/build/$1")
}

# build PRESET [CMAKE OPTION...]
build() { step "build" "devbox ($1)" build_preset "$@" || step_failed 6 "the build failed"; }

is_devbox() { grep -aq '__supervise' "$1" 2>/dev/null; }

refuse_foreign_binary() {
    target=$prefix/bin/devbox
    [ $force = no ] || return 0
    [ -e "$target" ] || [ -L "$target" ] || return 0
    is_devbox "$target" || die 10 "$target is another program; choose another --prefix, or overwrite it with --force"
}

copy_into_prefix() { cmake --install "$here/build/release" --prefix "$prefix"; }

# How to call what was just installed: by name only if PATH leads there.
name_command() {
    command=$prefix/bin/devbox
    case $(command -v devbox || :) in
        "$prefix/bin/devbox") command=devbox ;;
        '') note PATH "$prefix/bin is not on PATH; add it with: export PATH=\"$prefix/bin:\$PATH\"" ;;
        *) note PATH "devbox on PATH is $(command -v devbox), not $prefix/bin/devbox" ;;
    esac
}

install_devbox() {
    build release -DBUILD_TESTING=OFF -DDEVBOX_WERROR=OFF
    step install "$prefix/bin/devbox" copy_into_prefix || step_failed 6 "installing into $prefix failed"
    "$prefix/bin/devbox" --version >/dev/null || die 6 "$prefix/bin/devbox does not run"
    name_command
}

# --- the demo ----------------------------------------------------------------------------------------------------------------

refuse_foreign_folder() {
    [ ! -e "$demo_dir/devbox.yaml" ] || return 0
    [ -n "$(ls -A "$demo_dir" 2>/dev/null || :)" ] || return 0
    die 10 "$demo_dir is not empty; name a new folder: ./install.sh --demo OTHER"
}

# Inside another repository, such as this one, `devbox init` leaves committing to its owner; the demo is to be pushed from.
make_repository() {
    [ ! -e "$1/.git" ] || return 0
    git -C "$1" config user.email >/dev/null || set -- "$1" -c user.name=devbox -c user.email=devbox@localhost
    (cd "$1" && shift && git init -q -b main && git add --all &&
        git -c core.hooksPath=/dev/null "$@" commit -q --no-gpg-sign -m "Start from devbox's example platform")
}

write_starter() {
    "$prefix/bin/devbox" init "$partial/demo" --example && make_repository "$partial/demo"
}

# Written beside its place and moved there whole: a folder that has devbox.yaml is complete.
create_demo() {
    mkdir -p "$(dirname -- "$demo_dir")"
    partial=$(mktemp -d "$(dirname -- "$demo_dir")/.devbox-demo.XXXXXX")
    step demo "$demo_dir" write_starter || step_failed 6 "the demo could not be written into $demo_dir"
    [ ! -d "$demo_dir" ] || rmdir "$demo_dir"
    mv "$partial/demo" "$demo_dir"
}

run_demo() {
    devbox=$prefix/bin/devbox
    [ -e "$demo_dir/devbox.yaml" ] || create_demo
    step hook "every push from the demo is tested first" "$devbox" -C "$demo_dir" hook install ||
        step_failed 6 "the hook could not be installed"
    "$devbox" -C "$demo_dir" start
    cat <<END

The demo platform is in $demo_dir, up $(time_since "$begun") after the start of this script. Next:
  cd $demo_dir
  $command test dag daily_orders      debug one DAG, task by task
  $command db query "select * from orders limit 5"
  $command status                     what is up
  $command stop                       end it; nothing is deleted
END
}

# --- tests -------------------------------------------------------------------------------------------------------------------

# run_ctest BUILD LABEL [CTEST OPTION...]: what failed is remembered, so that one run shows everything that is red
run_ctest() {
    build_name=$1 label=$2
    shift 2
    report=$here/build/$build_name/$label.xml
    rm -f "$report"
    # The report is cut to 1 kB of output for each test unless told otherwise.
    ctest --test-dir "$here/build/$build_name" -L "$label" --output-on-failure --output-junit "$report" \
        --test-output-size-passed 1000000 "$@" || red="$red $build_name/$label"
    [ ! -f "$report" ] || reports="$reports $build_name/$label.xml"
}

# What was skipped, and why: a test that did not run is not one that passed.
say_skipped() {
    # The names hold no blanks: word splitting is wanted.
    # shellcheck disable=SC2086
    skipped=$(cd "$here/build" && python3 "$here/tests/list_skipped.py" $reports)
    [ -z "$skipped" ] || say "$skipped"
}

run_tests() {
    red=
    reports=
    install_docker_packages
    jobs=$(getconf _NPROCESSORS_ONLN)
    # Optimising finds other warnings than debugging does.
    build release -DBUILD_TESTING=OFF -DDEVBOX_WERROR=ON
    build dev -DDEVBOX_WERROR=ON
    # They wait for processes and clocks half of their time.
    run_ctest dev unit -j $((jobs * 2))
    build asan
    run_ctest asan unit -j $((jobs * 2))
    run_ctest dev integration -j 2
    [ -z "$red" ] || {
        say_skipped
        die 1 "tests failed:$red (after $(time_since "$begun"))"
    }
    say "every test that ran passed in $(time_since "$begun")"
    say_skipped
}

main() {
    begun=$(now)
    parse "$@"
    choose_looks
    [ $mode = test ] || refuse_foreign_binary
    [ $mode != demo ] || refuse_foreign_folder
    mkdir -p "$here/build" 2>/dev/null || :
    [ -w "$here/build" ] || die 6 "$here/build cannot be written; its owner is needed, or a copy"
    trap tidy EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ $mode = test ]; then say "testing devbox in $here"; else say "installing devbox into $prefix"; fi
    install_dependencies
    case $mode in
        install)
            install_devbox
            version=$("$prefix/bin/devbox" --version)
            say "installed $version in $(time_since "$begun"). Next, in a folder with dags/: $command start"
            ;;
        demo)
            install_devbox
            run_demo
            ;;
        test) run_tests ;;
    esac
}

main "$@"
