"""Two tasks that wait for each other."""

# file: fail AirflowDagCycleException

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("cycle", schedule=None, start_date=START, catchup=False):

    @task
    def hen():
        return 1

    @task
    def egg():
        return 2

    one, other = hen(), egg()
    one >> other
    other >> one
