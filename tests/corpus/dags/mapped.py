"""Passes: one task per value, and one of another DAG's mapped tasks fails."""

# file: pass
# run mapped = success: success square[0] square[1] square[2] total
# run mapped_failing = failed: success invert[0]; failed invert[1]

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("mapped", schedule=None, start_date=START, catchup=False):

    @task
    def square(number):
        return number * number

    @task
    def total(numbers):
        return sum(numbers)

    total(square.expand(number=[1, 2, 3]))


with DAG("mapped_failing", schedule=None, start_date=START, catchup=False):

    @task
    def invert(number):
        return 1 / number

    invert.expand(number=[1, 0])
