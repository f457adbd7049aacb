"""An Airflow that was imported once, for processes that are forked from it: hot before, then made at home in their surroundings."""

import contextlib
import gc
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import sys
import time

import airflow_api
import airflow_runs
import dag_files
from host_process import thread_count

# Set by devbox: an empty metadata database, of which everything that runs gets a copy.
TEMPLATE_VARIABLE = "DEVBOX_METADATA_TEMPLATE"
THREAD_END_S = 2.0

# What imports nearly every run, beyond what DAG files need.
RUN_MODULES_2 = ("airflow.operators.bash", "airflow.operators.empty", "airflow.models.mappedoperator", "airflow.jobs.triggerer_job_runner")
RUN_MODULES_3 = (
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.empty",
    "airflow.sdk.execution_time.task_runner",
)

# One of each of what runs for the first time slowly: a value handed on, a mapped task, a program, a failure.
TINY_DAG = """
import datetime
try:
    from airflow.sdk import DAG, task
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.bash import BashOperator
with DAG("devbox_warm_up", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):
    @task
    def make():
        return [1, 2]
    @task
    def take(number):
        return number
    @task
    def fail():
        raise ValueError("this failure belongs to the warm-up")
    take.expand(number=make()) >> BashOperator(task_id="program", bash_command="true") >> fail()
"""

# Airflow 3 takes these if they are there, for pages and clients that no run uses: 25 MB and a tenth of the time to import it.
WEB_FRAMEWORKS_3 = ("aiohttp", "flask", "flask_appbuilder", "flask_babel", "wtforms")

# What keeps plugins and what was made of them, in Airflow and in the SDK that is apart from it since 3.2.
PLUGIN_MODULES = ("airflow.plugins_manager", "airflow.listeners.listener", "airflow.sdk.plugins_manager", "airflow.sdk.listener")

# The file that all connections of this process lead to; None: the one that Airflow was imported with.
_database = None
_was_imported_elsewhere = False


def prepare_home(home):
    """An empty world for the import: no database, no plugins, nothing of the checkout."""
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(os.path.join(home, "plugins"), mode=0o700)
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = os.path.join(home, "plugins")
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = os.path.join(home, "dags")
    os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = os.path.join(home, "logs")
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:///" + os.path.join(home, "airflow.db")
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_ENABLED"] = "False"
    return home


@contextlib.contextmanager
def without_web_frameworks():
    """Import Airflow as if they were not installed; who asks for one afterwards, in a run, gets it."""
    names = WEB_FRAMEWORKS_3 if importlib.metadata.version("apache-airflow").startswith("3.") else ()
    left_out = [name for name in names if name not in sys.modules]  # .pth files of packages import what they like
    for name in left_out:
        sys.modules[name] = None
    try:
        yield
    finally:
        for name in left_out:
            sys.modules.pop(name, None)


def redirect_connections():
    """Engines are made while Airflow is imported; the file that they open is known only with a request."""
    from airflow import settings
    from sqlalchemy import event

    global _was_imported_elsewhere
    _was_imported_elsewhere = True
    for engine in _engines(settings):

        @event.listens_for(engine, "do_connect")
        def connect(dialect, _record, arguments, options):
            return dialect.connect(*([_database] if _database else arguments), **options)

        @event.listens_for(engine, "connect")
        def relax(connection, _record):
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.close()


def _engines(settings):
    engine = getattr(settings, "async_engine", None)
    return [settings.engine] + ([engine.sync_engine] if engine is not None else [])


def settle(request):
    """Tell an Airflow that was imported elsewhere where it is now, once; the environment already says it."""
    global _database
    database, folder = database_of(request), request["dags_folder"]
    if not _was_imported_elsewhere or _database == database:
        return
    from airflow import settings

    _database = database
    settings.DAGS_FOLDER = folder
    settings.PLUGINS_FOLDER = os.environ.get("AIRFLOW__CORE__PLUGINS_FOLDER") or settings.PLUGINS_FOLDER
    for path in (folder, settings.PLUGINS_FOLDER):
        if path not in sys.path:
            sys.path.append(path)
    for handler in logging.getLogger("airflow.task").handlers:
        if hasattr(handler, "local_base"):
            handler.local_base = os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]
    if _look_around():
        settings.import_local_settings()


