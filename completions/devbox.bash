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
            -C|--directory|--timeout|--only|--runtime|-o|--output|-n|--lines|--since|--junit|--report|--task|--date|--conf|--retries|-f|--format|-t|--table|--limit) skip=1 ;;
            -*) ;;
            *)
                case "${path:+$path }$word" in
                    "start"|"status"|"logs"|"open"|"restart"|"stop"|"doctor"|"test"|"test dag"|"test dags"|"test dbt"|"watch"|"check"|"db"|"db seed"|"db query"|"db shell"|"db snapshot"|"db list"|"db diff"|"db restore"|"db reset"|"dbt"|"airflow"|"airbyte"|"airbyte start"|"airbyte stop"|"airbyte status"|"airbyte credentials"|"hook"|"hook install"|"hook uninstall"|"hook status"|"init"|"config"|"config show"|"config check"|"config compose"|"config schema"|"env"|"explain"|"completion"|"destroy"|"version") path="${path:+$path }$word" ;;
                esac
                ;;
        esac
    done
    local global_options="--directory --json --quiet --verbose --no-color --yes --timeout --dry-run --help --version"
    case "$path" in
        "")
            words="start status logs open restart stop doctor test watch check db dbt airflow airbyte hook init config env explain completion destroy version help"
            options=""
            ;;
        "start")
            words=""
            options="--only --runtime --no-airbyte --open --timings"
            ;;
        "status")
            words=""
            options="--short --output --watch"
            ;;
        "logs")
            words=""
            options="--follow --lines --since"
            words+=" $("$program" __complete services 2>/dev/null)"
            ;;
        "open")
            words=""
            options=""
            ;;
        "restart")
            words=""
            options=""
            words+=" $("$program" __complete services 2>/dev/null)"
            ;;
        "stop")
            words=""
            options=""
            ;;
        "doctor")
            words=""
            options=""
            ;;
        "test")
            words="dag dags dbt"
            options="--changed --fail-fast --junit --report"
            ;;
        "test dag")
            words=""
            options="--task --date --conf --retries --keep --debug --watch --junit --report"
            words+=" $("$program" __complete dags 2>/dev/null)"
            ;;
        "test dags")
            words=""
            options="--changed --fail-fast --junit --report"
            files=-f
            ;;
        "test dbt")
            words=""
            options="--changed --fail-fast --junit --report"
            ;;
        "watch")
            words=""
            options=""
            ;;
        "check")
            words=""
            options="--no-cache --fail-fast --junit --report"
            ;;
        "db")
            words="seed query shell snapshot list diff restore reset"
            options=""
            ;;
        "db seed")
            words=""
            options=""
            ;;
        "db query")
            words=""
            options="--format --write"
            ;;
        "db shell")
            words=""
            options=""
            ;;
        "db snapshot")
            words=""
            options=""
            ;;
        "db list")
            words=""
            options=""
            ;;
        "db diff")
            words=""
            options="--table --limit"
            words+=" $("$program" __complete snapshots 2>/dev/null)"
            ;;
        "db restore")
            words=""
            options="--last"
            words+=" $("$program" __complete snapshots 2>/dev/null)"
            ;;
        "db reset")
            words=""
            options=""
            ;;
        "dbt")
            words=""
            options=""
            ;;
        "airflow")
            words=""
            options=""
            ;;
        "airbyte")
            words="start stop status credentials"
            options=""
            ;;
        "airbyte start")
            words=""
            options=""
            ;;
        "airbyte stop")
            words=""
            options=""
            ;;
        "airbyte status")
            words=""
            options=""
            ;;
        "airbyte credentials")
            words=""
            options="--reveal"
            ;;
        "hook")
            words="install uninstall status"
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
        "hook status")
            words=""
            options=""
            ;;
        "init")
            words=""
            options="--example"
            files=-d
            ;;
        "config")
            words="show check compose schema"
            options=""
            ;;
        "config show")
            words=""
            options="--reveal"
            ;;
        "config check")
            words=""
            options=""
            ;;
        "config compose")
            words=""
            options="--reveal"
            ;;
        "config schema")
            words=""
            options=""
            ;;
        "env")
            words=""
            options="--reveal"
            ;;
        "explain")
            words=""
            options=""
            ;;
        "completion")
            words=""
            options=""
            ;;
        "destroy")
            words=""
            options=""
            ;;
        "version")
            words=""
            options=""
            ;;
    esac
    case "$path $previous" in
        "start --only") is_value=1 ;;
        "start --runtime") is_value=1 values="auto docker native" ;;
        "status --output"|"status -o") is_value=1 values="table json env" ;;
        "logs --lines"|"logs -n") is_value=1 ;;
        "logs --since") is_value=1 ;;
        "test --junit") is_value=1 files=-f ;;
        "test --report") is_value=1 files=-f ;;
        "test dag --task") is_value=1 ;;
        "test dag --date") is_value=1 ;;
        "test dag --conf") is_value=1 ;;
        "test dag --retries") is_value=1 ;;
        "test dag --junit") is_value=1 files=-f ;;
        "test dag --report") is_value=1 files=-f ;;
        "test dags --junit") is_value=1 files=-f ;;
        "test dags --report") is_value=1 files=-f ;;
        "test dbt --junit") is_value=1 files=-f ;;
        "test dbt --report") is_value=1 files=-f ;;
        "check --junit") is_value=1 files=-f ;;
        "check --report") is_value=1 files=-f ;;
        "db query --format"|"db query -f") is_value=1 values="table csv json" ;;
        "db diff --table"|"db diff -t") is_value=1 ;;
        "db diff --limit"|"db diff -n") is_value=1 ;;
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
