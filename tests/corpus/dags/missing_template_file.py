"""A command that ends like a script's name, and so means a file."""

# file: fail TemplateNotFound
# run missing_template_file = failed: failed show
# why missing_template_file: TemplateNotFound

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

with DAG("missing_template_file", schedule=None, start_date=START, catchup=False):
    BashOperator(task_id="show", bash_command="bash scripts/load.sh")
