"""A DAG as a decorated function."""

# file: pass
# run decorated = success: success extract load

import datetime

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(schedule="0 6 * * 1-5", start_date=datetime.datetime(2024, 1, 1), catchup=False, tags=["decorated"])
def decorated():
    @task
    def extract():
        return {"rows": 4}

    @task
    def load(extracted):
        assert extracted["rows"] == 4

    load(extract())


decorated()
