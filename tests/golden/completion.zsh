#compdef devbox
# zsh completion for devbox. Made by: devbox completion zsh
_devbox() {
    local program=$words[1] command_path="" word skip="" index
    local -a commands options global_options
    for ((index = 2; index < CURRENT; index++)); do
        word=$words[index]
        if [[ -n $skip ]]; then skip=""; continue; fi
        case $word in
            -C|--directory|--timeout|--task|-r|--runtime|-n|--retries|--since|--only) skip=1 ;;
            -*) ;;
            *)
                case "${command_path:+$command_path }$word" in
                    'start'|'status'|'test'|'test dag'|'test dags'|'dbt'|'hook'|'hook install'|'hook uninstall'|'completion') command_path="${command_path:+$command_path }$word" ;;
                esac
                ;;
        esac
    done
    global_options=( '--directory:Work in DIR instead of the current folder' '--json:Print the result as JSON' '--quiet:Only results, warnings and failures' '--verbose:More detail; -vv for debugging' '--no-color:No colours (so does NO_COLOR=1)' '--yes:Confirm what would delete or install something' '--timeout:Give up after this long\: 90s, 5m' '--dry-run:Say what would be done, change nothing' '--help:Show this help' '--version:Show the version' )
    case "$command_path $words[CURRENT-1]" in
        "test --task") return ;;
        "test --runtime"|"test -r") compadd -- docker native; return ;;
        "test --retries"|"test -n") return ;;
        "test --since") return ;;
        "test --only") return ;;
        "test dag --task") return ;;
        "test dag --runtime"|"test dag -r") compadd -- docker native; return ;;
        "test dag --retries"|"test dag -n") return ;;
        "test dag --since") return ;;
        "test dag --only") return ;;
        *" --directory"|*" -C") _files -/; return ;;
        *" --timeout") return ;;
    esac
    case $command_path in
        '')
            commands=( 'start:Bring everything up' 'status:What is up' 'test:Run everything that a push would run' 'dbt:dbt on the sandbox' 'hook:The pre-push hook' 'completion:Print a completion script' 'help:Show how a command is used' )
            options=( )
            ;;
        'start')
            commands=( )
            options=( )
            ;;
        'status')
            commands=( )
            options=( )
            ;;
        'test')
            commands=( 'dag:Run one DAG for real, in this process, on a private metadata database of its own' 'dags:Import all DAG files' )
            options=( '--task:Only this task and nothing around it' '--runtime:Where services run' '--changed:Only what changed since BASE' '--retries:Try again so often' '--since:Not older than this' '--only:Only these parts' '--follow:Wait for more' '--deep:Look deeper' )
            ;;
        'test dag')
            commands=( )
            options=( '--task:Only this task and nothing around it' '--runtime:Where services run' '--changed:Only what changed since BASE' '--retries:Try again so often' '--since:Not older than this' '--only:Only these parts' '--follow:Wait for more' '--deep:Look deeper' )
            [[ $words[CURRENT] == -* ]] || compadd -- ${(f)"$($program __complete dags 2>/dev/null)"}
            ;;
        'test dags')
            commands=( )
            options=( )
            [[ $words[CURRENT] == -* ]] || _files
            ;;
        'dbt')
            commands=( )
            options=( )
            ;;
        'hook')
            commands=( 'install:Write the hook' 'uninstall:Remove the hook' )
            options=( )
            ;;
        'hook install')
            commands=( )
            options=( )
            ;;
        'hook uninstall')
            commands=( )
            options=( )
            ;;
        'completion')
            commands=( )
            options=( )
            ;;
    esac
    if [[ $words[CURRENT] == -* ]]; then
        options+=($global_options)
        _describe -o 'option' options
    elif (( $#commands )); then
        _describe 'command' commands
    fi
}
if [[ $funcstack[1] == _devbox ]]; then _devbox "$@"; else compdef _devbox devbox; fi
