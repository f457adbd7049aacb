"""A task that takes longer than any test allows."""

# file: pass
# cold: no, it would take minutes
# with slow_task: --timeout 10s
# run slow_task = failed: success quick; failed crawl
# why slow_task: still running after 10 s

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
