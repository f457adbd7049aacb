#!/bin/sh
# Builds and installs devbox, with everything it needs.
#   ./install.sh                 install (prefix /usr/local as root, else ~/.local)
#   ./install.sh --demo [DIR]    install, write the starter platform into DIR (./devbox-demo) and start it
#   ./install.sh --test          build and run every test; installs nothing but dependencies
# Options: --prefix DIR   --force (overwrite another program called devbox)   --help
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mode=install
demo_dir=
prefix=
force=no

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
            --test) mode=test ;;
            --prefix)
                [ $# -ge 2 ] || die 2 "--prefix needs a folder"
                prefix=$2
                shift
                ;;
            --prefix=*) prefix=${1#--prefix=} ;;
            --force) force=yes ;;
            -h | --help) usage && exit 0 ;;
            *) die 2 "unknown option '$1'; see ./install.sh --help" ;;
        esac
        shift
    done
    if [ -z "$prefix" ]; then
        if [ "$(id -u)" -eq 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
    fi
    case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
}

# --- dependencies: pkg-config and PATH are asked first, the package manager only for what is missing --------------------------

has_program() { command -v "$1" >/dev/null 2>&1; }

has_library() { has_program pkg-config && pkg-config --exists "$1"; }

# missing_packages debian|brew: names of the packages that bring what is not there
missing_packages() {
    has_program pkg-config || pick "$1" pkg-config pkgconf
    has_program cmake || pick "$1" cmake cmake
    has_program ninja || pick "$1" ninja-build ninja
    has_program cc || pick "$1" gcc gcc
    [ "$1" = brew ] || has_library libc || [ -e /usr/include/stdio.h ] || pick "$1" libc6-dev gcc
    has_program git || pick "$1" git git
    has_program python3 || pick "$1" python3 python@3.11
    { has_program uv || python3 -m pip --version >/dev/null 2>&1; } || pick "$1" python3-pip uv
    has_library sqlite3 || pick "$1" libsqlite3-dev sqlite
    has_library libcjson || pick "$1" libcjson-dev cjson
    has_library yaml-0.1 || pick "$1" libyaml-dev libyaml
    has_library libcurl || pick "$1" libcurl4-openssl-dev curl
    has_library libgit2 || pick "$1" libgit2-dev libgit2
    has_library libcrypto || pick "$1" libssl-dev openssl@3
    [ -e /etc/ssl/certs/ca-certificates.crt ] || [ "$1" = brew ] || pick "$1" ca-certificates ca-certificates
    [ $mode != test ] || has_library cmocka || pick "$1" libcmocka-dev cmocka
}

pick() { if [ "$1" = brew ]; then printf '%s ' "$3"; else printf '%s ' "$2"; fi; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_with_apt() {
    if [ "$(id -u)" -ne 0 ] && ! has_program sudo; then
        die 5 "missing packages, and neither root nor sudo to install them: apt-get install $*"
    fi
    as_root apt-get -o DPkg::Lock::Timeout=120 update -qq >&2 || say "install.sh: apt-get update failed; going on with the package lists that are there"
    # shellcheck disable=SC2016
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "$@" >&2 ||
        die 5 "these packages could not be installed: $*"
}

install_dependencies() {
    if has_program apt-get; then kind=debian; else kind=brew; fi
    missing=$(missing_packages $kind)
    [ -n "$missing" ] || return 0
    say "installing: $missing"
    # Word splitting is wanted: $missing is a list of package names.
    # shellcheck disable=SC2086
    if [ $kind = debian ]; then
        install_with_apt $missing
    elif has_program brew; then
        brew install $missing >&2 || die 5 "these packages could not be installed: $missing"
    else
        die 5 "missing packages, and neither apt-get nor brew to install them: $missing"
    fi
}

# --- building and installing -------------------------------------------------------------------------------------------------

build() {
    preset=$1
    shift
    log=$here/build/$preset.log
    mkdir -p "$here/build"
    say "building devbox ($preset) in build/$preset"
    # The log is shown only when something went wrong: a newcomer reads nothing but results.
    if ! { (cd "$here" && cmake --preset "$preset" "$@") && cmake --build "$here/build/$preset"; } >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die 6 "the build failed; the whole log is in $log"
    fi
}

refuse_foreign_binary() {
    target=$prefix/bin/devbox
    [ -e "$target" ] && [ $force = no ] || return 0
    grep -aq '__supervise' "$target" ||
        die 10 "$target is another program; choose another --prefix, or overwrite it with --force"
}

install_devbox() {
    refuse_foreign_binary
    build release -DBUILD_TESTING=OFF
    cmake --install "$here/build/release" --prefix "$prefix" >"$here/build/install.log" 2>&1 ||
        die 6 "installing into $prefix failed; see $here/build/install.log"
    say "installed $("$prefix/bin/devbox" --version) as $prefix/bin/devbox"
    case :$PATH: in
        *:"$prefix/bin":*) ;;
        *) say "$prefix/bin is not on PATH; add it with: export PATH=\"$prefix/bin:\$PATH\"" ;;
    esac
}

run_demo() {
    devbox=$prefix/bin/devbox
    dir=${demo_dir:-$PWD/devbox-demo}
    [ -e "$dir/devbox.yaml" ] || "$devbox" init "$dir" --example
    "$devbox" -C "$dir" hook install
    "$devbox" -C "$dir" start
    case :$PATH: in *:"$prefix/bin":*) command=devbox ;; *) command=$devbox ;; esac
    cat <<END

The demo platform is in $dir. Next:
  cd $dir
  $command test dag daily_orders      debug one DAG, task by task
  $command db query "select * from orders limit 5"
  $command status                     what is up
  $command stop                       end it; nothing is deleted
END
}

# --- tests -------------------------------------------------------------------------------------------------------------------

run_tests() {
    build dev -DDEVBOX_WERROR=ON
    ctest --test-dir "$here/build/dev" -L unit -j "$(getconf _NPROCESSORS_ONLN)" --output-on-failure
    build asan
    ctest --test-dir "$here/build/asan" -L unit -j "$(getconf _NPROCESSORS_ONLN)" --output-on-failure
    ctest --test-dir "$here/build/dev" -L integration --output-on-failure
}

parse "$@"
install_dependencies
case $mode in
    install) install_devbox ;;
    demo) install_devbox && run_demo ;;
    test) run_tests ;;
esac
