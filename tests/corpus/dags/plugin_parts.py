"""Uses what a plugin of the checkout brings: a macro and a listener."""

# file: pass
# run plugin_parts = success: success say look

import datetime

from airflow.listeners.listener import get_listener_manager

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.bash import BashOperator

START = datetime.datetime(2024, 1, 1)

with DAG("plugin_parts", schedule=None, start_date=START, catchup=False):
    say = BashOperator(task_id="say", bash_command="echo {{ macros.team.shout('hello') }}")

    @task
    def look(said):
        assert said == "HELLO!", said
        names = [type(listener).__name__ for listener in get_listener_manager().pm.get_plugins()]
        assert "TeamListener" in names, names

    look(say.output)
