"""The id of its DAG is that of same_id_there.py, of which Airflow shows only one."""

# file: pass
# cold: no, which of the two it complains of depends on the order

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("same_id", schedule=None, start_date=START, catchup=False):

    @task
    def here():
        return 1

    here()
