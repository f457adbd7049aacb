"""A function of another module fails while the file is imported."""

# file: fail ZeroDivisionError

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

from helpers.money import share  # noqa: E402

PART = share(100, 0)

with DAG("raises_in_helper", schedule=None, start_date=START, catchup=False):

    @task
    def never():
        return PART

    never()
