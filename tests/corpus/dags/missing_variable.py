"""A task reads a variable that nobody made."""

# file: pass
# run missing_variable = failed: failed read
# why missing_variable: threshold_of_nobody

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("missing_variable", schedule=None, start_date=START, catchup=False):

    @task
    def read():
        try:
            from airflow.sdk import Variable
        except ImportError:  # Airflow 2
            from airflow.models import Variable
        return Variable.get("threshold_of_nobody")

    read()
