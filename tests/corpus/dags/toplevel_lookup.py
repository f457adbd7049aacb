"""Reads a variable while it is imported, with a default: works, and asks the database each time that Airflow parses it."""

# file: pass
# found: reads the variable bucket_with_default
# run toplevel_lookup = success: success show

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
from airflow.models import Variable

BUCKET = Variable.get("bucket_with_default", default_var="none")

with DAG("toplevel_lookup", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task
    def show():
        return BUCKET

    show()
