#!/usr/bin/env bash
# Fails when completions/ is not what `devbox completion` prints, or when a script does not work in its shell.
# With --update it writes the files anew: cmake --build BUILD --target completions
set -euo pipefail
devbox=$1 source=$2 mode=${3:-}
trap 'rm -rf "$work"' EXIT
work=$(mktemp -d)
failed=0

for pair in bash:devbox.bash zsh:_devbox fish:devbox.fish; do
    shell=${pair%%:*} file=$source/completions/${pair#*:}
    "$devbox" completion "$shell" > "$work/script"
    if [[ $mode == --update ]]; then
        mkdir -p "$source/completions"
        cp "$work/script" "$file"
    elif ! diff -u "$file" "$work/script"; then
        echo "$file is out of date; refresh it: cmake --build BUILD --target completions"
        failed=1
    fi
    case $shell in
        bash | zsh) syntax_check=("$shell" -n) ;;
        fish) syntax_check=(fish --no-execute) ;;
    esac
    if command -v "$shell" > /dev/null && ! "${syntax_check[@]}" "$work/script"; then
        echo "the $shell script has a syntax error"
        failed=1
    fi
done
[[ $mode == --update ]] && exit $failed

# What bash offers after these words.
offers() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _devbox
    echo " ${COMPREPLY[*]} "
}

expect() {
    local wanted=$1
    shift
    local got
    got=$(offers "$@")
    if [[ $got != *" $wanted "* ]]; then
        echo "after '$*' bash should offer '$wanted', but offers:$got"
        failed=1
    fi
}

# shellcheck source=/dev/null
source "$source/completions/devbox.bash"
expect start devbox st
expect status devbox st
expect dag devbox test d
expect dag devbox help test da
expect --json devbox start --js
expect /usr devbox -C /us
expect start devbox --timeout 5m st
expect install devbox hook ins
[[ $(offers devbox __) == *__complete* ]] && echo "a hidden command is offered" && failed=1
exit $failed
