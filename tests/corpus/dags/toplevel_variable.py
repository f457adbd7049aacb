"""A DAG file that reads a Variable while it is imported."""

# file (2): fail KeyError
# file (3): fail ImportError

import datetime

try:
    from airflow.sdk import DAG, Variable, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models import Variable

BUCKET = Variable.get("bucket_of_nobody")

with DAG("toplevel_variable", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task
    def show():
        return BUCKET

    show()
