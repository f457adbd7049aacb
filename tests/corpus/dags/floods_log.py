"""Writes 20 MB into its log."""

# file: pass
# run floods_log = success: success flood

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("floods_log", schedule=None, start_date=START, catchup=False):

    @task
    def flood():
        line = "x" * 127 + "\n"
        for _ in range(160):
            os.write(1, line.encode() * 1024)

    flood()
