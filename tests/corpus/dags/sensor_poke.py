"""A sensor that looks again in its own process, and hands a value on."""

# file: pass
# run sensor_poke = success: success wait use

import datetime

try:
    from airflow.sdk import PokeReturnValue
except ImportError:  # Airflow 2
    from airflow.sensors.base import PokeReturnValue

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

looks = []

with DAG("sensor_poke", schedule=None, start_date=START, catchup=False):

    @task.sensor(poke_interval=0.1, timeout=10, mode="poke")
    def wait():
        looks.append(1)
        return PokeReturnValue(is_done=len(looks) > 2, xcom_value="arrived")

    @task
    def use(word):
        assert word == "arrived"

    use(wait())
