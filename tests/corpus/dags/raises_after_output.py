"""Fails after it has said something, on stdout and in the log."""

# file: pass
# run raises_after_output = failed: success extract; failed transform; upstream_failed load
# why raises_after_output: KeyError: 'amount'

import datetime
import logging

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("raises_after_output", schedule=None, start_date=START, catchup=False):

    @task
    def extract():
        return [{"id": 1}]

    @task
    def transform(rows):
        print("transforming", len(rows), "rows")
        logging.getLogger("airflow.task").warning("no amounts yet")
        return [row["amount"] for row in rows]

    @task
    def load(rows):
        return len(rows)

    load(transform(extract()))
