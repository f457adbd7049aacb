"""Passes: a task that waits in the triggerer."""

# file: pass
# run deferring = success: success wait after

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("deferring", schedule=None, start_date=START, catchup=False):
    try:
        from airflow.providers.standard.sensors.time_delta import TimeDeltaSensorAsync
    except ImportError:  # Airflow 2
        from airflow.sensors.time_delta import TimeDeltaSensorAsync

    wait = TimeDeltaSensorAsync(task_id="wait", delta=datetime.timedelta(milliseconds=10))

    @task
    def after():
        return "awake"

    wait >> after()
