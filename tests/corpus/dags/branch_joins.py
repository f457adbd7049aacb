"""Two branches of three are taken, and meet again."""

# file: pass
# run branch_joins = success: success choose a b join; skipped c

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("branch_joins", schedule=None, start_date=START, catchup=False):

    @task.branch
    def choose():
        return ["a", "b"]

    @task
    def step():
        return 1

    @task(trigger_rule="none_failed_min_one_success")
    def join():
        return 2

    choose() >> [step.override(task_id=name)() for name in ("a", "b", "c")] >> join()
