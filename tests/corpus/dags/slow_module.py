"""Imports a module that takes long, by way of one that does not."""

# file: pass
# found: importing helpers.crawls takes
# run slow_module = success: success show

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

import helpers.crawls as crawls  # noqa: E402

with DAG("slow_module", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task
    def show():
        return crawls.NAME

    show()
