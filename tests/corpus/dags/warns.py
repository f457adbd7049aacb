"""Passes, with a warning of its own."""

# file: pass
# found: the old extract goes away
# run warns = success: success nothing

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

import warnings  # noqa: E402

warnings.warn("the old extract goes away", DeprecationWarning, stacklevel=1)

with DAG("warns", schedule=None, start_date=START, catchup=False):

    @task
    def nothing():
        return None

    nothing()
