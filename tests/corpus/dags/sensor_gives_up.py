"""Sensors whose time is up: one fails, the other is skipped."""

# file: pass
# run sensor_fails = failed: failed wait; upstream_failed after
# run sensor_skips = success: skipped wait after

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

for name, is_soft in (("sensor_fails", False), ("sensor_skips", True)):
    with DAG(name, schedule=None, start_date=START, catchup=False):

        @task.sensor(poke_interval=0.1, timeout=0.3, mode="poke", soft_fail=is_soft)
        def wait():
            return False

        @task
        def after():
            return 1

        wait() >> after()
