"""Values by key, several from one task, and by hand."""

# file: pass
# run xcoms = success: success split push pull add

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("xcoms", schedule=None, start_date=START, catchup=False):

    @task(multiple_outputs=True)
    def split():
        return {"left": 1, "right": [2, 3]}

    @task
    def push(ti=None):
        ti.xcom_push(key="color", value="green")

    @task
    def pull(ti=None):
        assert ti.xcom_pull(task_ids="push", key="color") == "green"

    @task
    def add(left, right):
        assert left + sum(right) == 6

    both = split()
    add(both["left"], both["right"])
    push() >> pull()
