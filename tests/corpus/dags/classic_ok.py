"""Passes: classic operators, a retry policy, a template."""

# file: pass
# run classic_ok = success: success first second

import datetime

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator


def count():
    return 42


with DAG(
    "classic_ok",
    schedule="@daily",
    start_date=datetime.datetime(2024, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": datetime.timedelta(minutes=5)},
) as dag:
    first = BashOperator(task_id="first", bash_command="echo 'day {{ ds }}'")
    second = PythonOperator(task_id="second", python_callable=count)
    first >> second
