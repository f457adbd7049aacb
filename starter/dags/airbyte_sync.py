"""Triggers a sync of the local Airbyte. Skipped, saying so, until it can run: the log of `choose_connection` names the next step."""
from urllib.request import urlopen

import pendulum

from helpers.airflow_names import AirflowNotFoundException, AirflowSkipException, dag, get_connection, get_variable, task

try:
    from airflow.providers.airbyte.operators.airbyte import AirbyteTriggerSyncOperator
except ImportError:  # the provider is not in requirements.txt
    AirbyteTriggerSyncOperator = None

AIRBYTE = "airbyte_default"


def airbyte_address():
    try:
        return get_connection(AIRBYTE).host
    except AirflowNotFoundException:
        return None


def is_healthy(address):
    try:
        with urlopen(address.rstrip("/") + "/health", timeout=5) as answer:
            return answer.status == 200
    except (OSError, ValueError):
        return False


@dag(schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, max_active_runs=1, tags=["airbyte"], doc_md=__doc__)
def airbyte_sync():
    @task
    def choose_connection():
        """The Airbyte connection to sync: the id in its address, as the variable airbyte_connection_id."""
        connection_id = get_variable("airbyte_connection_id")
        if not connection_id:
            raise AirflowSkipException("no connection is chosen: set airflow.variables.airbyte_connection_id in devbox.yaml")
        if AirbyteTriggerSyncOperator is None:
            raise AirflowSkipException("the provider is missing: add apache-airflow-providers-airbyte to requirements.txt")
        address = airbyte_address()
        if address is None or not is_healthy(address):
            raise AirflowSkipException("Airbyte is off: devbox airbyte start")
        return connection_id

    connection_id = choose_connection()
    if AirbyteTriggerSyncOperator is not None:
        AirbyteTriggerSyncOperator(task_id="sync", connection_id=connection_id, airbyte_conn_id=AIRBYTE)


airbyte_sync()
