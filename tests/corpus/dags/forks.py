"""Forks in a task: the child outlives it a little, and ends by itself."""

# file: pass
# run forks = success: success split after

import datetime
import os
import time

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("forks", schedule=None, start_date=START, catchup=False):

    @task
    def split():
        pid = os.fork()
        if pid == 0:
            time.sleep(1)
            os._exit(0)
        return "went on"

    @task
    def after():
        return 1

    split() >> after()
