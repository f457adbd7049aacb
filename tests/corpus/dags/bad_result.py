"""Returns what cannot be handed on."""

# file: pass
# run bad_result = failed: failed make
# why bad_result: TypeError

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("bad_result", schedule=None, start_date=START, catchup=False):

    @task
    def make():
        return open(os.devnull)

    make()
