"""A sensor that gives its place back between two looks."""

# file: pass
# run sensor_reschedule = success: success wait after

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

looks = []

with DAG("sensor_reschedule", schedule=None, start_date=START, catchup=False):

    @task.sensor(poke_interval=0.5, timeout=20, mode="reschedule")
    def wait():
        looks.append(1)
        return len(looks) > 1

    @task
    def after():
        return len(looks)

    wait() >> after()
