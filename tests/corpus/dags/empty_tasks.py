"""Nothing but marks in the graph, which Airflow never really runs."""

# file: pass
# run empty_tasks = success: success start left right end

import datetime

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator

with DAG("empty_tasks", schedule="@daily", start_date=datetime.datetime(2024, 1, 1), catchup=False):
    start, left, right, end = (EmptyOperator(task_id=name) for name in ("start", "left", "right", "end"))
    start >> [left, right] >> end
