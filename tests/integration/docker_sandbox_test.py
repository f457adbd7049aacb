# needs: docker
"""The sandbox database where SQLite's locks do not cross the engine's file sharing, as with a virtual machine.

The stand-in for that sharing is bindfs, a FUSE file system that passes everything on but locks: dockerd has a mount namespace of its own, in
which bindfs lies over the checkout. So the host and the containers have the same files, and each has its locks for itself. Nothing tells
devbox so: its own look through the mount has to find out.
"""
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import unittest

import docker_compose_program
import docker_stack
import support

docker_stack.require()
MISSING = [what for what, is_there in (("bindfs", shutil.which("bindfs")), ("/dev/fuse", os.path.exists("/dev/fuse"))) if not is_there]
if MISSING:
    print("skipped: a stand-in for a virtual machine's file sharing needs " + " and ".join(MISSING))
    sys.exit(docker_stack.SKIP)

ROWS = 400
WRITER = '''
import datetime, os, sqlite3, time
from airflow import DAG
from airflow.operators.python import PythonOperator

def write(name):
    for number in range(%d):
        connection = sqlite3.connect(os.environ["DEVBOX_TEST_SANDBOX"], timeout=60, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS written(name, number)")
        connection.execute("INSERT INTO written VALUES (?, ?)", (name, number))
        connection.execute("COMMIT")
        connection.close()
        time.sleep(0.03)

with DAG("writer", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    for name in ("one", "two"):
        PythonOperator(task_id=name, python_callable=write, op_args=[name])
''' % ROWS


class Airflow(support.Airflow):
    """Asks again when the web server's worker was just replaced."""

    def request(self, method, path, *more, **options):
        for _ in range(3 if method == "GET" else 0):
            with contextlib.suppress(OSError):  # RemoteDisconnected is one
                return super().request(method, path, *more, **options)
        return super().request(method, path, *more, **options)


class SharedFolder:
    """A folder of the host as the engine sees it through file sharing without locks."""

    def __init__(self, engine, folder, *options):
        self.inside = ["nsenter", "--mount=/proc/%d/ns/mnt" % engine.daemon.pid]
        self.folder = folder
        self.program = subprocess.Popen([*self.inside, "bindfs", "-f", "-o", "allow_other,nonempty", *options, folder, folder], start_new_session=True)
        support.wait_until(self.is_mounted, 20, "bindfs over " + folder)

    def is_mounted(self):
        assert self.program.poll() is None, "bindfs ended with %s" % self.program.returncode
        with open("/proc/%d/mounts" % self.program.pid) as file:
            return any(line.split()[1] == self.folder and "fuse" in line.split()[2] for line in file)

    def close(self):
        subprocess.run([*self.inside, "umount", "-l", self.folder], check=False)
        self.program.terminate()
        self.program.wait(20)


