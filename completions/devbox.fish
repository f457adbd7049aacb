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
            case -C --directory --timeout --only --runtime -o --output -n --lines --since --junit --report --task --date --conf --retries -f --format -t --table --limit
                set skip 1
            case '-*'
            case '*'
                switch (string trim -- "$found $word")
                    case 'start' 'status' 'logs' 'open' 'restart' 'stop' 'doctor' 'test' 'test dag' 'test dags' 'test dbt' 'watch' 'check' 'db' 'db seed' 'db query' 'db shell' 'db snapshot' 'db list' 'db diff' 'db restore' 'db reset' 'dbt' 'airflow' 'airbyte' 'airbyte start' 'airbyte stop' 'airbyte status' 'airbyte credentials' 'hook' 'hook install' 'hook uninstall' 'hook status' 'init' 'config' 'config show' 'config check' 'config compose' 'config schema' 'env' 'explain' 'completion' 'destroy' 'version'
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
complete -c devbox -n '__devbox_at ""' -a start -d 'Bring up Airflow, the sandbox database and dbt around this checkout'
complete -c devbox -n '__devbox_at ""' -a status -d 'Show what is up, from the supervisor\'s own file, in milliseconds'
complete -c devbox -n '__devbox_at ""' -a logs -d 'Show the services\' logs, merged in order of time'
complete -c devbox -n '__devbox_at ""' -a open -d 'Open Airflow\'s page, or the last test\'s report, in the browser'
complete -c devbox -n '__devbox_at ""' -a restart -d 'End services and start them again; databases and logs stay'
complete -c devbox -n '__devbox_at ""' -a stop -d 'End all services of this checkout; databases and logs stay'
complete -c devbox -n '__devbox_at ""' -a doctor -d 'Check everything that devbox needs, each with its remedy'
complete -c devbox -n '__devbox_at ""' -a test -d 'Test DAGs and dbt models; alone: everything that a push would run'
complete -c devbox -n '__devbox_at ""' -a watch -d 'Test what each saved file affects, as soon as it is saved'
complete -c devbox -n '__devbox_at ""' -a check -d 'Test a commit as a push would, without touching the working tree'
complete -c devbox -n '__devbox_at ""' -a db -d 'The sandbox database: seeds, queries, snapshots'
complete -c devbox -n '__devbox_at ""' -a dbt -d 'Run dbt on the sandbox database; target and profile are devbox\'s'
complete -c devbox -n '__devbox_at ""' -a airflow -d 'Run Airflow\'s own command line on this checkout\'s Airflow'
complete -c devbox -n '__devbox_at ""' -a airbyte -d 'The local Airbyte: start, stop, status, credentials'
complete -c devbox -n '__devbox_at ""' -a hook -d 'The pre-push hook: nothing broken leaves the machine'
complete -c devbox -n '__devbox_at ""' -a init -d 'Write a devbox.yaml for a checkout, or an example platform'
complete -c devbox -n '__devbox_at ""' -a config -d 'Show or check devbox.yaml'
complete -c devbox -n '__devbox_at ""' -a env -d 'Print the environment that DAGs and dbt get, secrets masked'
complete -c devbox -n '__devbox_at ""' -a explain -d 'Say what an error means and what to do about it'
complete -c devbox -n '__devbox_at ""' -a completion -d 'Print a completion script for bash, zsh or fish'
complete -c devbox -n '__devbox_at ""' -a destroy -d 'Remove what devbox made for this checkout; your files stay'
complete -c devbox -n '__devbox_at ""' -a version -d 'Print the version'
complete -c devbox -n '__devbox_at "start"' -l only -x -d 'bring up only these parts: sandbox, airflow, dbt, airbyte'
complete -c devbox -n '__devbox_at "start"' -l runtime -x -a 'auto docker native' -d 'where Airflow runs, instead of what devbox.yaml says'
complete -c devbox -n '__devbox_at "start"' -l no-airbyte -d 'leave Airbyte out'
complete -c devbox -n '__devbox_at "start"' -l open -d 'open Airflow\'s page in the browser once it is up'
complete -c devbox -n '__devbox_at "start"' -l timings -d 'say at the end what each step took'
complete -c devbox -n '__devbox_at "status"' -l short -d 'one line'
complete -c devbox -n '__devbox_at "status"' -s o -l output -x -a 'table json env' -d 'table, json or env (lines for a shell\'s eval)'
complete -c devbox -n '__devbox_at "status"' -s w -l watch -d 'then a line for each change, until Ctrl-C (exit code 0)'
complete -c devbox -n '__devbox_at "logs"' -s f -l follow -d 'go on showing new lines until Ctrl-C'
complete -c devbox -n '__devbox_at "logs"' -s n -l lines -x -d 'how many of the last lines, default 100'
complete -c devbox -n '__devbox_at "logs"' -l since -x -d 'only lines younger than this, e.g. 10m'
complete -c devbox -n '__devbox_at "logs"' -a '(devbox __complete services 2>/dev/null)'
complete -c devbox -n '__devbox_at "restart"' -a '(devbox __complete services 2>/dev/null)'
complete -c devbox -n '__devbox_at "test"' -a dag -d 'Run one DAG here and now, with each task\'s result, log and data'
complete -c devbox -n '__devbox_at "test"' -a dags -d 'Import every DAG file, and say what is wrong or slow in it'
complete -c devbox -n '__devbox_at "test"' -a dbt -d 'Build and test dbt models on a private copy of the sandbox'
complete -c devbox -n '__devbox_at "test"' -l changed -d 'DAG files and models that are affected by what changed since BASE (default: the default branch)'
complete -c devbox -n '__devbox_at "test"' -l fail-fast -d 'stop after the first part that is red: DAGs, their runs, dbt'
complete -c devbox -n '__devbox_at "test"' -l junit -r -F -d 'write the verdict as JUnit XML'
complete -c devbox -n '__devbox_at "test"' -l report -r -F -d 'write the verdict as one HTML page'
complete -c devbox -n '__devbox_at "test dag"' -l task -x -d 'run only this task'
complete -c devbox -n '__devbox_at "test dag"' -l date -x -d 'logical date, e.g. 2026-01-31; default now'
complete -c devbox -n '__devbox_at "test dag"' -l conf -x -d 'configuration of the run, a JSON object'
complete -c devbox -n '__devbox_at "test dag"' -l retries -x -d 'retries per task, default 0'
complete -c devbox -n '__devbox_at "test dag"' -l keep -d 'keep the run\'s private folder and say where it is'
complete -c devbox -n '__devbox_at "test dag"' -l debug -d 'let an editor\'s debugger attach (debugpy); with =pdb, pdb on this terminal'
complete -c devbox -n '__devbox_at "test dag"' -l watch -d 'run it again after each save below dags, plugins and dbt, until Ctrl-C (exit code 0)'
complete -c devbox -n '__devbox_at "test dag"' -l junit -r -F -d 'write the verdict as JUnit XML'
complete -c devbox -n '__devbox_at "test dag"' -l report -r -F -d 'write the verdict as one HTML page'
complete -c devbox -n '__devbox_at "test dag"' -a '(devbox __complete dags 2>/dev/null)'
complete -c devbox -n '__devbox_at "test dags"' -l changed -d 'DAG files that are affected by what changed since BASE (default: the default branch)'
complete -c devbox -n '__devbox_at "test dags"' -l fail-fast -d 'stop after the first DAG file that is red'
complete -c devbox -n '__devbox_at "test dags"' -l junit -r -F -d 'write the verdict as JUnit XML'
complete -c devbox -n '__devbox_at "test dags"' -l report -r -F -d 'write the verdict as one HTML page'
complete -c devbox -n '__devbox_at "test dags"' -F
complete -c devbox -n '__devbox_at "test dbt"' -l changed -d 'what changed since BASE (default: the default branch), and all that is made from it'
complete -c devbox -n '__devbox_at "test dbt"' -l fail-fast -d 'stop after the first model or test that is red, as dbt does'
complete -c devbox -n '__devbox_at "test dbt"' -l junit -r -F -d 'write the verdict as JUnit XML'
complete -c devbox -n '__devbox_at "test dbt"' -l report -r -F -d 'write the verdict as one HTML page'
complete -c devbox -n '__devbox_at "check"' -l no-cache -d 'test the commit though the same tree passed before'
complete -c devbox -n '__devbox_at "check"' -l fail-fast -d 'stop after the first part that is red: seeds, DAGs, their runs, dbt'
complete -c devbox -n '__devbox_at "check"' -l junit -r -F -d 'write the verdict as JUnit XML'
complete -c devbox -n '__devbox_at "check"' -l report -r -F -d 'write the verdict as one HTML page'
complete -c devbox -n '__devbox_at "db"' -a seed -d 'Load changed seed files into the sandbox database'
complete -c devbox -n '__devbox_at "db"' -a query -d 'Run one SQL statement on the sandbox database'
complete -c devbox -n '__devbox_at "db"' -a shell -d 'SQLite\'s own shell (sqlite3 on PATH) on the sandbox database'
complete -c devbox -n '__devbox_at "db"' -a snapshot -d 'Keep the sandbox database as it is now, to go back to'
complete -c devbox -n '__devbox_at "db"' -a list -d 'List the snapshots of the sandbox database, newest first'
complete -c devbox -n '__devbox_at "db"' -a diff -d 'What differs between the sandbox database and a snapshot'
complete -c devbox -n '__devbox_at "db"' -a restore -d 'Make the sandbox database what it was in a snapshot'
complete -c devbox -n '__devbox_at "db"' -a reset -d 'Empty the sandbox database and load the seeds again'
complete -c devbox -n '__devbox_at "db query"' -s f -l format -x -a 'table csv json' -d 'table, csv or json (one object per row)'
complete -c devbox -n '__devbox_at "db query"' -s w -l write -d 'allow a statement that changes something'
complete -c devbox -n '__devbox_at "db diff"' -s t -l table -x -d 'its rows that differ: - only then, + only now'
complete -c devbox -n '__devbox_at "db diff"' -s n -l limit -x -d 'with --table: at most so many rows (default 20)'
complete -c devbox -n '__devbox_at "db diff"' -a '(devbox __complete snapshots 2>/dev/null)'
complete -c devbox -n '__devbox_at "db restore"' -l last -d 'the newest snapshot'
complete -c devbox -n '__devbox_at "db restore"' -a '(devbox __complete snapshots 2>/dev/null)'
complete -c devbox -n '__devbox_at "airbyte"' -a start -d 'Bring Airbyte up and wait until it is healthy'
complete -c devbox -n '__devbox_at "airbyte"' -a stop -d 'Stop Airbyte\'s cluster; its data stays'
complete -c devbox -n '__devbox_at "airbyte"' -a status -d 'Whether Airbyte is up, and where'
complete -c devbox -n '__devbox_at "airbyte"' -a credentials -d 'Login of Airbyte\'s page and keys of its API'
complete -c devbox -n '__devbox_at "airbyte credentials"' -l reveal -d 'show password and client secret'
complete -c devbox -n '__devbox_at "hook"' -a install -d 'Write the pre-push hook of this repository'
complete -c devbox -n '__devbox_at "hook"' -a uninstall -d 'Remove the hook that devbox wrote'
complete -c devbox -n '__devbox_at "hook"' -a status -d 'Say whether pushes are tested, and by which devbox'
complete -c devbox -n '__devbox_at "init"' -l example -d 'write a small data platform to start from'
complete -c devbox -n '__devbox_at "init"' -a '(__fish_complete_directories)'
complete -c devbox -n '__devbox_at "config"' -a show -d 'Print the effective configuration and where each value comes from'
complete -c devbox -n '__devbox_at "config"' -a check -d 'Look for mistakes in devbox.yaml, .env and the DAG folder'
complete -c devbox -n '__devbox_at "config"' -a compose -d 'Print the compose file of the Docker runtime as start would render it'
complete -c devbox -n '__devbox_at "config"' -a schema -d 'Print the JSON Schema of devbox.yaml, for editors'
complete -c devbox -n '__devbox_at "config show"' -l reveal -d 'show passwords and connections in full'
complete -c devbox -n '__devbox_at "config compose"' -l reveal -d 'show passwords and connections in full'
complete -c devbox -n '__devbox_at "env"' -l reveal -d 'show secrets in full'
