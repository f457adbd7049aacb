"""Wants more memory than it may have; the limit is its own, so that no machine suffers."""

# file: pass
# run eats_memory = failed: failed eat
# why eats_memory: MemoryError

import datetime
import resource

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("eats_memory", schedule=None, start_date=START, catchup=False):

    @task
    def eat():
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (now + (64 << 20), limits[1]))
        try:
            return len([bytearray(8 << 20) for _ in range(64)])
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)

    eat()
