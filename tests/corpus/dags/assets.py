"""One DAG writes what the other waits for; called Dataset in Airflow 2 and Asset in 3."""

# file: pass
# run assets_producer = success: success write
# cold (3): no, 3.0 fails tasks whose assets no DAG processor has seen
# run assets_consumer = success: success read

import datetime

try:
    from airflow.sdk import Asset
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

ORDERS = Asset("s3://lake/orders.csv")

with DAG("assets_producer", schedule=None, start_date=START, catchup=False):

    @task(outlets=[ORDERS])
    def write():
        return 1

    write()

with DAG("assets_consumer", schedule=[ORDERS], start_date=START, catchup=False):

    @task
    def read():
        return 2

    read()
