"""What differs between Airflow 2 (REST API v1) and Airflow 3 (REST API v2); beside airflow_runs.py the only module that knows."""

import faulthandler
import functools
import importlib
import inspect
import resource
import sys
from pathlib import Path
from types import SimpleNamespace

# What importing nearly every DAG file needs.
DAG_MODULES = ("airflow.models.dag", "airflow.models.dagbag", "airflow.serialization.serialized_objects")
DAG_MODULES_2 = ("airflow.decorators", "airflow.operators.python")
DAG_MODULES_3 = ("airflow.sdk.definitions.decorators", "airflow.providers.standard.operators.python")
# What the components need beyond that, or each process that they fork for a file or task.
COMPONENT_MODULES = (
    # The DAG processor of 2.10 uses it without importing it: with no DAG file it would end at once.
    "multiprocessing.connection",
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.jobs.dag_processor_job_runner",
    "airflow.executors.local_executor",
    "airflow.dag_processing.manager",
    "airflow.dag_processing.processor",
    "airflow.cli.cli_parser",
)
COMPONENT_MODULES_2 = (
    "airflow.operators.bash",
    "airflow.operators.trigger_dagrun",
    "airflow.sensors.external_task",
    "airflow.www.security_appless",
)
COMPONENT_MODULES_3 = (
    "airflow.api_fastapi.app",
    "airflow.api_fastapi.core_api.app",
    "airflow.api_fastapi.execution_api.app",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.providers.standard.sensors.external_task",
    "airflow.sdk.execution_time.task_runner",
    "uvicorn",
)

WEB_SERVERS = ("webserver", "api-server")
COMMS_ADVICE = (
    "a Variable or Connection of airflow.sdk was read while the file was imported; Airflow 3 allows that only inside a running task. "
    "Read it in the task, or as a template: {{ var.value.NAME }}, {{ conn.NAME.host }}"
)


def version():
    """Airflow's version as text; the first call imports Airflow."""
    import airflow

    return airflow.__version__


def is_airflow_3():
    return int(version().split(".")[0]) >= 3


def import_for_components():
    """Import what the components have in common, so that their processes share it."""
    from airflow import models
    from sqlalchemy.orm import configure_mappers

    for name in COMPONENT_MODULES + (COMPONENT_MODULES_3 if is_airflow_3() else COMPONENT_MODULES_2):
        importlib.import_module(name)
    models.import_all_models()
    configure_mappers()
    import_for_requests()


def import_for_requests():
    """Import what DAG files need, so that the processes forked for them share it."""
    from airflow.providers_manager import ProvidersManager

    for name in DAG_MODULES + (DAG_MODULES_3 if is_airflow_3() else DAG_MODULES_2):
        importlib.import_module(name)
    # Only reading the property makes it look for the decorators of all providers.
    _ = ProvidersManager().taskflow_decorators
    close_database()


def close_database():
    """An SQLite connection must not be carried across a fork."""
    from airflow import settings

    if settings.Session is not None:
        settings.Session.remove()
    if settings.engine is not None:
        settings.engine.dispose()


def run_component(argv):
    """Run `airflow ARGV` in this process; returns or raises SystemExit when it ends."""
    sys.argv = ["airflow", *argv]
    # A component that crashes in C, or that devbox ends because it hangs, says in its log where it was.
    faulthandler.enable()
    if argv[0] in WEB_SERVERS:  # which devbox ends by SIGABRT; an image of its memory would only fill the disk
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if argv[0] == "dag-processor" and not is_airflow_3():
        _run_dag_processor_2(argv)
        return
    if argv[0] == "webserver":
        _serve_in_this_process_2()
    from airflow.__main__ import main

    main()


def _serve_in_this_process_2():
    """Let the command become gunicorn: as its child gunicorn would import Airflow anew, and its end go unnoticed for minutes."""
    from airflow.cli.commands import webserver_command
    from airflow.www import gunicorn_config

    # Nobody uses it, and its thread runs while the worker is forked, which may then hang. Older ones pass over the unknown name.
    gunicorn_config.control_socket_disable = True
    # Once it has begun, a worker takes SIGABRT as a wish to end, and says nothing.
    gunicorn_config.worker_abort = lambda _: faulthandler.dump_traceback()

    def become_gunicorn(argv, **_):
        from gunicorn.app.wsgiapp import run

        sys.argv = argv[argv.index("gunicorn") :]
        run(prog="gunicorn")

    webserver_command.subprocess = SimpleNamespace(Popen=become_gunicorn)


def _run_dag_processor_2(argv):
    """What the command does after refusing SQLite, a refusal that is out of date for a database in WAL mode."""
    from airflow.cli import cli_parser
    from airflow.cli.commands import dag_processor_command
    from airflow.dag_processing.manager import reload_configuration_for_dag_processing
    from airflow.jobs.job import run_job

    args = cli_parser.get_parser().parse_args(argv)
    runner = dag_processor_command._create_dag_processor_job_runner(args)
    reload_configuration_for_dag_processing()
    run_job(job=runner.job, execute_callable=runner._execute)


def list_python_files(folder):
    """Every Python file below `folder` that .airflowignore lets through."""
    from airflow.utils.file import list_py_file_paths

    options = {"safe_mode": False}
    if "include_examples" in _parameters(list_py_file_paths):
        options["include_examples"] = False
    return sorted(str(path) for path in list_py_file_paths(folder, **options))


@functools.cache
def _parameters(function):
    return tuple(inspect.signature(function).parameters)


def looks_like_dag_file(path):
    """Airflow's own quick look at the text, which decides whether it imports the file at all."""
    from airflow.configuration import conf
    from airflow.utils.file import might_contain_dag

    return might_contain_dag(path, conf.getboolean("core", "DAG_DISCOVERY_SAFE_MODE", fallback=True))


def new_dag_bag(folder):
    """An empty DagBag whose process_file() loads one file."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag

    wanted = {"include_examples": False, "collect_dags": False, "load_op_links": False, "bundle_path": Path(folder)}
    known = _parameters(DagBag.__init__)
    return DagBag(folder, **{name: value for name, value in wanted.items() if name in known})


def dag_classes():
    """The classes behind every DAG that a file can define."""
    from airflow.models.dag import DAG

    return [cls for cls in DAG.__mro__ if cls.__name__ == "DAG" and "__init__" in vars(cls)]


def setting_readers():
    """(owner, name, kind) of every function through which a Variable or Connection is looked up, its name being the first text given."""
    from airflow.models import Connection, Variable

    readers = [(Variable, "get_variable_from_secrets", "variable"), (Connection, "get_connection_from_secrets", "connection")]
    if is_airflow_3():
        from airflow.sdk.execution_time import context

        readers += [(context, "_get_variable", "variable"), (context, "_get_connection", "connection")]
    return readers


def serialize(dag):
    """Raises when the scheduler and the web server could not be told about this DAG."""
    from airflow.serialization import serialized_objects

    # Its name since 3.2.
    serializer = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    serializer.to_dict(dag)


def explain(error):
    """A sentence for an error whose own message hides the reason; else None."""
    if isinstance(error, ImportError) and "SUPERVISOR_COMMS" in str(error):
        return COMMS_ADVICE
    return None
