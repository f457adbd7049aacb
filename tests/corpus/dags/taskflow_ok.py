"""Passes: TaskFlow with values handed on."""

# file: pass
# run taskflow_ok = success: success extract load

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("taskflow_ok", schedule=None, start_date=START, catchup=False, tags=["smoke"]):

    @task
    def extract():
        print("extracting three rows")
        return [1, 2, 3]

    @task
    def load(rows):
        return sum(rows)

    load(extract())
