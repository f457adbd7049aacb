"""Deletes its own file while it runs."""

# file: pass
# run deletes_itself = success: success vanish after

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("deletes_itself", schedule=None, start_date=START, catchup=False):

    @task
    def vanish():
        os.remove(__file__)

    @task
    def after():
        return os.path.exists(__file__)

    vanish() >> after()
