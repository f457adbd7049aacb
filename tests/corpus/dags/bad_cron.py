"""A schedule that is no schedule."""

# file: fail AirflowTimetableInvalid|ValueError

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("bad_cron", schedule="61 25 * * *", start_date=START, catchup=False):

    @task
    def never():
        return 1

    never()
