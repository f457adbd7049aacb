"""The warm process behind `test dag` and its door (src/workers/warm_server.py, warm_door.py) on real Airflow: it answers as a cold
process does, and whoever dies, nobody else notices and nothing is left.
"""

import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import unittest.mock

import airflow_host_test
import support

DOOR = os.path.join(airflow_host_test.ROOT, "src", "workers", "warm_door.py")
HANGING_DAG = """
from airflow.decorators import task
from airflow import DAG
import datetime, os, subprocess, time
with DAG("hanging", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    @task
    def hang():
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        fork = os.fork()
        if fork == 0:
            os.setsid()
            time.sleep(600)
        with open(os.environ["PIDS"], "w") as file:
            file.write(f"{os.getpid()} {child.pid} {fork} {os.getppid()}")
        time.sleep(600)
    hang()
"""
ZONED_DAG = """
from airflow.decorators import task
from airflow import DAG
import datetime, time
with DAG("zoned", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    @task
    def name():
        return time.strftime("%Z")
    name()
"""
NESTED_DAG = """
from airflow.decorators import task
from airflow import DAG
import datetime, multiprocessing
context = multiprocessing.get_context("fork")
def within(queue):
    queue.put("from within")
def between(queue):
    process = context.Process(target=within, args=(queue,))
    process.start()
    process.join()
with DAG("nested", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    @task
    def outer():
        queue = context.Queue()
        process = context.Process(target=between, args=(queue,))
        process.start()
        answer = queue.get(timeout=20)
        process.join()
        return answer
    outer()
"""
STARTING_DAG = """
from airflow import DAG
import datetime, os
with DAG("starting", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    pass
os.system("sleep 100 & echo $! > " + os.path.dirname(__file__) + "/pid")
"""
WRITING_DAG = """
from airflow.decorators import task
from airflow import DAG
import datetime, os, sqlite3
def execute(*statements):
    with sqlite3.connect(os.environ["SANDBOX"]) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
with DAG("writing", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    @task
    def append():
        execute("INSERT INTO orders VALUES (3, NULL), (4, 'x')")
    @task
    def read():
        return 1
    @task
    def update():
        execute("UPDATE orders SET name = 'y' WHERE id = 1")
    @task
    def make():
        execute("CREATE TABLE fresh AS SELECT id FROM orders", "DROP TABLE old")
    append() >> read() >> update() >> make()
"""


