"""An operator of the checkout's own, its text a template, in another file too."""

# file: pass
# run custom_operator = success: success literal from_file check

import datetime
import os

QUERIES = os.path.join(os.path.dirname(__file__), "queries")

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

from helpers.operators import CountLines  # noqa: E402

with DAG("custom_operator", schedule=None, start_date=START, catchup=False, template_searchpath=[QUERIES]):
    literal = CountLines(task_id="literal", text="one\n{{ ds }}")
    from_file = CountLines(task_id="from_file", text="orders.sql")

    @task
    def check(first, second):
        assert (first, second) == (2, 3), (first, second)

    check(literal.output, from_file.output)
