"""A template that Jinja cannot read."""

# file: fail TemplateSyntaxError
# run bad_template = failed: failed show
# why bad_template: TemplateSyntaxError

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

with DAG("bad_template", schedule=None, start_date=START, catchup=False):
    BashOperator(task_id="show", bash_command="echo {{ ds ")
