"""Fails in its second task; the third is never run."""

# file: pass
# cold: no, its retries would wait for minutes
# run failing = failed: success extract; failed check_totals; upstream_failed publish
# why failing: AssertionError: empty day: 0

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("failing", schedule=None, start_date=START, catchup=False, default_args={"retries": 3}):

    @task
    def extract():
        return []

    @task
    def check_totals(rows):
        total = sum(rows)
        assert total > 0, f"empty day: {total}"

    @task
    def publish():
        pass

    check_totals(extract()) >> publish()
