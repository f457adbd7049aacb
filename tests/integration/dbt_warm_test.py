# needs: no platform
"""dbt in forks of a process that has imported it once and keeps the manifest (src/workers/dbt_warm.py): everything that a plain process does,
and after each kind of edit the same tables."""
import contextlib
import glob
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import dbt_cases
import support

DOOR = os.path.join(dbt_cases.ROOT, "src", "workers", "warm_door.py")


class WarmDbt(dbt_cases.PlainDbt):
    """The same through the door."""

    @classmethod
    def setUpClass(cls):
        cls.sockets = os.path.realpath(tempfile.mkdtemp(prefix="devbox-warm-"))
        cls.addClassCleanup(cls.end_servers)
        super().setUpClass()

    @classmethod
    def end_servers(cls):
        support.remove_folder(cls.sockets)
        for pid in cls.processes():
            with contextlib.suppress(ProcessLookupError):  # one ends the other
                os.kill(pid, signal.SIGTERM)
        support.wait_until(lambda: not cls.processes(), 10, "the end of all warm processes")

    @classmethod
    def processes(cls):
        """pids of the process that waits, of the one that it forked in advance and of its commands, oldest first."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file, open(os.path.dirname(path) + "/stat") as stat:
                    if cls.sockets.encode() in file.read() and stat.read().rsplit(")", 1)[1].split()[0] != "Z":
                        found.append(int(path.split("/")[2]))
            except OSError:
                continue
        return sorted(found)

    def command(self, *arguments, **changes):
        python, *words = dbt_cases.PlainDbt.command(self, *arguments, **changes)
        return [python, "-I", "-S", DOOR, self.sockets, "dbt"] + words

    def host(self, result):
        return next((event["mode"], event["manifest"]) for event in result.events if event["event"] == "host")

    def settle(self):
        """Waits until the process that waits has taken over what the last command parsed; returns its pid."""
        def is_at_rest():
            family = self.processes()
            return len(family) == 2 and not busy(family[0]) and self.processes() == family

        support.wait_until(is_at_rest, 20, "the warm process at rest, with the one that it forked in advance")
        return self.processes()[0]


class WarmDbtTest(dbt_cases.ProcessCases, dbt_cases.TableCases, WarmDbt, unittest.TestCase):
    # what only a warm process can do wrong

    def test_the_second_run_knows_the_manifest_and_a_killed_process_is_replaced(self):
        self.assertEqual(("warm", "parsed"), self.host(self.run_dbt("run", "--select", "payment_methods")))
        pid = self.settle()
        self.assertEqual(("warm", "known"), self.host(self.run_dbt("run", "--select", "payment_methods")))
        self.assertEqual(1, len(os.listdir("/proc/%d/task" % pid)))
        os.kill(pid, signal.SIGKILL)
        # Whoever meets a process that is just dying runs as a plain one.
        self.assertEqual("parsed", self.host(self.run_dbt("run", "--select", "payment_methods"))[1])
        self.assertEqual("warm", self.host(self.run_dbt("run", "--select", "payment_methods"))[0])

    def test_doubtful_flags_parse_for_themselves(self):
        self.run_dbt("run", "--select", "payment_methods")
        self.settle()
        for flags in (["--warn-error"], ["--no-partial-parse"], ["--vars", "{x: 1}"]):
            result = self.run_dbt(*flags[:1] if len(flags) == 1 else [], "run", "--select", "payment_methods", *flags if len(flags) == 2 else [])
            self.assertEqual((0, ("warm", "parsed")), (result.returncode, self.host(result)), result.output)

    def test_a_door_that_is_killed_takes_its_command_along_and_frees_the_lock(self):
        self.write("models/marts/slow.sql", "select count(*) as n from range(100000000000) a")
        door = subprocess.Popen(self.command("run", "--select", "slow"), stdout=subprocess.PIPE, text=True)
        for line in door.stdout:
            if "START sql" in line:
                break
        door.kill()
        door.wait()
        door.stdout.close()
        result = self.run_dbt("run", "--select", "payment_methods", lock_timeout_ms=15000)
        self.assertEqual(0, result.returncode, result.output)

    def test_forty_runs_leave_the_process_as_it_was(self):
        self.run_dbt("ls", "--select", "payment_methods")
        before = size_of(self.settle())
        for _ in range(40):
            self.assertEqual(0, self.run_dbt("ls", "--select", "payment_methods").returncode)
        memory, descriptors, threads = size_of(self.settle())
        self.assertEqual(before[1:], (descriptors, threads))
        self.assertLess(memory, before[0] + 8192)


def busy(pid):
    """True unless it sleeps, and did so for a while: what it takes over costs CPU."""
    def ticks():
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[11:13]
    before = ticks()
    time.sleep(0.5)
    return ticks() != before


def size_of(pid):
    """(resident KiB, descriptors, threads)"""
    with open("/proc/%d/status" % pid) as file:
        memory = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return memory, len(os.listdir("/proc/%d/fd" % pid)), len(os.listdir("/proc/%d/task" % pid))


PROJECT = {
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels: {+materialized: table}\nvars: {rate: 2}\n",
    "dbt_packages/tax/dbt_project.yml": "name: tax\n",
    "dbt_packages/tax/macros/tax.sql": "{% macro tax() %}7{% endmacro %}",
    "packages.yml": "packages: [{local: dbt_packages/tax}]\n",
    "macros/money.sql": "{% macro cents(n) %}{{ n }} * 100{% endmacro %}",
    "models/a.sql": "select 1 as id, {{ cents(3) }} as cents, {{ var('rate') }} as rate, {{ tax.tax() }} as tax, "
                    "'{{ env_var(\"SHOP_NAME\", \"none\") }}' as shop, '{{ target.name }}' as target, '{{ var(\"flag\", \"off\") }}' as flag",
    "models/b.sql": "select id, cents from {{ ref('a') }}",
    "models/models.yml": "models: [{name: b, config: {alias: bee}}]\n",
}
# name → (files, more words, more environment, other context)
EDITS = {
    "nothing": ({}, [], {}, {}),
    "a model": ({"models/a.sql": PROJECT["models/a.sql"].replace("cents(3)", "cents(4)")}, [], {}, {}),
    "a macro": ({"macros/money.sql": "{% macro cents(n) %}{{ n }} * 1000{% endmacro %}"}, [], {}, {}),
    "properties": ({"models/models.yml": "models: [{name: b, config: {alias: cee}}]\n"}, [], {}, {}),
    "settings": ({"dbt_project.yml": PROJECT["dbt_project.yml"].replace("rate: 2", "rate: 3")}, [], {}, {}),
    "a package": ({"dbt_packages/tax/macros/tax.sql": "{% macro tax() %}19{% endmacro %}"}, [], {}, {}),
    "vars": ({}, ["--vars", "{flag: 'on'}"], {}, {}),
    "the environment": ({}, [], {"SHOP_NAME": "corner"}, {}),
    "the profile": ({}, [], {}, {"target": "other"}),
    "a new model": ({"models/c.sql": "select cents + 1 as more from {{ ref('a') }}"}, [], {}, {}),
    "all as it was": ({"models/c.sql": None, **PROJECT}, [], {}, {}),
}


class Edits(unittest.TestCase):
    """The same edits seen by a warm process and by plain ones: the same tables."""

    def make_side(self, kind):
        side = kind()
        side.home = tempfile.mkdtemp(prefix="devbox-dbt-")
        self.addCleanup(support.remove_folder, side.home)
        for name, text in PROJECT.items():
            side.write(name, text)
        database = sqlite3.connect(os.path.join(side.home, "sandbox.db"))
        database.execute("pragma journal_mode = wal")
        database.close()
        return side

    def apply(self, side, files):
        for name, text in files.items():
            if text is not None:
                side.write(name, text)
            elif os.path.exists(os.path.join(side.home, "dbt", name)):
                os.unlink(os.path.join(side.home, "dbt", name))

    def tables(self, side):
        names = [row[0] for row in side.sql("select name from sqlite_master where type = 'table' and name not like '\\_%' escape '\\' order by name")]
        return {name: sorted(side.sql("select * from " + name)) for name in names}

    def test_every_kind_of_edit_is_noticed(self):
        WarmDbt.sockets = os.path.realpath(tempfile.mkdtemp(prefix="devbox-warm-"))
        self.addCleanup(WarmDbt.end_servers)
        warm, cold = self.make_side(WarmDbt), self.make_side(dbt_cases.PlainDbt)
        last = None
        for name, (files, words, env, changes) in EDITS.items():
            with self.subTest(edit=name):
                for side in (warm, cold):
                    self.apply(side, files)
                expected = cold.run_dbt("build", *words, env=env, **changes)
                first = warm.run_dbt("build", *words, env=env, **changes)
                self.assertEqual((0, 0), (expected.returncode, first.returncode), first.output)
                self.assertEqual(self.tables(cold), self.tables(warm))
                warm.settle()
                again = warm.run_dbt("build", *words, env=env, **changes)
                if warm.host(again) == ("warm", "parsed"):  # few edits are parsed once more before they are kept
                    warm.settle()
                    again = warm.run_dbt("build", *words, env=env, **changes)
                self.assertEqual((0, ("warm", "parsed"), ("warm", "known")), (again.returncode, warm.host(first), warm.host(again)), again.output)
                self.assertEqual(self.tables(cold), self.tables(warm))
                self.assertNotEqual(last, self.tables(cold), "the edit shows in no table")
                last = self.tables(cold)
        for side in (warm, cold):
            self.apply(side, {"models/a.sql": "select {% broken"})
        self.assertEqual([2, 2], [side.run_dbt("build").returncode for side in (warm, cold)])
        for side in (warm, cold):
            self.apply(side, PROJECT)
        self.assertEqual([0, 0], [side.run_dbt("build").returncode for side in (warm, cold)])
        self.assertEqual(self.tables(cold), self.tables(warm))


if __name__ == "__main__":
    support.main()
