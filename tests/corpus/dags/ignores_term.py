"""Hangs and cannot be asked to end."""

# file: pass
# cold: no, it would never end
# with ignores_term: --timeout 10s
# run ignores_term = failed: success before; failed stay
# why ignores_term: still running after 10 s

import datetime
import signal
import time

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("ignores_term", schedule=None, start_date=START, catchup=False):

    @task
    def before():
        return 1

    @task
    def stay():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(600)

    before() >> stay()
