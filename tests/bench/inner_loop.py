"""The inner loop: `devbox test dag` of three trivial tasks against a cold `airflow dags test`, `devbox test dags FILE` against
`airflow dags list-import-errors`, 200 files, the first test after a boot, and the memory of the warm process.

Usage: inner_loop.py [--rounds N] [--version V]..."""
import argparse
import os
import signal
import subprocess
import time

import measuring
from measuring import support

VERSIONS = ("2.10.3", "2.11.2", "3.0.6")
FILES = 200
SETTLE_S = 10
DAG = """import datetime
from airflow import DAG
from airflow.decorators import task
%s import BashOperator

with DAG("dag_%03d", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):
    @task
    def extract():
        return [1, 2, 3]

    @task
    def load(rows):
        return len(rows)

    load(extract()) >> BashOperator(task_id="report", bash_command="true")
"""
BASH = {"2": "from airflow.operators.bash", "3": "from airflow.providers.standard.operators.bash"}


def seconds_of(argv, folder, environment):
    started = time.perf_counter()
    done = subprocess.run(argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, "%s: exit code %d\n%s" % (" ".join(argv), done.returncode, done.stdout.decode()[-3000:])
    return time.perf_counter() - started


class Loop:
    def __init__(self, version):
        self.version = version
        self.checkout = support.Checkout(version, example=False, dags={"dag_000.py": DAG % (BASH[version[0]], 0)})
        self.devbox("test", "dags")  # installs, and makes the metadata template
        self.prepare_cold_commands()

    def devbox(self, *words):
        return seconds_of([support.BINARY, *words], self.checkout.root, self.checkout.environment)

    def airflow(self, *words):
        return seconds_of([self.python + "/airflow", *words], self.checkout.root, self.environment)

    def prepare_cold_commands(self):
        """Airflow's own commands with the environment that devbox gives them, and a migrated database of their own."""
        server = self.server()
        with open("/proc/%d/cmdline" % server) as file:
            self.python = os.path.dirname(file.read().split("\0")[0])
        with open("/proc/%d/environ" % server) as file:
            found = dict(pair.split("=", 1) for pair in file.read().split("\0") if "=" in pair)
        home = self.checkout.path(".devbox/cold")
        os.makedirs(home)
        found.update(AIRFLOW_HOME=home, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:///%s/airflow.db" % home,
                     AIRFLOW__CORE__DAGS_FOLDER=self.checkout.path("dags"))
        self.environment = found
        self.airflow("db", "migrate")
        if self.version[0] == "3":
            self.airflow("dags", "reserialize")

    def server(self):
        """The pid of the warm process."""
        found = measuring.family(self.is_warm)
        if not found:
            raise AssertionError("no warm process")
        # What it forked has its command line too, but is younger.
        return min(found)

    def is_warm(self, pid):
        words = measuring.read_words(pid)
        return "serve" in words and any("airflow-" + self.checkout.instance in word for word in words)

    def memory(self):
        """Of the warm process, and with the processes that it has forked in advance, shared pages counted once; in MiB."""
        server = self.server()
        with open("/proc/%d/status" % server) as file:
            resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
        return resident / 1024, measuring.proportional_mib(measuring.family(lambda pid: pid == server))

    def first(self):
        """The first test after a boot: nobody has imported Airflow yet."""
        os.kill(self.server(), signal.SIGKILL)
        return self.devbox("test", "dag", "dag_000")

    def write_many(self):
        for number in range(FILES):
            self.checkout.write("dags/dag_%03d.py" % number, DAG % (BASH[self.version[0]], number))

    def close(self):
        self.checkout.close()


def measure(version, rounds):
    loop = Loop(version)
    try:
        first = loop.first()
        time.sleep(SETTLE_S)
        rows = {name: [] for name in ("test dag", "dags test", "test dags FILE", "list-import-errors", "test dags, 200 files")}
        for _ in range(rounds):
            rows["test dag"].append(loop.devbox("test", "dag", "dag_000"))
            rows["dags test"].append(loop.airflow("dags", "test", "dag_000"))
            rows["test dags FILE"].append(loop.devbox("test", "dags", "dags/dag_000.py"))
            rows["list-import-errors"].append(loop.airflow("dags", "list-import-errors", *(["-l"] if version[0] == "3" else [])))
        memory = loop.memory()
        loop.write_many()
        for _ in range(rounds):
            rows["test dags, 200 files"].append(loop.devbox("test", "dags"))
    finally:
        loop.close()
    report(version, {name: measuring.median(values) for name, values in rows.items()}, first, memory)


def report(version, figures, first, memory):
    cold = figures["dags test"]
    print("\nAirflow %s" % version)
    measuring.show([
        ["test dag, three tasks", figures["test dag"], "airflow dags test", cold, "%.1f×" % (cold / figures["test dag"])],
        ["test dags, one file", figures["test dags FILE"], "list-import-errors", figures["list-import-errors"],
         "%.1f×" % (figures["list-import-errors"] / figures["test dags FILE"])],
        ["test dags, 200 files", figures["test dags, 200 files"], "", "", ""],
        ["first test after a boot", first, "airflow dags test", cold, "%.2f×" % (cold / first)],
    ], ["devbox", "s", "peer", "s", "faster"])
    print("  warm process: %.0f MiB resident, %.0f MiB with those that it has forked in advance" % memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--version", action="append", dest="versions")
    options = parser.parse_args()
    measuring.say_machine("inner loop")
    for version in options.versions or VERSIONS:
        measure(version, options.rounds)


if __name__ == "__main__":
    main()
