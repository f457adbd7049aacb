"""Fails in code of Airflow: nothing of the traceback is the user's."""

# file: pass
# run operator_fails = failed: failed load
# why operator_fails: exit code 7

import datetime

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.bash import BashOperator

with DAG("operator_fails", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):
    BashOperator(task_id="load", bash_command="echo first; echo second >&2; exit 7")
