"""Running a DAG in this process, on Airflow 2 and 3: what dag.test() needs, and how its tasks are observed."""

import contextlib
import functools
import logging
import sys
import time
from datetime import timedelta

import airflow_api
import airflow_records

TURN_S = 0.05
OLD_ROUTE_TAG = "_CADWYN_DELETED_ROUTE"


def only_task(dag, task_id):
    """A copy of `dag` that holds this one task."""
    return dag.partial_subset([task_id], include_upstream=False, include_downstream=False)


def set_retries(dag, retries):
    """Retries never wait: nobody watches a test to see a delay."""
    _change_tasks(dag, {"retries": retries, "retry_delay": timedelta(0)})


def lift_timeouts(dag):
    """Whoever stands at a breakpoint takes his time."""
    _change_tasks(dag, {"execution_timeout": None})


def _change_tasks(dag, changes):
    for task in dag.tasks:
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs.update(changes)
        else:
            for name, value in changes.items():
                setattr(task, name, value)


def run_dag(dag, logical_date, conf, observer):
    """Run the DAG in this process and return its DagRun.

    `observer` is told of every attempt: begin(ti), failed(error), skipped(reason), end(ti).
    """
    from airflow.utils import timezone

    date = timezone.parse(logical_date) if logical_date else timezone.utcnow()
    with contextlib.ExitStack() as changes:
        _observe_skips(observer, changes)
        if airflow_api.is_airflow_3():
            _observe_3(observer, changes)
            airflow_records.write_records(dag, functools.partial(_replace, changes))
            return dag.test(logical_date=date, run_conf=conf)
        _observe_2(observer, changes)
        return dag.test(execution_date=date, run_conf=conf)


def _replace(changes, place, name, value):
    """Until `changes` ends: a process that forks must not keep what one run needed."""
    changes.callback(setattr, place, name, getattr(place, name))
    setattr(place, name, value)


def _look_sooner(module, changes):
    """dag.test() sleeps for a whole second before it looks whether a failure has ended the run."""
    sleep = time.sleep

    def sleep_less(seconds):
        caller = sys._getframe(1).f_code
        is_loop = caller.co_filename == module.__file__ and caller.co_name == "test"
        sleep(min(seconds, TURN_S) if is_loop else seconds)

    _replace(changes, time, "sleep", sleep_less)


def _log_once():
    """dag.test() gives the tasks' logger a handler of its own though its records also go up to the root's: each would stand twice."""
    logger = logging.getLogger("airflow.task")
    if logger.propagate and logging.getLogger().handlers:
        for handler in [handler for handler in logger.handlers if type(handler) is logging.StreamHandler]:
            logger.removeHandler(handler)


def _observe_skips(observer, changes):
    """Airflow catches this exception deep inside, and keeps its reason in the log only."""
    from airflow.exceptions import AirflowSkipException

    def remember(self, *words):
        super(AirflowSkipException, self).__init__(*words)
        observer.skipped(" ".join(str(word) for word in words))

    _replace(changes, AirflowSkipException, "__init__", remember)


def _observe_2(observer, changes):
    from airflow.models import dag as module

    run_task = module._run_task

    def observed(*, ti, **options):
        observer.begin(ti)
        _log_once()
        try:
            return run_task(ti=ti, **options)
        except BaseException as error:
            observer.failed(error)
            raise
        finally:
            observer.end(ti)

    _replace(changes, module, "_run_task", observed)
    _look_sooner(module, changes)


def _observe_3(observer, changes):
    from airflow.sdk.definitions import dag as module
    from airflow.sdk.execution_time import supervisor

    build_task_api()
    run_task, run_in_process = module._run_task, supervisor.run_task_in_process

    def observed(*, ti, **options):
        observer.begin(ti)
        _log_once()
        try:
            return run_task(ti=ti, **options)
        finally:
            observer.end(ti)

    def observed_in_process(*args, **options):
        try:
            result = run_in_process(*args, **options)
        except BaseException as error:
            observer.failed(error)
            raise
        if result.error is not None:
            observer.failed(result.error)
        return result

    _replace(changes, module, "_run_task", observed)
    _look_sooner(module, changes)
    _replace(changes, supervisor, "run_task_in_process", observed_in_process)


def build_task_api():
    """Build the API application of the tasks once and now: 3.0 does it within each task, which takes longer than most tasks."""
    from airflow.sdk.execution_time import supervisor

    if not hasattr(supervisor.in_process_api_server, "cache_info"):
        supervisor.in_process_api_server = functools.lru_cache(maxsize=1)(supervisor.in_process_api_server)
    with _newest_task_api_only():
        application = supervisor.in_process_api_server().app
    if not getattr(application, "_cadwyn_initialized", True):
        application._cadwyn_initialize()
    if application.middleware_stack is None:
        application.middleware_stack = application.build_middleware_stack()


@contextlib.contextmanager
def _newest_task_api_only():
    """Airflow makes every version of the API that an older worker could speak; each costs as much time and memory as this one."""
    from airflow.api_fastapi.execution_api import versions
    from airflow.api_fastapi.execution_api.routes import execution_api_router as router
    from airflow.sdk.api.datamodels._generated import API_VERSION
    from cadwyn import Version, VersionBundle

    every, routes = versions.bundle, router.routes
    if every.versions[0].value == API_VERSION:
        versions.bundle = VersionBundle(every.head_version, Version(API_VERSION))
        # What only older versions have must not be there without them.
        router.routes = [route for route in routes if OLD_ROUTE_TAG not in getattr(route, "tags", ())]
    try:
        yield
    finally:
        versions.bundle, router.routes = every, routes
