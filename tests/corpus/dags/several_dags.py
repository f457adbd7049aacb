"""Three DAGs in one file, two of them made in a loop."""

# file: pass
# run lone = success: success only
# run load_orders = success: success load
# run load_payments = success: success load

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("lone", schedule="@daily", start_date=START, catchup=False):

    @task
    def only():
        return 1

    only()

for table in ("orders", "payments"):
    with DAG(f"load_{table}", schedule="@hourly", start_date=START, catchup=False) as made:

        @task
        def load(name):
            return name

        load(table)
    globals()[f"dag_{table}"] = made
