"""Groups in groups: their names are part of the task ids."""

# file: pass
# run task_groups = success: success extract load.orders load.checks.count load.checks.sums publish

import datetime

try:
    from airflow.sdk import TaskGroup
except ImportError:  # Airflow 2
    from airflow.utils.task_group import TaskGroup

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("task_groups", schedule=None, start_date=START, catchup=False):

    @task
    def extract():
        return [1, 2, 3]

    @task
    def orders(rows):
        return len(rows)

    @task
    def count(number):
        assert number == 3

    @task
    def sums(number):
        assert number > 0

    @task
    def publish():
        return "done"

    rows = extract()
    with TaskGroup("load") as load:
        loaded = orders(rows)
        with TaskGroup("checks"):
            count(loaded)
            sums(loaded)
    load >> publish()
