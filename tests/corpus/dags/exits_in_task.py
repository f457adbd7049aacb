"""Tasks that end the process in two ways."""

# file: pass
# cold: no, it would end Airflow's own process
# run exits_politely = failed: failed leave
# why exits_politely: SystemExit
# run exits_at_once = failed: failed vanish
# why exits_at_once: ProcessExit

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("exits_politely", schedule=None, start_date=START, catchup=False):

    @task
    def leave():
        import sys

        sys.exit(3)

    leave()

with DAG("exits_at_once", schedule=None, start_date=START, catchup=False):

    @task
    def vanish():
        import os

        os._exit(3)

    vanish()
