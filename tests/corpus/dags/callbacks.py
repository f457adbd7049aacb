"""Callbacks run, and change nothing of the outcome."""

# file: pass
# run callbacks = failed: success good; failed bad

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

def note(context):
    print("callback for", context["ti"].task_id)


with DAG("callbacks", schedule=None, start_date=START, catchup=False):

    @task(on_success_callback=note)
    def good():
        return 1

    @task(on_failure_callback=note)
    def bad():
        raise LookupError("nobody home")

    good() >> bad()
