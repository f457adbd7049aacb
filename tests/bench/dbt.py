"""`devbox test dbt MODEL` against `dbt build --select MODEL` in a project of many models: CPU and wall, nothing edited and the model edited.

Usage: dbt.py [--rounds N] [--models N]"""
import argparse
import os
import shutil
import subprocess
import tempfile
import time

import measuring
from measuring import support

MODEL = "m055"
SETTLE_S = 20


class Shop:
    """Chains of ten models with two tests each, built once; dbt itself has parsed it, too."""

    def __init__(self, count):
        self.processes = measuring.Processes()
        self.checkout = support.Checkout(example=False)
        self.checkout.environment.update(self.processes.environment)
        self.checkout.write("devbox.yaml", "dbt: {project: dbt}\n")
        self.checkout.write("seeds/orders.csv", "order_id,amount\n" + "".join("%d,%d\n" % (i, i * 3) for i in range(1000)))
        self.checkout.write("dbt/dbt_project.yml", "name: shop\nprofile: shop\nmodels: {+materialized: table}\n")
        self.checkout.write("dbt/models/sources.yml", "sources: [{name: raw, schema: main, tables: [{name: orders}]}]\n")
        tests = "    columns: [{name: order_id, data_tests: [unique, not_null]}]\n"
        self.checkout.write("dbt/models/models.yml", "models:\n" + "".join("  - name: m%03d\n%s" % (i, tests) for i in range(count)))
        for number in range(count):
            self.write_model(number, 0)
        self.target = tempfile.mkdtemp(prefix="devbox-bench-dbt-")
        for words in (("db", "seed"), ("dbt", "build", "--quiet"), ("test", "dbt", MODEL)):
            self.checkout.run(*words).check()

    def write_model(self, number, added):
        source = "ref('m%03d')" % (number - 1) if number % 10 else "source('raw', 'orders')"
        self.checkout.write("dbt/models/m%03d.sql" % number, "select order_id, amount + %d as amount from {{ %s }}\n" % (added, source))

    def devbox(self):
        return [support.BINARY, "test", "dbt", MODEL]

    def plain(self):
        """On the private copies of devbox's last test: the same profile, database and parse state of its own."""
        return [os.path.join(support.find_venv("dbt"), "bin", "dbt"), "--quiet", "build", "--select", MODEL, "--project-dir", "dbt",
                "--profiles-dir", ".devbox/dbt-test", "--target-path", self.target, "--log-path", self.target]

    def measure(self, command):
        """(wall, CPU) of the command and all that it set to work, until that rests."""
        before, started = self.processes.cpu_seconds(), time.monotonic()
        child = subprocess.Popen(command, cwd=self.checkout.root, env=self.checkout.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, errors.decode()
        return wall, usage.ru_utime + usage.ru_stime + self.rest() - before

    def rest(self):
        """CPU seconds of what is left, once it sleeps."""
        last, deadline = -1.0, time.monotonic() + SETTLE_S
        while self.processes.cpu_seconds() - last > 0.01 and time.monotonic() < deadline:
            last = self.processes.cpu_seconds()
            time.sleep(0.7)
        return self.processes.cpu_seconds()

    def close(self):
        shutil.rmtree(self.target)
        try:
            self.checkout.close()
        finally:
            self.processes.end()


def compare(shop, rounds, edits):
    """Rows of medians; both sides in turn, so that they see the same machine."""
    sides = {"dbt build --select": shop.plain(), "devbox test dbt": shop.devbox()}
    found = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, command in sides.items():
            if edits:
                shop.write_model(int(MODEL[1:]), 1 + 2 * number + (name == "devbox test dbt"))
            figures = shop.measure(command)
            if number > 0:  # the first of each parses what the other setting left
                found[name].append(figures)
    what = "model edited" if edits else "nothing edited"
    rows = [(name + ", " + what, measuring.median([wall for wall, _ in found[name]]), measuring.median([cpu for _, cpu in found[name]])) for name in sides]
    return [row + (rows[0][1] / row[1], rows[0][2] / row[2]) for row in rows]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", type=int, default=200)
    given = parser.parse_args()
    measuring.say_machine("dbt · %d models" % given.models)
    shop = Shop(given.models)
    try:
        rows = compare(shop, given.rounds, edits=False) + compare(shop, given.rounds, edits=True)
    finally:
        shop.close()
    measuring.show(rows, ["", "wall s", "CPU s", "wall ×", "CPU ×"])


if __name__ == "__main__":
    main()
