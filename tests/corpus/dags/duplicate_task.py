"""Two tasks of one id in one DAG."""

# file: fail DuplicateTaskIdFound

import datetime

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:  # Airflow 2
    from airflow.operators.bash import BashOperator

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("duplicate_task", schedule=None, start_date=START, catchup=False):
    BashOperator(task_id="load", bash_command="true")
    BashOperator(task_id="load", bash_command="true")
