"""Tasks that run because others failed, ended, or were skipped."""

# file: pass
# run trigger_rules = failed: success good cleanup good_too alarm; failed bad bad_too; upstream_failed publish; skipped unneeded

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task

START = datetime.datetime(2024, 1, 1)

with DAG("trigger_rules", schedule=None, start_date=START, catchup=False):

    @task
    def good():
        return 1

    @task
    def bad():
        raise RuntimeError("broken on purpose")

    @task(trigger_rule="all_done")
    def cleanup():
        return "clean"

    @task(trigger_rule="one_failed")
    def alarm():
        return "rung"

    @task
    def publish():
        return "never"

    @task(trigger_rule="all_failed")
    def unneeded():
        return "never"

    [good(), bad()] >> cleanup()
    both = [good.override(task_id="good_too")(), bad.override(task_id="bad_too")()]
    both >> alarm()
    both >> publish()
    both[0] >> unneeded()
