"""Templates in a shell command: dates, macros, params, XComs."""

# file: pass
# run templates = success: success number show

import datetime

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.bash import BashOperator

with DAG("templates", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False, params={"word": "yes"}):

    @task
    def number():
        return 42

    show = BashOperator(
        task_id="show",
        bash_command="test \"$DAY {{ macros.ds_add('2024-01-31', 1) }} {{ params.word }} {{ ti.xcom_pull(task_ids='number') }}\" = '{{ ds }} 2024-02-01 yes 42'",
        env={"DAY": "{{ ds }}"},
        append_env=True,
    )
    number() >> show