class WarmRequests(airflow_host_test.RequestTests):
    mode = "warm"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A socket's path must be short.
        cls.sockets = os.path.realpath(tempfile.mkdtemp(prefix="devbox-warm-"))
        cls.addClassCleanup(cls.end_servers)

    @classmethod
    def environment(cls, database, dags=airflow_host_test.CORPUS):
        given = {name: os.environ[name] for name in ("SANDBOX", "TZ") if name in os.environ}
        return {**super().environment(database, dags), "DEVBOX_METADATA_TEMPLATE": cls.template, **given}

    @classmethod
    def end_servers(cls):
        for pid in cls.servers():
            os.kill(pid, signal.SIGTERM)
        support.wait_until(lambda: not cls.servers(), 10, "the end of all warm processes")
        shutil.rmtree(cls.sockets)

    @classmethod
    def servers(cls):
        """pids of the processes that wait for commands. A fork of one whose own parent is about to be gone looks the same for a moment."""
        first = cls.look_for_servers()
        time.sleep(0.05)
        return [pid for pid in cls.look_for_servers() if pid in first]

    @classmethod
    def look_for_servers(cls):
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            pid = int(path.split("/")[2])
            if b"serve" in words and any(word.startswith(cls.sockets.encode()) for word in words) and airflow_host_test.is_alive(pid):
                found.append(pid)
        # Commands under way are forks of them.
        return [pid for pid in found if parent(pid) not in found]

    def test_what_each_task_wrote_to_the_sandbox_is_told(self):
        folder = self.folder_with("writing.py", WRITING_DAG)
        sandbox = os.path.join(folder, "sandbox 100%?.db")
        with sqlite3.connect(sandbox) as database:
            database.executescript("PRAGMA journal_mode=WAL; CREATE TABLE orders (id INTEGER, name TEXT); CREATE TABLE old (id);"
                                   "CREATE TABLE _devbox_tables (name); INSERT INTO orders VALUES (1, 'a'), (2, 'b')")
        database.close()
        os.environ["SANDBOX"] = sandbox
        self.addCleanup(os.environ.pop, "SANDBOX")
        done, tasks = self.run_dag("writing", dags_folder=folder, sandbox=sandbox)
        self.assertEqual(done["state"], "success")
        found = {task_id: task["data"] for (task_id, _), task in tasks.items()}
        columns = ["id", "name"]
        self.assertEqual(found["append"], [{"table": "orders", "rows_before": 2, "rows_after": 4, "columns": columns,
                                            "sample": [["3", None], ["4", "x"]]}])
        self.assertEqual(found["read"], [])
        self.assertEqual([(one["table"], one["rows_before"], one["rows_after"], one["sample"][0]) for one in found["update"]],
                         [("orders", 4, 4, ["1", "y"])])
        self.assertEqual([(one["table"], one["rows_before"], one["rows_after"]) for one in found["make"]],
                         [("fresh", 0, 4), ("old", 0, 0)])
        self.assertTrue(found["make"][1]["is_dropped"])

    def test_the_time_zone_is_that_of_the_command(self):
        folder = self.folder_with("zoned.py", ZONED_DAG)
        for zone, name in (("UTC", "UTC"), ("EST5", "EST"), ("UTC", "UTC")):
            with unittest.mock.patch.dict(os.environ, TZ=zone):
                _, tasks = self.run_dag("zoned", dags_folder=folder)
            self.assertEqual(tasks["name", -1]["xcom"][0]["value"], name)

    def folder_with(self, name, content):
        folder = tempfile.mkdtemp(dir=self.folder)
        with open(os.path.join(folder, name), "w") as file:
            file.write(content)
        return folder

    def is_warm_again(self):
        done, _ = self.run_dag("taskflow_ok")
        self.assertEqual(done["state"], "success")

    def is_settled(self, server):
        with open(f"/proc/{server}/fd/1") as file:
            return "warm after" in file.read()

    def command(self):
        return [self.python, "-I", "-S", DOOR, self.sockets, "test", airflow_host_test.HOST, "request"]