def database_of(request):
    """The metadata database of this request alone."""
    return os.path.join(request["work_dir"], "airflow.db")


def _look_around():
    """Whether there are local settings, after forgetting what was not there before."""
    _forget_missing_folders()
    _forget_plugins()
    return importlib.util.find_spec("airflow_local_settings") is not None


def rehearse():
    """What every process of a request begins with, and what changes nothing for it."""
    _look_around()
    airflow_api.list_python_files(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


def _forget_missing_folders():
    """There may be one now. Of those that were there Python looks at the time of change itself; told to forget them all, it lists each anew."""
    for path, finder in list(sys.path_importer_cache.items()):
        if finder is None or not os.path.isabs(path):
            del sys.path_importer_cache[path]
        elif not isinstance(finder, importlib.machinery.FileFinder) and hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()  # a zip archive


def _forget_plugins():
    """What the run for warming up looked for was not the plugins of this request: Airflow looks once, and keeps what it made of it."""
    for module in [sys.modules[name] for name in PLUGIN_MODULES if name in sys.modules]:
        for name, kind in module.__annotations__.items():
            if str(kind).endswith("| None"):
                setattr(module, name, None)
        for name in ("import_errors", "loaded_plugins"):
            getattr(module, name, set()).clear()
        for found in list(vars(module).values()):
            if callable(found) and hasattr(found, "cache_clear"):
                found.cache_clear()


def warm_up(home):
    """Run a tiny DAG here, so that compiled queries, validators and handlers are there; then be fit to fork again."""
    started = time.monotonic()
    for name in RUN_MODULES_3 if airflow_api.is_airflow_3() else RUN_MODULES_2:
        importlib.import_module(name)
    template = os.environ.get(TEMPLATE_VARIABLE)
    if template and os.path.exists(template):
        _run_tiny_dag(home, template)
    print(f"warm after {time.monotonic() - started:.1f} s, {thread_count()} threads", flush=True)


def _run_tiny_dag(home, template):
    global _database
    _database = os.path.join(home, "warm.db")
    path = os.path.join(home, "dags", "airflow_dag.py")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(TINY_DAG)
    shutil.copyfile(template, _database)
    try:
        found = dag_files.load(path, os.path.dirname(path))
        dag_files.check_dags(found, _database)
        dag = found.dags["devbox_warm_up"]
        airflow_runs.set_retries(dag, 0)
        airflow_runs.run_dag(dag, None, {}, _Silent())
    finally:
        _close()
        _database = None
        for name in [name for name in sys.modules if name.startswith("unusual_prefix_")]:
            sys.modules.pop(name, None)


class _Silent:
    def __getattr__(self, _):
        return lambda *_: None


def _close():
    from airflow import settings

    airflow_api.close_database()
    for engine in _engines(settings)[1:]:
        engine.dispose(close=False)
    if airflow_api.is_airflow_3():
        _end_task_api()


def _end_task_api():
    """Its thread must be gone before a fork; the application that it served, which takes seconds to make, stays."""
    import functools

    from airflow.sdk.execution_time import supervisor

    used = supervisor.in_process_api_server()
    loop = used.transport.app.loop
    fresh = type(used)()
    fresh._app = used.app
    supervisor.in_process_api_server = functools.lru_cache(maxsize=1)(lambda: fresh)
    del used
    gc.collect()
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(loop.stop)
    deadline = time.monotonic() + THREAD_END_S
    while thread_count() > 1 and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    if not loop.is_running() and not loop.is_closed():
        loop.close()
