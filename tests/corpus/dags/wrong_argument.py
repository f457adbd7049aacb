"""An operator's argument is misspelt."""

# file: fail AirflowException|TypeError

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

with DAG("wrong_argument", schedule=None, start_date=START, catchup=False):
    BashOperator(task_id="load", bash_comand="true")
