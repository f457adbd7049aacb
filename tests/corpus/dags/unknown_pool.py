"""Waits for a pool that nobody made; only a scheduler looks at that, a test run does not."""

# file: pass
# found: pool_of_nobody
# run unknown_pool = success: success load

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("unknown_pool", schedule=None, start_date=START, catchup=False):

    @task(pool="pool_of_nobody")
    def load():
        return 1

    load()
