"""From a trigger through the REST API to success of a run with three tasks (two of TaskFlow, one of Bash, in a row).

Usage: trigger.py [--rounds N] [--version V]..."""
import argparse
import time
import urllib.parse

import measuring
from measuring import support

LIMIT_S = 60
DAG = '''
import datetime
try:
    from airflow.sdk import dag, task
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.decorators import dag, task
    from airflow.operators.bash import BashOperator


@dag(schedule=None, start_date=datetime.datetime(2024, 1, 1))
def three_tasks():
    @task
    def extract():
        return [1, 2, 3]

    @task
    def add(numbers):
        return sum(numbers)

    add(extract()) >> BashOperator(task_id="publish", bash_command="echo done")


three_tasks()
'''


def run_once(airflow):
    """Seconds from the request to the moment when the API says success."""
    started = time.monotonic()
    status, run = airflow.api("POST", "/dags/three_tasks/dagRuns", {"logical_date": None} if airflow.is_v2 else {})
    assert status == 200, (status, run)
    path = "/dags/three_tasks/dagRuns/" + urllib.parse.quote(run["dag_run_id"])

    def end():
        state = airflow.api("GET", path)[1].get("state")
        return state if state in ("success", "failed") else None

    state = support.wait_until(end, LIMIT_S, "the run")
    assert state == "success", state
    return time.monotonic() - started


def measure(version, rounds):
    platform = measuring.Devbox(version, dags={"three_tasks.py": DAG})
    try:
        platform.start()
        airflow = support.Airflow(platform.checkout)
        support.wait_until(lambda: "three_tasks" in airflow.dag_ids(), LIMIT_S, "the DAG")
        airflow.api("PATCH", "/dags/three_tasks", {"is_paused": False})
        return [run_once(airflow) for _ in range(rounds)]
    finally:
        platform.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--version", action="append", dest="versions")
    options = parser.parse_args()
    versions = options.versions or support.VERSIONS
    measuring.need_environments(versions)
    measuring.say_machine("trigger to success, 3 tasks (aim: below 4 s on 2.10.3)")
    for version in versions:
        seconds = measure(version, options.rounds)
        measuring.show([["Airflow " + version, measuring.median(seconds), "  ".join("%.2f" % one for one in seconds)]],
                       ["", "median s", "each s"])


main()
