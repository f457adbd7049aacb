# bash completion for devbox. Made by: devbox completion bash
_devbox() {
    local program="${COMP_WORDS[0]}" current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local path="" words="" options="" values="" files="" is_value="" skip="" word index
    local IFS=$' \t\n'
    # bash splits --option=value into three words
    if [[ $current == "=" ]]; then current=""
    elif [[ $previous == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ $word == "=" ]]; then skip=1; continue; fi
        if [[ -n $skip ]]; then skip=""; continue; fi
        case "$word" in
            -C|--directory|--timeout|--task|-r|--runtime|-n|--retries|--since|--only) skip=1 ;;
            -*) ;;
            *)
                case "${path:+$path }$word" in
                    "start"|"status"|"test"|"test dag"|"test dags"|"dbt"|"hook"|"hook install"|"hook uninstall"|"completion") path="${path:+$path }$word" ;;
                esac
                ;;
        esac
    done
    local global_options="--directory --json --quiet --verbose --no-color --yes --timeout --dry-run --help --version"
    case "$path" in
        "")
            words="start status test dbt hook completion help"
            options=""
            ;;
        "start")
            words=""
            options=""
            ;;
        "status")
            words=""
            options=""
            ;;
        "test")
            words="dag dags"
            options="--task --runtime --changed --retries --since --only --follow --deep"
            ;;
        "test dag")
            words=""
            options="--task --runtime --changed --retries --since --only --follow --deep"
            words+=" $("$program" __complete dags 2>/dev/null)"
            ;;
        "test dags")
            words=""
            options=""
            files=-f
            ;;
        "dbt")
            words=""
            options=""
            ;;
        "hook")
            words="install uninstall"
            options=""
            ;;
        "hook install")
            words=""
            options=""
            ;;
        "hook uninstall")
            words=""
            options=""
            ;;
        "completion")
            words=""
            options=""
            ;;
    esac
    case "$path $previous" in
        "test --task") is_value=1 ;;
        "test --runtime"|"test -r") is_value=1 values="docker native" ;;
        "test --retries"|"test -n") is_value=1 ;;
        "test --since") is_value=1 ;;
        "test --only") is_value=1 ;;
        "test dag --task") is_value=1 ;;
        "test dag --runtime"|"test dag -r") is_value=1 values="docker native" ;;
        "test dag --retries"|"test dag -n") is_value=1 ;;
        "test dag --since") is_value=1 ;;
        "test dag --only") is_value=1 ;;
        *" --directory"|*" -C") is_value=1 files=-d ;;
        *" --timeout") is_value=1 ;;
    esac
    if [[ -n $is_value ]]; then words="$values"
    elif [[ $current == -* ]]; then words="$options $global_options" files=""; fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [[ -n $files ]]; then
        compopt -o filenames 2>/dev/null
        IFS=$'\n'
        COMPREPLY+=($(compgen $files -- "$current"))
    fi
}
complete -F _devbox devbox
