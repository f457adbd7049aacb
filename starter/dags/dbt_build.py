"""Builds and tests the dbt project with the `dbt` found on PATH."""
import os
from pathlib import Path

import pendulum

from helpers.airflow_names import DAG, BashOperator

# devbox sets the variable where dags/ is mounted or copied away from the rest of the checkout
PROJECT = os.environ.get("DEVBOX_DBT_PROJECT") or str(Path(__file__).resolve().parents[1] / "dbt")

with DAG(
    dag_id="dbt_build",
    schedule="@daily",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    tags=["dbt"],
    doc_md=__doc__,
):
    BashOperator(task_id="dbt_build", bash_command="dbt build", cwd=PROJECT)
