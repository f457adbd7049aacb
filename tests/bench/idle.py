"""What 100 DAG files cost while nothing happens, and how soon a new, edited or deleted DAG shows in the REST API.

Usage: idle.py [--seconds S] [--rounds N] [--files N] [--version V]..."""
import argparse
import os
import time

import measuring
from measuring import support

LIMIT_S, SETTLE_S = 120, 10
DAG = '''
import datetime
try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.operators.bash import BashOperator

with DAG("%s", schedule=None, start_date=datetime.datetime(2024, 1, 1), description="edition %d"):
    BashOperator(task_id="first", bash_command="echo 1") >> BashOperator(task_id="second", bash_command="echo 2")
'''


def file_of(dag_id):
    return "dags/%s.py" % dag_id


def look_at(airflow, dag_id):
    """The description of a DAG that is alive, else None."""
    status, dag = airflow.api("GET", "/dags/" + dag_id)
    is_alive = status == 200 and (not dag.get("is_stale", False) if airflow.is_v2 else dag.get("is_active"))
    return dag.get("description") if is_alive else None


def count_dags(airflow):
    return airflow.api("GET", "/dags?limit=1" + ("" if airflow.is_v2 else "&only_active=true"))[1].get("total_entries", 0)


def wait_for(condition, what):
    started = time.monotonic()
    support.wait_until(condition, LIMIT_S, what)
    return time.monotonic() - started


def measure_latencies(checkout, airflow, rounds):
    """Seconds from the write of the file to the answer that shows it."""
    seconds = {"new": [], "edited": [], "deleted": []}
    for number in range(rounds):
        dag_id = "late_%d" % number
        checkout.write(file_of(dag_id), DAG % (dag_id, 1))
        seconds["new"].append(wait_for(lambda: look_at(airflow, dag_id) == "edition 1", "the new DAG"))
        old = "dag_%03d" % number
        checkout.write(file_of(old), DAG % (old, 2))
        seconds["edited"].append(wait_for(lambda: look_at(airflow, old) == "edition 2", "the edit"))
        os.remove(checkout.path(file_of(dag_id)))
        seconds["deleted"].append(wait_for(lambda: look_at(airflow, dag_id) is None, "the deletion"))
    return seconds


def measure_idle(platform, seconds):
    before, started = platform.processes.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return 100 * (platform.processes.cpu_seconds() - before) / (time.monotonic() - started)


def measure(version, options):
    ids = ["dag_%03d" % number for number in range(options.files)]
    platform = measuring.Devbox(version, dags={dag_id + ".py": DAG % (dag_id, 1) for dag_id in ids})
    try:
        start_s, _ = platform.start()
        airflow = support.Airflow(platform.checkout)
        parsed_s = wait_for(lambda: count_dags(airflow) >= options.files, "all DAGs")
        time.sleep(SETTLE_S)
        idle = measure_idle(platform, options.seconds)
        latencies = measure_latencies(platform.checkout, airflow, options.rounds)
        return start_s + parsed_s, idle, platform.processes.memory_mib(), latencies
    finally:
        platform.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--version", action="append", dest="versions")
    options = parser.parse_args()
    versions = options.versions or support.VERSIONS
    measuring.need_environments(versions)
    measuring.say_machine("%d DAG files, idle for %d s" % (options.files, options.seconds))
    for version in versions:
        listed_s, idle, memory, latencies = measure(version, options)
        print("\nAirflow %s: %.1f %% of one CPU while idle, %.0f MiB PSS, all listed %.1f s after devbox start" % (version, idle, memory, listed_s))
        measuring.show([[name, measuring.median(seconds), max(seconds), "  ".join("%.1f" % one for one in seconds)]
                        for name, seconds in latencies.items()], ["shown in REST", "median s", "worst s", "each s"])


main()
