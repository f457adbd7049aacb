"""Imports what Airflow 3 no longer has."""

# file (2): pass
# file (3): fail ImportError|ModuleNotFoundError
# found: `airflow.utils.dates.days_ago` is removed in Airflow 3.0
# run (2) removed_import = success: success look

import datetime

from airflow import DAG
from airflow.decorators import task
from airflow.utils.dates import days_ago

with DAG("removed_import", schedule=None, start_date=days_ago(3000), catchup=False):

    @task
    def look():
        return datetime.date.today().isoformat()

    look()
