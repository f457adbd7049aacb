"""Parameters with defaults, one of them given by the run."""

# file: pass
# with params: --conf '{"limit": 3}'
# run params = success: success show

import datetime

try:
    from airflow.sdk import Param
except ImportError:  # Airflow 2
    from airflow.models.param import Param

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG(
    "params",
    schedule=None,
    start_date=START,
    catchup=False,
    params={"limit": Param(10, type="integer", minimum=1), "country": Param("DE", enum=["DE", "AT"])},
):

    @task
    def show(params=None):
        assert (params["limit"], params["country"]) == (3, "DE"), params

    show()
