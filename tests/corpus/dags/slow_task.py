"""A task that takes longer than any test allows."""

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("slow_task", schedule=None, start_date=START, catchup=False):

    @task
    def quick():
        return 1

    @task
    def crawl(number):
        import time

        time.sleep(120 * number)

    crawl(quick())
