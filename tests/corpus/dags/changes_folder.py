"""Leaves the working folder; the next task still finds its way."""

# file: pass
# run changes_folder = success: success leave after

import datetime
import os

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("changes_folder", schedule=None, start_date=START, catchup=False):

    @task
    def leave():
        os.chdir("/")

    @task
    def after():
        return os.getcwd()

    leave() >> after()
