"""Passes: the branch that is not taken is skipped."""

# file: pass
# run branching = success: success choose left; skipped right

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("branching", schedule=None, start_date=START, catchup=False):

    @task.branch
    def choose():
        return "left"

    @task
    def left():
        return "went left"

    @task
    def right():
        return "went right"

    choose() >> [left(), right()]
