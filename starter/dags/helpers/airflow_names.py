"""The names that moved between Airflow 2 and 3, so that one DAG file runs on both without a deprecation warning."""
try:
    from airflow.sdk import DAG, dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.models.dag import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:  # Airflow 2
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator

try:
    from airflow.sdk import Connection, Variable

    get_connection = Connection.get

    def get_variable(name):
        """The variable's text, None without one."""
        return Variable.get(name, default=None)
except ImportError:  # Airflow 2
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable

    get_connection = BaseHook.get_connection

    def get_variable(name):
        """The variable's text, None without one."""
        return Variable.get(name, default_var=None)

from airflow.exceptions import AirflowNotFoundException, AirflowSkipException

__all__ = ["DAG", "AirflowNotFoundException", "AirflowSkipException", "BashOperator", "PythonOperator", "dag", "get_connection",
           "get_variable", "task"]