class KilledAndCrowded(WarmRequests):
    """kill -9 of each process that takes part, and six commands at once."""

    def hang(self, **more):
        """A door whose DAG hangs, and the pids of the task, of the two that it started, and of the process that watches it."""
        folder = self.folder_with("hanging.py", HANGING_DAG)
        pids = os.path.join(folder, "pids")
        request = {"protocol": 1, "op": "test_dag", "dags_folder": folder, "dag_id": "hanging", "timeout_ms": 600000,
                   "work_dir": folder, "log_dir": folder + "/logs", "template": self.template, **more}
        environment = {**self.environment("/nonexistent/airflow.db"), "PIDS": pids}
        door = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                                start_new_session=True)
        self.addCleanup(door.communicate)
        self.addCleanup(door.kill)
        door.stdin.write(json.dumps(request).encode() + b"\n")
        door.stdin.flush()
        support.wait_until(lambda: os.path.exists(pids) and os.path.getsize(pids) > 0, 60, "the hanging task")
        with open(pids) as file:
            return door, [int(word) for word in file.read().split()]

    def assert_gone(self, pids):
        support.wait_until(lambda: not any(map(airflow_host_test.is_alive, pids)), 15, f"the end of {pids}")

    def test_a_killed_door_takes_its_task_and_what_that_started_along(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            door, pids = self.hang()
            before = self.servers()
            door.send_signal(number)
            door.wait(15)
            self.assert_gone(pids)
            self.assertEqual(self.servers(), before)

    def test_a_killed_task_is_a_failed_task(self):
        door, (task, *others) = self.hang()
        os.kill(task, signal.SIGKILL)
        events = [json.loads(line) for line in door.communicate(timeout=20)[0].splitlines()]
        self.assertEqual((events[-1]["state"], events[-2]["error"]["type"]), ("failed", "ProcessExit"))
        self.assertIn("signal 9 (SIGKILL)", events[-2]["error"]["message"])
        self.assert_gone(others)

    def test_a_killed_watcher_ends_the_task_and_is_no_answer(self):
        door, (*started, watcher) = self.hang()
        os.kill(watcher, signal.SIGKILL)
        door.communicate(timeout=20)
        self.assertEqual(door.returncode, -signal.SIGKILL)
        self.assert_gone(started)
        self.is_warm_again()

    def test_a_killed_server_ends_what_runs_in_it_and_the_next_command_starts_another(self):
        door, pids = self.hang()
        for pid in self.servers():
            os.kill(pid, signal.SIGKILL)
        said = door.communicate(timeout=20)
        self.assertEqual(door.returncode, 70)
        self.assertIn(b"the warm process that ran this has ended with it", said[1])
        self.assert_gone(pids)
        self.is_warm_again()

    def test_processes_that_were_forked_in_advance_may_be_killed(self):
        self.is_warm_again()
        (server,) = self.servers()
        support.wait_until(lambda: self.is_settled(server), 60, "the warm-up")
        for which in (0, 1):
            killed = self.family_in_advance(server)[which]
            os.kill(killed, signal.SIGKILL)
            self.is_warm_again()
            self.assert_gone([killed])
            self.assertEqual(self.servers(), [server])

    def family_in_advance(self, server):
        """The process that waits for the next command, and the one that waits there for the user's code."""
        def find():
            spares = children(server)
            return [*spares, *children(spares[0])] if len(spares) == 1 else []

        def find_lasting():
            found = find()
            time.sleep(0.1)  # a command that has just ended is another two for a moment
            return found if len(found) == 2 and find() == found else None

        return support.wait_until(find_lasting, 20, "the processes that are forked in advance")

    def test_six_first_commands_at_once_share_one_process(self):
        servers = self.servers()
        for pid in servers:
            os.kill(pid, signal.SIGKILL)
        self.assert_gone(servers)  # one that is about to be gone may still take a command
        states = []
        threads = [threading.Thread(target=lambda: states.append(self.run_dag("mapped")[0]["state"])) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(states, ["success"] * 6)
        self.assertEqual(len(self.servers()), 1)


class Lifetimes(KilledAndCrowded, unittest.TestCase):
    """What else happens to the processes; on one version."""

    version = "2.10.3"

    def answer_to(self, word):
        """What the warm process says to somebody who says just this; nothing when it hangs up."""
        path, = glob.glob(self.sockets + "/*.sock")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(path)
            connection.send(word)
            return connection.recv(8)

    def test_who_wishes_the_end_sees_it_without_waiting_for_commands(self):
        self.is_warm_again()
        for has_command in (True, False):
            door, _ = self.hang() if has_command else (None, None)
            server, = self.servers()
            self.assertEqual(self.answer_to(b"Q"), b"")
            if has_command:
                self.assertTrue(airflow_host_test.is_alive(server))
            else:
                support.wait_within(lambda: not airflow_host_test.is_alive(server), 1, "the end of the process")
            if door is not None:
                door.kill()
                self.assert_gone([server])
                self.is_warm_again()

    def test_a_request_whose_asker_closes_its_stdin_ends(self):
        """As in a container, where the door of a killed `docker exec` goes on."""
        door, pids = self.hang(attended=True)
        door.stdin.close()
        door.wait(15)
        self.assert_gone(pids)
        door.stdin = None

    def test_one_that_is_told_to_end_lets_its_commands_finish(self):
        self.is_warm_again()
        (server,) = self.servers()
        support.wait_until(lambda: self.is_settled(server), 60, "the warm-up")
        door, (task, *_) = self.hang()
        os.kill(server, signal.SIGTERM)
        time.sleep(0.5)
        self.assertTrue(airflow_host_test.is_alive(task))
        self.is_warm_again()  # in a successor, without waiting for the command
        successor, = set(self.servers()) - {server}
        os.kill(task, signal.SIGKILL)
        door.communicate(timeout=20)
        self.assert_gone([server])
        support.wait_until(lambda: self.is_settled(successor), 60, "its warm-up")  # told to end before, it leaves its files to the next
        with open(f"/proc/{successor}/cmdline") as file:
            place = os.path.splitext(file.read().split("\0")[-2])[0]
        self.assertEqual(len(glob.glob(place + ".*")), 3)
        os.kill(successor, signal.SIGTERM)
        self.assert_gone([successor])
        self.assertEqual(glob.glob(place + ".*"), [])

    def test_a_command_that_makes_no_sense_gets_no_answer(self):
        self.is_warm_again()
        self.assertEqual(self.answer_to(b"R"), b"")
        self.is_warm_again()

    def test_what_a_task_forks_may_fork_in_turn(self):
        done, tasks = self.run_dag("nested", dags_folder=self.folder_with("nested.py", NESTED_DAG))
        self.assertEqual((done["state"], tasks["outer", -1]["xcom"][0]["value"]), ("success", "from within"))

    def test_a_program_that_a_dag_file_starts_does_not_hold_its_check(self):
        folder = self.folder_with("starting.py", STARTING_DAG)
        started = time.monotonic()
        events = self.ask("check_dags", dags_folder=folder, files=[folder + "/starting.py"], timeout_ms=60000)
        self.assertLess(time.monotonic() - started, 30)
        self.assertEqual([event["error"] for event in events if event["event"] == "file"], [None])
        with open(folder + "/pid") as file:
            self.assert_gone([int(file.read())])

    def test_one_whose_checkout_is_deleted_ends(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        sockets = tempfile.mkdtemp(prefix="devbox-warm-")
        self.addCleanup(shutil.rmtree, sockets)
        words = [sockets if word == self.sockets else word for word in self.command()[:-1]]
        subprocess.run(words, cwd=folder, env=self.environment("/nonexistent"), check=True)
        (name,) = [name for name in os.listdir(sockets) if name.endswith(".sock")]
        os.rmdir(folder)
        support.wait_until(lambda: not os.path.exists(os.path.join(sockets, name)), 120, "the end of the warm process")

    def test_a_server_that_cannot_start_leaves_one_command_not_two(self):
        """Its log cannot be written: who was to become the server must not run the command as well."""
        folder, count = tempfile.mkdtemp(dir=self.folder), tempfile.mkdtemp(dir=self.folder)
        script = os.path.join(folder, "script.py")
        with open(script, "w") as file:
            file.write("import os, tempfile\ntempfile.mkstemp(dir=%r)\n" % count)
        sockets = tempfile.mkdtemp(prefix="devbox-warm-")
        self.addCleanup(shutil.rmtree, sockets)
        door = [self.python, "-I", "-S", DOOR, sockets, "+test", script, "request"]
        # Where the log would be is a folder; its name is known from the socket of the first attempt.
        subprocess.run(door, env=self.environment("/nonexistent"), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (log,) = [name for name in os.listdir(sockets) if name.endswith(".log")]
        os.remove(os.path.join(sockets, log))
        os.mkdir(os.path.join(sockets, log))
        before = len(os.listdir(count))
        subprocess.run(door, env=self.environment("/nonexistent"), stdin=subprocess.DEVNULL, check=True)
        time.sleep(1)
        self.assertEqual(len(os.listdir(count)), before + 1)

    def test_other_settings_take_another_process_and_the_first_one_ends(self):
        self.is_warm_again()
        before = self.servers()
        os.environ["AIRFLOW__CORE__DEFAULT_TASK_RETRIES"] = "3"
        self.addCleanup(os.environ.pop, "AIRFLOW__CORE__DEFAULT_TASK_RETRIES")
        kept = airflow_host_test.KEPT_VARIABLES
        airflow_host_test.KEPT_VARIABLES = (*kept, "AIRFLOW__CORE__DEFAULT_TASK_RETRIES")
        self.addCleanup(setattr, airflow_host_test, "KEPT_VARIABLES", kept)
        self.is_warm_again()
        self.assert_gone(before)
        self.assertEqual(len(self.servers()), 1)

    def test_a_second_thread_makes_it_run_one_command_and_be_replaced(self):
        """A plugin of the environment that starts a thread: forking it would not be safe."""
        starting = "import threading, time\nthreading.Thread(target=lambda: time.sleep(3600), daemon=True).start()\n"
        folder = self.folder_with("sitecustomize.py", starting)
        kept = self.environment
        type(self).environment = classmethod(lambda cls, *arguments: {**kept(*arguments), "PYTHONPATH": folder})
        type(self).mode = "standby"
        self.addCleanup(setattr, type(self), "mode", "warm")
        self.addCleanup(delattr, type(self), "environment")
        self.is_warm_again()
        only = lambda: servers if len(servers := self.servers()) == 1 else None
        (first,) = support.wait_until(only, 20, "the successor, which nobody asked for")
        self.is_warm_again()
        support.wait_until(lambda: self.servers() and first not in self.servers(), 20, "its own successor")
        door, (*started, _) = self.hang()
        door.kill()
        self.assert_gone(started)

    def test_a_folder_that_others_may_enter_is_not_used(self):
        os.chmod(self.sockets, 0o755)
        self.addCleanup(os.chmod, self.sockets, 0o700)
        type(self).mode = "cold"
        self.addCleanup(setattr, type(self), "mode", "warm")
        self.is_warm_again()

    def test_an_environment_that_does_not_import_falls_back_to_a_cold_process_that_says_why(self):
        environment = {**self.environment("/nonexistent"), "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "nobody.KNOWS"}
        request = {"protocol": 1, "op": "check_dags", "dags_folder": self.folder, "files": [], "timeout_ms": 1000, "work_dir": self.folder,
                   "template": self.template}
        done = subprocess.run(self.command(), input=json.dumps(request).encode(), env=environment, capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"nobody", done.stderr)


def parent(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def children(pid):
    """Those that have not ended."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            found = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return list(filter(airflow_host_test.is_alive, found))


def links(pid):
    """What its descriptors are; one may be closed meanwhile."""
    found = []
    for path in glob.glob("/proc/%d/fd/*" % pid):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(path))
    return found


def usage(pid):
    """Open descriptors, and the memory that it filled, in kB."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        sizes = {line.split()[0]: int(line.split()[1]) for line in file if line.startswith("Anonymous")}
    return {"descriptors": len(os.listdir(f"/proc/{pid}/fd")), "memory": sizes["Anonymous:"]}


class Warm2112(KilledAndCrowded, unittest.TestCase):
    version = "2.11.2"


class Warm306(KilledAndCrowded, unittest.TestCase):
    version = "3.0.6"

    def test_two_hundred_in_a_row_leave_memory_and_descriptors_as_they_were(self):
        self.is_warm_again()
        (server,) = self.servers()
        support.wait_until(lambda: self.is_settled(server), 60, "the warm-up")
        for _ in range(3):
            self.is_warm_again()
        before = self.usage_at_rest(server)
        for number in range(200):
            if number % 4 == 0:
                self.run_dag("taskflow_ok")
            else:
                self.ask("check_dags", files=[os.path.join(airflow_host_test.CORPUS, "taskflow_ok.py")])
        after = self.usage_at_rest(server)
        self.assertEqual(after["descriptors"], before["descriptors"])
        self.assertLess(after["memory"], before["memory"] + 2 * 1024)

    def usage_at_rest(self, server):
        self.family_in_advance(server)
        before = None
        for _ in range(60):
            now = usage(server)
            if now == before:
                return now
            before = now
            time.sleep(0.5)
        self.fail("the memory of the warm process does not rest")


if __name__ == "__main__":
    unittest.main()
