"""Airflow's own command line, run by the Python of an environment: imported once, so that a command costs a fork and not 2 to 6 s of CPU.

Each line of stdin is {"argv", "home", "variables"}: the command runs in `home`, with stdout and stderr in its out.txt and err.txt.
Each is answered with a line, its exit code. Nothing of devbox is in it.
"""
import importlib.util
import json
import os
import signal
import sys
import threading

LIMIT_S = 120
# Not the parser of the command line: its default for the DAGs folder is that of the moment of its import.
IMPORTED = ("airflow.cli.commands.dag_command", "airflow.models.dagbag", "airflow.providers_manager")
IMPORTED_OF_3 = ("airflow.sdk.execution_time.supervisor", "airflow.sdk.execution_time.task_runner", "airflow.api_fastapi.execution_api.routes",
                 "airflow.api_fastapi.execution_api.versions", "airflow.jobs.scheduler_job_runner", "flask_appbuilder.security.sqla.manager", "a2wsgi")


def build_task_api():
    """Airflow 3.0 makes the routes of its task API anew for each run of `dags test`, which is two thirds of that run's CPU."""
    module = importlib.import_module("airflow.api_fastapi.execution_api.app")
    application = module.create_task_execution_api_app()
    application._cadwyn_initialize()
    module.create_task_execution_api_app = lambda: application  # each command is a fork, and the only one that uses it there


def run_command(argv, home, variables):
    for number, name in ((0, os.devnull), (1, home + "/out.txt"), (2, home + "/err.txt")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
    os.chdir(home)
    os.environ.update(variables)
    sys.path.insert(0, variables["AIRFLOW__CORE__DAGS_FOLDER"])
    settings = importlib.import_module("airflow.settings")
    settings.configure_vars()
    settings.configure_orm()
    sys.argv = ["airflow", *argv]
    importlib.import_module("airflow.__main__").main()


def run_in_fork(request):
    """The exit code of the command."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run_command(**request)
            status = 0
        except SystemExit as ending:
            status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    limit = threading.Timer(LIMIT_S, os.kill, (pid, signal.SIGKILL))
    limit.start()
    status = os.waitpid(pid, 0)[1]
    limit.cancel()
    return os.waitstatus_to_exitcode(status)


def main():
    is_3 = importlib.util.find_spec("airflow.sdk") is not None
    for name in IMPORTED + (IMPORTED_OF_3 if is_3 else ()):
        importlib.import_module(name)
    if is_3:
        build_task_api()
    for line in sys.stdin:
        print(run_in_fork(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
