"""Tasks that raise Airflow's own words for being skipped and for failing at once."""

# file: pass
# run skips_itself = success: skipped look report
# run fails_for_good = failed: failed look; upstream_failed report

import datetime

from airflow.exceptions import AirflowFailException, AirflowSkipException

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

for name, error in (("skips_itself", AirflowSkipException), ("fails_for_good", AirflowFailException)):
    with DAG(name, schedule=None, start_date=START, catchup=False):

        @task
        def look(kind=error):
            raise kind("no file today")

        @task
        def report():
            return 1

        look() >> report()
