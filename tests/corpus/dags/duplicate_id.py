"""Two DAGs of one id, of which Airflow would silently keep one."""

# file: fail DuplicateDagId

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("duplicate_id", schedule=None, start_date=START, catchup=False):

    @task
    def first():
        return 1

    first()

with DAG("duplicate_id", schedule=None, start_date=START, catchup=False):

    @task
    def second():
        return 2

    second()
