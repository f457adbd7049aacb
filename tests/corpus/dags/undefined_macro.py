"""A template calls a macro that there is not."""

# file: pass
# run undefined_macro = failed: failed show
# why undefined_macro: UndefinedError

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

with DAG("undefined_macro", schedule=None, start_date=START, catchup=False):
    BashOperator(task_id="show", bash_command="echo {{ macros.yesterday_of_nobody(ds) }}")
