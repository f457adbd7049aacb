"""The sandbox database through the real binary: killed at any moment it converges, and csv, json and exit codes are as promised.

Run: DEVBOX_TEST_BINARY=build/bin/devbox python3 -m unittest discover -s tests/integration -p sandbox_test.py
"""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

BINARY = os.path.abspath(os.environ.get("DEVBOX_TEST_BINARY", "build/bin/devbox"))
ROWS, KILLS = 200_000, 12


class SandboxTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="devbox-sandbox-test."))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "dags").mkdir()
        (self.root / "seeds").mkdir()
        self.database = self.root / ".devbox" / "sandbox.db"

    def write(self, name, text):
        (self.root / "seeds" / name).write_text(text, newline="")

    def write_orders(self, version):
        self.write("orders.csv", "id,version,note\n" + "".join(f'{i},{version},"note, {i}"\n' for i in range(ROWS)))

    def command(self, *words):
        return [BINARY, "-C", str(self.root), *words]

    def run_devbox(self, *words, expect=0):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def ask(self, sql):
        connection = sqlite3.connect(self.database, timeout=10)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def seed_and_kill_after(self, delay):
        child = subprocess.Popen(self.command("db", "seed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        return child.wait(timeout=10) == -signal.SIGKILL

    def time_of_a_load(self):
        started = time.monotonic()
        self.run_devbox("db", "seed")
        return time.monotonic() - started

    def assert_whole(self, version):
        self.assertEqual(self.ask("SELECT count(*), count(DISTINCT id), min(version), max(version) FROM orders"), [(ROWS, ROWS, version, version)])
        self.assertEqual(self.ask("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.ask("SELECT name, owner FROM _devbox_tables"), [("orders", "seed")])
        self.assertEqual([p.name for p in self.database.parent.iterdir() if "loading" in p.name], [])

    def test_a_first_load_killed_at_any_moment_converges(self):
        self.write_orders(1)
        duration, killed = self.time_of_a_load(), 0
        for step in range(KILLS):
            shutil.rmtree(self.root / ".devbox")
            killed += self.seed_and_kill_after(duration * (step + 0.5) / KILLS)
            if self.database.exists():
                self.assertEqual(self.ask("SELECT count(*) FROM orders"), [(ROWS,)])
            self.run_devbox("db", "seed")
            self.assert_whole(1)
        self.assertGreater(killed, KILLS // 3, "the kills came too late to test anything")

    def test_a_later_load_killed_at_any_moment_leaves_old_or_new_rows_and_the_rest_alone(self):
        self.write_orders(1)
        self.run_devbox("db", "seed")
        reader = sqlite3.connect(self.database, timeout=10)
        self.addCleanup(reader.close)
        reader.execute("CREATE TABLE mine AS SELECT 7 AS x")
        reader.commit()
        self.write_orders(2)
        duration, killed, version = self.time_of_a_load(), 0, 2
        for step in range(KILLS):
            self.write_orders(version + 1)
            killed += self.seed_and_kill_after(duration * (step + 0.5) / KILLS)
            found = reader.execute("SELECT count(*), min(version), max(version) FROM orders").fetchone()
            self.assertIn(found, [(ROWS, version, version), (ROWS, version + 1, version + 1)])
            version += 1
            self.run_devbox("db", "seed")
            self.assert_whole(version)
            self.assertEqual(self.ask("SELECT x FROM mine"), [(7,)])
        self.assertGreater(killed, KILLS // 3, "the kills came too late to test anything")

    def test_two_loads_at_once_wait_for_each_other(self):
        self.write_orders(1)
        children = [subprocess.Popen(self.command("db", "seed"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(3)]
        for child in children:
            _, errors = child.communicate(timeout=60)
            self.assertEqual(child.returncode, 0, errors)
        self.assert_whole(1)

    def test_a_wrong_file_is_exit_4_with_its_line_and_nothing_changes(self):
        self.write("orders.csv", "id,note\n1,a\n")
        self.run_devbox("db", "seed")
        self.write("orders.csv", 'id,note\n1,"two\nlines"\n2\n')
        done = self.run_devbox("db", "seed", expect=4)
        self.assertIn("seeds/orders.csv:4: the header has 2 columns, this row has 1 value", done.stderr)
        self.assertEqual(self.ask("SELECT * FROM orders"), [(1, "a")])

    def test_a_foreign_table_is_exit_10_and_stays(self):
        self.run_devbox("db", "seed")
        self.run_devbox("db", "query", "--write", "CREATE TABLE orders AS SELECT 'mine' AS x")
        self.write("orders.csv", "id\n1\n")
        done = self.run_devbox("db", "seed", expect=10)
        self.assertIn("orders", done.stderr)
        self.assertEqual(self.ask("SELECT x FROM orders"), [("mine",)])

    def test_csv_of_a_query_is_a_seed_that_loads_to_the_same_rows(self):
        self.write("orders.csv", 'id,note,zip\n1,"a ""b"", c",02108\n2,"two\nlines",\n3,"",10001\n')
        self.run_devbox("db", "seed")
        before = self.ask("SELECT * FROM orders")
        self.assertEqual(before, [(1, 'a "b", c', "02108"), (2, "two\nlines", None), (3, "", "10001")])
        self.write("orders.csv", self.run_devbox("db", "query", "--format", "csv", "SELECT * FROM orders").stdout)
        self.run_devbox("db", "seed")
        self.assertEqual(self.ask("SELECT * FROM orders"), before)

    def test_json_keeps_types_and_columns_of_the_same_name(self):
        self.write("orders.csv", "id,amount,note\n1,1.5,\n")
        self.run_devbox("db", "seed")
        sql = "SELECT a.*, b.id FROM orders a, orders b"
        rows = json.loads(self.run_devbox("db", "query", "--format", "json", sql).stdout)
        self.assertEqual(rows, [{"id": 1, "amount": 1.5, "note": None, "id_2": 1}])
        envelope = json.loads(self.run_devbox("--json", "db", "query", sql).stdout)
        self.assertEqual(envelope["data"], {"columns": ["id", "amount", "note", "id"], "rows": [[1, 1.5, None, 1]]})

    def test_a_query_that_writes_needs_the_option(self):
        self.write("orders.csv", "id\n1\n")
        self.run_devbox("db", "seed")
        done = self.run_devbox("db", "query", "DELETE FROM orders", expect=2)
        self.assertIn("--write", done.stderr)
        self.assertEqual(self.ask("SELECT count(*) FROM orders"), [(1,)])

    def test_a_restore_killed_at_any_moment_leaves_one_of_both_and_the_way_back(self):
        self.write_orders(1)
        self.run_devbox("db", "seed")
        self.run_devbox("db", "snapshot", "one")
        self.write_orders(2)
        self.run_devbox("db", "seed")
        started = time.monotonic()
        self.run_devbox("db", "restore", "one")
        duration, killed = time.monotonic() - started, 0
        self.run_devbox("db", "restore", "--last")
        self.run_devbox("db", "snapshot", "two")
        for step in range(KILLS):
            child = subprocess.Popen(self.command("db", "restore", ("one", "two")[step % 2]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(duration * (step + 0.5) / KILLS)
            child.send_signal(signal.SIGKILL)
            killed += child.wait(timeout=10) == -signal.SIGKILL
            self.assertIn(self.ask("SELECT count(*), min(version), max(version) FROM orders"), [[(ROWS, 1, 1)], [(ROWS, 2, 2)]])
            self.assertEqual(self.ask("PRAGMA integrity_check"), [("ok",)])
        self.assertGreater(killed, KILLS // 3, "the kills came too late to test anything")
        for name, version in (("one", 1), ("two", 2)):
            self.run_devbox("db", "restore", name)
            self.assert_whole(version)
        self.assertEqual([p.name for p in (self.database.parent / "snapshots").iterdir() if ".new" in p.name], [])

    def test_a_restore_waits_for_who_writes(self):
        self.write("orders.csv", "id\n1\n")
        self.run_devbox("db", "seed")
        self.run_devbox("db", "snapshot", "one")
        writer = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM orders")
        child = subprocess.Popen(self.command("db", "restore", "one"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        self.assertIsNone(child.poll())
        writer.execute("COMMIT")
        self.assertEqual((child.communicate(timeout=30)[1], child.returncode)[1], 0)
        self.assertEqual(self.ask("SELECT count(*) FROM orders"), [(1,)])

    def test_a_reset_asks_and_loses_nothing(self):
        self.write("orders.csv", "id\n1\n")
        self.run_devbox("db", "seed")
        self.run_devbox("db", "query", "--write", "CREATE TABLE mine AS SELECT 7 AS x")
        done = self.run_devbox("db", "reset", expect=3)
        self.assertIn("devbox db reset --yes", done.stderr)
        for command in ("reset", "snapshot"):
            self.assertIn("would keep", self.run_devbox("db", command, "--dry-run").stderr)
        self.assertFalse((self.database.parent / "snapshots").exists())
        self.assertEqual(self.ask("SELECT x FROM mine"), [(7,)])
        kept = json.loads(self.run_devbox("--json", "db", "reset", "--yes").stdout)["data"]["kept"]["name"]
        self.assertEqual(self.ask("SELECT count(*) FROM sqlite_master WHERE name = 'mine'"), [(0,)])
        listed = json.loads(self.run_devbox("--json", "db", "list").stdout)["data"]
        self.assertEqual([snapshot["name"] for snapshot in listed], [kept])
        self.assertIn(kept, self.run_devbox("db", "list").stdout)
        self.assertIn("would make", self.run_devbox("db", "restore", "--last", "--dry-run").stderr)
        self.run_devbox("db", "restore", "--last")
        self.assertEqual(self.ask("SELECT x FROM mine"), [(7,)])
        self.run_devbox("db", "restore", expect=2)
        self.run_devbox("db", "restore", kept, "--last", expect=2)

    def test_a_diff_names_tables_and_rows(self):
        self.write("orders.csv", "id,status\n1,new\n2,paid\n")
        self.run_devbox("db", "seed")
        self.run_devbox("db", "snapshot", "then")
        self.assertEqual(self.run_devbox("db", "diff").stdout, "no table differs from then\n")
        self.assertEqual(self.run_devbox("db", "diff", "--table", "orders").stdout, "orders is the same as in then\n")
        self.run_devbox("db", "query", "--write", "UPDATE orders SET status = 'paid'")
        done = self.run_devbox("db", "diff", "then")
        self.assertEqual(done.stdout.splitlines()[2].split(), ["orders", "changed", "2", "2", "1", "1"])
        self.assertRegex(done.stderr, r"^since then, [-0-9]{10} [:0-9]{8}\nthe rows: devbox db diff then --table orders\n$")
        self.assertEqual([line.split() for line in self.run_devbox("db", "diff", "--table", "orders").stdout.splitlines()[2:]],
                         [["-", "1", "new", "1"], ["+", "1", "paid", "1"]])
        self.assertIn("--limit", self.run_devbox("db", "diff", "--table", "orders", "--limit", "1").stderr)
        tables = json.loads(self.run_devbox("--json", "db", "diff").stdout)["data"]["tables"]
        self.assertEqual(tables, [{"table": "orders", "difference": "changed", "rowsThen": 2, "rowsNow": 2, "removed": 1, "added": 1}])
        self.run_devbox("db", "diff", "--limit", "1", expect=2)
        self.assertIn("did you mean: then", self.run_devbox("db", "diff", "than", expect=2).stderr)

    def test_a_shell_is_sqlites_own_with_our_streams_and_its_exit_code(self):
        """sqlite3 need not be installed here; its place on PATH is what matters."""
        self.write("orders.csv", "id\n1\n")
        self.assertIn("devbox db seed", self.run_devbox("db", "shell", expect=6).stderr)
        self.run_devbox("db", "seed")
        program = self.root / "bin" / "sqlite3"
        program.parent.mkdir()
        program.write_text('#!/bin/sh\nfor last; do :; done; echo "$last"; cat; exit 3\n')
        program.chmod(0o755)
        environment = {**os.environ, "PATH": f"{program.parent}:/usr/bin:/bin"}
        done = subprocess.run(self.command("db", "shell"), input="SELECT 1;", capture_output=True, text=True, timeout=60, env=environment)
        self.assertEqual((done.returncode, done.stdout), (3, f"{self.database.resolve()}\nSELECT 1;"), done.stderr)
        program.unlink()
        environment["PATH"] = str(program.parent)
        done = subprocess.run(self.command("db", "shell"), capture_output=True, text=True, timeout=60, env=environment)
        self.assertEqual(done.returncode, 5)
        self.assertIn("devbox db query", done.stderr)


if __name__ == "__main__":
    unittest.main()
