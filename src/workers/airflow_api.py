"""What differs between Airflow 2 (REST API v1) and Airflow 3 (REST API v2): the only module that knows."""

import importlib
import sys

COMPONENT_MODULES_2 = (
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.jobs.dag_processor_job_runner",
    "airflow.models.dagbag",
    "airflow.serialization.serialized_objects",
    "airflow.executors.local_executor",
    "airflow.dag_processing.manager",
    "airflow.dag_processing.processor",
    "airflow.providers_manager",
    "airflow.cli.cli_parser",
)
COMPONENT_MODULES_3 = (
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.jobs.dag_processor_job_runner",
    "airflow.models.dagbag",
    "airflow.serialization.serialized_objects",
    "airflow.executors.local_executor",
    "airflow.dag_processing.manager",
    "airflow.providers_manager",
    "airflow.cli.cli_parser",
    "airflow.api_fastapi.app",
    "airflow.api_fastapi.core_api.app",
    "airflow.api_fastapi.execution_api.app",
    "airflow.sdk.execution_time.task_runner",
    "uvicorn",
)


def version():
    """Airflow's version as text; the first call imports Airflow."""
    import airflow

    return airflow.__version__


def is_airflow_3():
    return int(version().split(".")[0]) >= 3


def import_for_components():
    """Import what the components have in common, so that their processes share it."""
    for name in COMPONENT_MODULES_3 if is_airflow_3() else COMPONENT_MODULES_2:
        importlib.import_module(name)
    close_database()


def close_database():
    """Leave no connection behind: an SQLite connection must not be carried across a fork."""
    from airflow import settings

    if settings.Session is not None:
        settings.Session.remove()
    if settings.engine is not None:
        settings.engine.dispose()


def run_component(argv):
    """Run `airflow ARGV` in this process; returns or raises SystemExit when it ends."""
    sys.argv = ["airflow", *argv]
    if argv[0] == "dag-processor" and not is_airflow_3():
        _run_dag_processor_2(argv)
        return
    from airflow.__main__ import main

    main()


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
