"""Mapped over pairs that a task computed; some arguments stay the same."""

# file: pass
# run mapped_kwargs = success: success pairs add[0] add[1] check

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("mapped_kwargs", schedule=None, start_date=START, catchup=False):

    @task
    def pairs():
        return [{"left": 1, "right": 2}, {"left": 3, "right": 4}]

    @task
    def add(left, right, extra):
        return left + right + extra

    @task
    def check(sums):
        assert list(sums) == [13, 17], list(sums)

    check(add.partial(extra=10).expand_kwargs(pairs()))
