"""Passes: imports a module of the DAGs folder."""

# file: pass
# run uses_helper = success: success price

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

from helpers.money import round_up  # noqa: E402

with DAG("uses_helper", schedule=None, start_date=START, catchup=False):

    @task
    def price():
        return round_up(1.2)

    price()
