"""Fails: its connection does not exist."""

# file: pass
# run missing_connection = failed: failed connect
# why missing_connection: warehouse_of_nobody

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("missing_connection", schedule=None, start_date=START, catchup=False):

    @task
    def connect():
        try:
            from airflow.sdk.bases.hook import BaseHook
        except ImportError:
            from airflow.hooks.base import BaseHook
        return BaseHook.get_connection("warehouse_of_nobody").host

    connect()
