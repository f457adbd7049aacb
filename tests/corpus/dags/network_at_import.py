"""Asks the network while it is imported, every time that Airflow parses it."""

# file: pass
# found: network
# run network_at_import = success: success show

import datetime
import socket

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

def is_reachable():
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1).close()
    except OSError:
        return False
    return True


IS_REACHABLE = is_reachable()

with DAG("network_at_import", schedule=None, start_date=START, catchup=False):

    @task
    def show():
        return IS_REACHABLE

    show()
