"""A group for each value, and no task at all for no values."""

# file: pass
# run mapped_group = success: success clean.strip[0] clean.strip[1] clean.size[0] clean.size[1] total nothing; skipped each

import datetime

try:
    from airflow.sdk import task_group
except ImportError:  # Airflow 2
    from airflow.decorators import task_group

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("mapped_group", schedule=None, start_date=START, catchup=False):

    @task
    def strip(word):
        return word.strip()

    @task
    def size(word):
        return len(word)

    @task
    def total(sizes):
        assert sum(sizes) == 5

    @task
    def nothing():
        return []

    @task
    def each(number):
        return number

    @task_group
    def clean(word):
        return size(strip(word))

    total(clean.expand(word=[" ab", "cde "]))
    each.expand(number=nothing())