class SandboxBehindFileSharing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.engine = docker_stack.Engine()
        cls.engine.launcher = ["unshare", "--mount", "--propagation", "slave"]
        cls.stack.enter_context(cls.engine)
        cls.checkout = support.Checkout()
        cls.stack.callback(cls.leave)
        kind = "v1" if docker_compose_program.reason_without_v2(docker_stack.cache_folder()) else "v2"
        cls.checkout.environment.update(cls.engine.environment(kind), XDG_CACHE_HOME=cls.checkout.home + "/cache")
        cls.configure()
        cls.checkout.write("dags/writer.py", WRITER)
        cls.stack.callback(SharedFolder(cls.engine, cls.checkout.root).close)
        cls.engine.image("apache/airflow:2.10.3-python3.11")
        cls.engine.image("postgres:15")
        cls.first = cls.checkout.run("start", seconds=900).check()

    @classmethod
    def configure(cls):
        checkout = cls.checkout
        checkout.version, checkout.port = "2.10.3", support.free_port()
        checkout.write("devbox.yaml", 'runtime: docker\nairflow:\n  version: "2.10.3"\n  port: %d\n  build_network: host\n'
                       '  env: {DEVBOX_TEST_SANDBOX: "%s"}\nseeds: {columns: {orders: {amount: real}, payments: {amount: real}}}\n'
                       % (checkout.port, checkout.path(".devbox/sandbox.db")))

    @classmethod
    def leave(cls):
        with contextlib.suppress(AssertionError):
            cls.checkout.run("stop")
        cls.engine._remove_leftovers()
        shutil.rmtree(cls.checkout.home)

    def query(self, sql, *options, code=0):
        return self.checkout.run("db", "query", *options, sql).check(code)

    def rows(self, sql):
        return json.loads(self.checkout.run("--json", "db", "query", sql).check().out)["data"]["rows"]

    def scheduler(self):
        return self.engine.docker("ps", "-q", "--filter", "label=com.docker.compose.service=airflow-scheduler").split()[0]

    @contextlib.contextmanager
    def held_inside(self, seconds):
        """A transaction in the scheduler's container that keeps other writers out."""
        code = ("import sqlite3, time; c = sqlite3.connect(%r, isolation_level=None); c.execute('BEGIN IMMEDIATE'); print('held', flush=True)\n"
                "time.sleep(%d); c.execute('COMMIT')" % (self.checkout.path(".devbox/sandbox.db"), seconds))
        held = subprocess.Popen(["docker", "exec", self.scheduler(), "python", "-c", code], stdout=subprocess.PIPE, text=True,
                                env={**os.environ, **self.engine.environment()})
        try:
            self.assertEqual(held.stdout.readline(), "held\n")
            yield
            self.assertEqual(held.wait(60), 0)
        finally:
            held.kill()
            held.stdout.close()
            held.wait()

    # --- the verdict

    def test_a_the_look_through_the_mount_finds_that_locks_do_not_cross(self):
        with open(self.checkout.path(".devbox/run/mounts.json")) as file:
            self.assertIs(json.load(file)["sharesLocks"], False)
        self.assertIn("locks do not cross the engine's file sharing", self.first.err)

    def test_b_and_it_is_true_of_this_stand_in(self):
        """The host would get in while a container holds the database. (A table of its own: nothing that devbox needs is at risk.)"""
        path = self.checkout.path(".devbox/tmp/proof.db")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("CREATE TABLE proof(x)")
        code = "import sqlite3; c = sqlite3.connect(%r, isolation_level=None); c.execute('BEGIN IMMEDIATE'); print('held', flush=True); input()" % path
        held = subprocess.Popen(["docker", "exec", "-i", self.scheduler(), "python", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True, env={**os.environ, **self.engine.environment()})
        self.assertEqual(held.stdout.readline(), "held\n")
        with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as host:
            host.execute("BEGIN IMMEDIATE")
            host.execute("ROLLBACK")
        held.communicate("\n", timeout=20)

    # --- one at a time

    def test_c_queries_answer_as_anywhere(self):
        self.assertEqual(self.rows("SELECT count(*) FROM orders"), [[3000]])
        csv = self.query("SELECT 1 AS i, 2.50 AS r, NULL AS n, 'a,\"b' AS t", "--format", "csv").out
        self.assertEqual(csv, 'i,r,n,t\n1,2.5,,"a,""b"\n')
        self.assertIn("--write", self.query("DELETE FROM orders", code=2).err)
        self.assertIn("no such table: nowhere", self.query("SELECT * FROM nowhere", code=6).err)
        self.assertIn("one statement at a time", self.query("SELECT 1; SELECT 2", code=6).err)
        self.assertEqual(self.query("CREATE TABLE mine AS SELECT 7 AS x", "--write").out.strip(), "0 rows changed")
        self.assertEqual(self.query("UPDATE mine SET x = 8", "--write").out.strip(), "1 row changed")
        self.assertEqual(self.rows("SELECT x FROM mine"), [[8]])

    def test_d_seeds_load_into_what_containers_have_open(self):
        self.checkout.write("seeds/places.csv", "id,name\n1,here\n2,there\n")
        self.checkout.run("db", "seed").check()
        self.assertEqual(self.rows("SELECT name FROM places ORDER BY id"), [["here"], ["there"]])
        os.remove(self.checkout.path("seeds/places.csv"))
        self.assertIn("its seed file is gone", self.checkout.run("db", "seed").check().err)
        self.assertEqual(self.rows("SELECT count(*) FROM sqlite_master WHERE name = 'places'"), [[0]])
        self.query("CREATE TABLE theirs(x)", "--write")
        self.checkout.write("seeds/theirs.csv", "id\n1\n")
        self.assertIn("devbox did not make it", self.checkout.run("db", "seed").check(10).err)
        os.remove(self.checkout.path("seeds/theirs.csv"))

    def test_e_tests_of_dbt_have_their_private_copy(self):
        answer = self.checkout.run("test", "dbt", seconds=600).check()
        self.assertIn("passed", answer.out + answer.err)
        self.checkout.run("test", "dbt", "stg_orders", seconds=600).check()  # on a copy of what is built

    def test_f_a_writer_waits_for_a_container_that_writes(self):
        with self.held_inside(4):
            answer = self.query("INSERT INTO mine VALUES (9)", "--write")
        self.assertGreater(answer.seconds, 2)
        self.assertEqual(self.rows("SELECT count(*) FROM mine"), [[2]])

    def test_g_and_says_so_when_that_takes_too_long(self):
        with self.held_inside(26):
            answer = self.query("INSERT INTO mine VALUES (10)", "--write", code=6)
        self.assertIn("database is locked", answer.err)
        self.assertEqual(self.rows("SELECT count(*) FROM mine"), [[2]])

    # --- all at once

    def test_ga_snapshots_go_through_it_too(self):
        self.checkout.run("db", "snapshot", "one").check()
        self.query("DELETE FROM mine", "--write")
        self.checkout.run("db", "restore", "one").check()
        self.assertGreater(self.rows("SELECT count(*) FROM mine")[0][0], 0)
        self.checkout.run("db", "reset", "--yes").check()
        self.assertEqual(self.rows("SELECT count(*) FROM sqlite_master WHERE name = 'mine'"), [[0]])
        self.assertEqual(self.rows("SELECT count(*) FROM orders"), [[3000]])
        self.checkout.run("db", "restore", "--last").check()
        self.assertGreater(self.rows("SELECT count(*) FROM mine")[0][0], 0)

    def seed_until(self, is_done, counts):
        version = 0
        while not is_done():
            version += 1
            self.checkout.write("seeds/versions.csv", "id,version\n" + "".join("%d,%d\n" % (i, version) for i in range(2000)))
            self.checkout.run("db", "seed").check()
            counts["version"] = version

    def write_until(self, is_done, counts):
        while not is_done():
            self.query("INSERT INTO by_host VALUES (%d)" % counts["host"], "--write")
            counts["host"] += 1

    def test_h_tasks_write_while_the_host_queries_seeds_and_writes(self):
        """Two tasks of a real run in the scheduler's container, each row a transaction, and three programs of the host."""
        self.query("CREATE TABLE by_host(number)", "--write")
        airflow, counts, failures, done = Airflow(self.checkout), {"version": 0, "host": 0, "reads": 0}, [], threading.Event()
        support.wait_until(lambda: "writer" in airflow.dag_ids(), 60, "the DAG writer")

        def guarded(work):
            def run():
                try:
                    work(done.is_set, counts)
                except AssertionError as error:
                    failures.append(error)
            return run

        def read(is_done, counts):
            last = 0
            while not is_done():
                found = self.rows("SELECT (SELECT count(*) FROM sqlite_master WHERE name = 'written'), (SELECT count(DISTINCT version) FROM versions)")
                self.assertEqual(found[0][1], 1, "a reader saw half a load")
                if found[0][0]:
                    (now,), = self.rows("SELECT count(*) FROM written")
                    self.assertGreaterEqual(now, last)
                    last = now
                counts["reads"] += 1

        self.checkout.write("seeds/versions.csv", "id,version\n1,0\n")
        self.checkout.run("db", "seed").check()
        threads = [threading.Thread(target=guarded(work)) for work in (self.seed_until, self.write_until, read)]
        for thread in threads:
            thread.start()
        try:
            state = airflow.trigger("writer", seconds=180)
        finally:
            done.set()
            for thread in threads:
                thread.join(120)
        self.assertEqual(failures, [])
        self.assertEqual(state, "success")
        self.assertEqual(self.rows("SELECT name, count(*), count(DISTINCT number) FROM written GROUP BY name ORDER BY name"),
                         [["one", ROWS, ROWS], ["two", ROWS, ROWS]])
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT number) FROM by_host"), [[counts["host"]] * 2])
        self.assertEqual(self.rows("SELECT count(*), min(version), max(version) FROM versions"), [[2000, counts["version"], counts["version"]]])
        self.assertEqual(self.rows("PRAGMA integrity_check"), [["ok"]])
        self.assertGreater(min(counts.values()), 5, "too little happened at once to test anything: %s" % counts)
        print("at once: %s" % counts)

    # --- without the engine, and afterwards

    def test_i_without_the_engine_the_database_is_left_alone(self):
        answer = self.checkout.run("db", "query", "SELECT 1", env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
        self.assertNotEqual(answer.code, 0)
        self.assertIn("reached through a container", answer.err)

    def test_j_a_query_works_after_stop_too_and_the_file_is_whole(self):
        self.checkout.run("stop").check()
        self.assertEqual(self.rows("SELECT count(*) FROM orders"), [[3000]])
        self.checkout.run("stop").check()  # takes the query's container away: nobody has it open now
        with contextlib.closing(sqlite3.connect(self.checkout.path(".devbox/sandbox.db"))) as host:
            self.assertEqual(host.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(host.execute("SELECT count(*) FROM written").fetchall(), [(2 * ROWS,)])

    def test_k_destroy_takes_containers_and_keeps_all_that_tasks_wrote(self):
        instance = self.checkout.instance
        self.checkout.run("destroy", "--yes").check()
        for kind in ("container", "volume", "network"):
            self.assertEqual(self.engine.things_of(kind, "devbox-platform-" + instance[:6], instance), [])
        (kept,) = [name for name in os.listdir(self.checkout.path(".devbox/snapshots")) if name.startswith("before-destroy-")]
        with contextlib.closing(sqlite3.connect(self.checkout.path(".devbox/snapshots/" + kept))) as snapshot:
            self.assertEqual(snapshot.execute("SELECT count(*) FROM written").fetchall(), [(2 * ROWS,)])

    def test_l_containers_that_may_not_write_here_are_named_with_whose_it_is(self):
        """As with an engine that maps users; the stand-in shows another owner, and lets nobody write."""
        other = support.Checkout(example=False)
        self.addCleanup(shutil.rmtree, other.home)
        other.environment.update({name: self.checkout.environment[name] for name in ("DOCKER_HOST", "DOCKER_CONFIG", "PATH", "XDG_CACHE_HOME")})
        other.write("devbox.yaml", 'runtime: docker\nairflow: {version: "2.10.3", build_network: host}\n')
        shared = SharedFolder(self.engine, other.root, "-r", "--force-user=4321")
        self.addCleanup(shared.close)
        self.addCleanup(other.run, "stop")
        said = other.run("start", "--only", "airflow").check(5).err
        self.assertIn("containers may not write into %s: inside it belongs to user 4321, they run as 0" % other.path(".devbox"), said)
        self.assertIn("runtime: native", said)
        self.assertEqual(other.run("test", "dags").check(5).out, "")


if __name__ == "__main__":
    support.main()
