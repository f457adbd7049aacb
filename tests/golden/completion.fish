# fish completion for devbox. Made by: devbox completion fish
function __devbox_path
    set -l words (commandline -opc)
    set -e words[1]
    set -l found ''
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case -C --directory --timeout --task -r --runtime -n --retries --since --only
                set skip 1
            case '-*'
            case '*'
                switch (string trim -- "$found $word")
                    case 'start' 'status' 'test' 'test dag' 'test dags' 'dbt' 'hook' 'hook install' 'hook uninstall' 'completion'
                        set found (string trim -- "$found $word")
                end
        end
    end
    echo $found
end

function __devbox_at
    set -l found (__devbox_path)
    test "$found" = "$argv[1]"
end

complete -c devbox -f
complete -c devbox -n '__devbox_at ""' -a help -d 'Show how a command is used'
complete -c devbox -s C -l directory -x -a '(__fish_complete_directories)' -d 'Work in DIR instead of the current folder'
complete -c devbox -l json -d 'Print the result as JSON'
complete -c devbox -s q -l quiet -d 'Only results, warnings and failures'
complete -c devbox -s v -l verbose -d 'More detail; -vv for debugging'
complete -c devbox -l no-color -d 'No colours (so does NO_COLOR=1)'
complete -c devbox -s y -l yes -d 'Confirm what would delete or install something'
complete -c devbox -l timeout -x -d 'Give up after this long: 90s, 5m'
complete -c devbox -l dry-run -d 'Say what would be done, change nothing'
complete -c devbox -s h -l help -d 'Show this help'
complete -c devbox -s V -l version -d 'Show the version'
complete -c devbox -n '__devbox_at ""' -a start -d 'Bring everything up'
complete -c devbox -n '__devbox_at ""' -a status -d 'What is up'
complete -c devbox -n '__devbox_at ""' -a test -d 'Run everything that a push would run'
complete -c devbox -n '__devbox_at ""' -a dbt -d 'dbt on the sandbox'
complete -c devbox -n '__devbox_at ""' -a hook -d 'The pre-push hook'
complete -c devbox -n '__devbox_at ""' -a completion -d 'Print a completion script'
complete -c devbox -n '__devbox_at "test"' -a dag -d 'Run one DAG for real, in this process, on a private metadata database of its own'
complete -c devbox -n '__devbox_at "test"' -a dags -d 'Import all DAG files'
complete -c devbox -n '__devbox_at "test"' -l task -x -d 'Only this task and nothing around it'
complete -c devbox -n '__devbox_at "test"' -s r -l runtime -x -a 'docker native' -d 'Where services run'
complete -c devbox -n '__devbox_at "test"' -l changed -d 'Only what changed since BASE'
complete -c devbox -n '__devbox_at "test"' -s n -l retries -x -d 'Try again so often'
complete -c devbox -n '__devbox_at "test"' -l since -x -d 'Not older than this'
complete -c devbox -n '__devbox_at "test"' -l only -x -d 'Only these parts'
complete -c devbox -n '__devbox_at "test"' -s f -l follow -d 'Wait for more'
complete -c devbox -n '__devbox_at "test"' -s d -l deep -d 'Look deeper'
complete -c devbox -n '__devbox_at "test dag"' -l task -x -d 'Only this task and nothing around it'
complete -c devbox -n '__devbox_at "test dag"' -s r -l runtime -x -a 'docker native' -d 'Where services run'
complete -c devbox -n '__devbox_at "test dag"' -l changed -d 'Only what changed since BASE'
complete -c devbox -n '__devbox_at "test dag"' -s n -l retries -x -d 'Try again so often'
complete -c devbox -n '__devbox_at "test dag"' -l since -x -d 'Not older than this'
complete -c devbox -n '__devbox_at "test dag"' -l only -x -d 'Only these parts'
complete -c devbox -n '__devbox_at "test dag"' -s f -l follow -d 'Wait for more'
complete -c devbox -n '__devbox_at "test dag"' -s d -l deep -d 'Look deeper'
complete -c devbox -n '__devbox_at "test dag"' -a '(devbox __complete dags 2>/dev/null)'
complete -c devbox -n '__devbox_at "test dags"' -F
complete -c devbox -n '__devbox_at "hook"' -a install -d 'Write the hook'
complete -c devbox -n '__devbox_at "hook"' -a uninstall -d 'Remove the hook'
