"""What a task can ask about its run."""

# file: pass
# run current_context = success: success ask

import datetime

try:
    from airflow.sdk import DAG, get_current_context, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.python import get_current_context

with DAG("current_context", schedule="@daily", start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task
    def ask():
        context = get_current_context()
        assert context["dag"].dag_id == "current_context"
        assert context["ti"].task_id == "ask"
        assert context["ds"] == context["logical_date"].strftime("%Y-%m-%d")

    ask()
