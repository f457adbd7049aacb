"""Reads a connection while it is imported."""

# file (2): fail AirflowNotFoundException
# file (3): fail ImportError|AirflowRuntimeError|AirflowNotFoundException

import datetime

try:
    from airflow.sdk.bases.hook import BaseHook
except ImportError:  # Airflow 2
    from airflow.hooks.base import BaseHook

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

HOST = BaseHook.get_connection("warehouse_of_nobody").host

with DAG("toplevel_connection", schedule=None, start_date=START, catchup=False):

    @task
    def show():
        return HOST

    show()
