"""A trigger rule that there is not."""

# file: fail AirflowException|ValueError|TypeError

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("bad_trigger_rule", schedule=None, start_date=START, catchup=False):

    @task(trigger_rule="all_happy")
    def never():
        return 1

    never()
