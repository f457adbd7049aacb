"""Decorates a function with @dag, and forgets to call it; Airflow sees no DAG."""

# file: pass
# found: nobody calls it

import datetime

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False)
def uncalled():
    @task
    def never():
        return 1

    never()
