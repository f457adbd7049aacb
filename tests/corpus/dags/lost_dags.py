"""Makes DAGs in a loop, each under the name of the one before: Airflow sees the last."""

# file: pass
# found: makes the DAG lost_orders, which no name of the module keeps
# run lost_payments = success: success load

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task


@task
def load():
    return 1


for name in ("lost_orders", "lost_payments"):
    made = DAG(name, schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False)
    load.override(dag=made)()
