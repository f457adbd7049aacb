"""What was set up is taken down though the work between failed."""

# file: pass
# run setup_teardown = failed: success create drop; failed work
# why setup_teardown: ValueError: no rows

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("setup_teardown", schedule=None, start_date=START, catchup=False):

    @task
    def create():
        return "cluster"

    @task
    def work():
        raise ValueError("no rows")

    @task
    def drop():
        return "gone"

    made = create()
    made >> work() >> drop().as_teardown(setups=made)
