"""Everything behind a closed gate is skipped."""

# file: pass
# run short_circuit = success: success is_open before; skipped first second

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("short_circuit", schedule=None, start_date=START, catchup=False):

    @task
    def before():
        return 1

    @task.short_circuit
    def is_open(value):
        return value > 1

    @task
    def first():
        return 1

    @task
    def second():
        return 2

    is_open(before()) >> first() >> second()
