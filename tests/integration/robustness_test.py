"""What real life does to a platform: kills at every moment, strangers on its ports, read-only folders, closed terminals.

python3 tests/integration/robustness_test.py              all classes, some side by side, each in a process of its own
python3 tests/integration/robustness_test.py PortsTest    one class
"""
import concurrent.futures
import contextlib
import errno
import glob
import inspect
import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

import support

SIDE_BY_SIDE = 3
AIRFLOW_ONLY = ("start", "--only", "airflow")
SLEEPING_DAG = '''
import datetime
try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.operators.bash import BashOperator
with DAG("sleeping", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    BashOperator(task_id="sleep", bash_command="sleep 300.25")
'''
homes = []  # of the checkouts that this program made


def make_checkout(**options):
    checkout = support.Checkout(**options)
    homes.append(checkout.home)
    return checkout


def read_stat(pid):
    """State, parent and start time of a process, None when there is none."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), fields[19]


def command_line(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as file:
            return file.read().replace("\0", " ").strip()
    except OSError:
        return ""


def is_alive(pid):
    stat = read_stat(pid)
    return stat is not None and stat[0] != "Z"


def is_ours(pid):
    """Whether a process works in a checkout of this test program or was started by it."""
    while pid > 1:
        where = command_line(pid)
        with contextlib.suppress(OSError):
            where += os.readlink("/proc/%d/cwd" % pid)
        if pid == os.getpid() or any(home in where for home in homes):
            return True
        pid = (read_stat(pid) or ("", 0))[1]
    return False


def descendants(pid):
    """Living processes below `pid`."""
    if pid <= 1:
        raise AssertionError("there is no such process: %d" % pid)
    parents = {}
    for path in glob.glob("/proc/[0-9]*"):
        stat = read_stat(int(path[6:]))
        if stat is not None and stat[0] != "Z":
            parents.setdefault(stat[1], []).append(int(path[6:]))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def is_free(port, family=socket.AF_INET):
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
            return True
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise


def kill(*pids):
    """SIGKILL; nothing but processes of the checkouts under test can be meant."""
    for pid in pids:
        if pid <= 1 or (is_alive(pid) and not is_ours(pid)):
            raise AssertionError("not a process of this test: %d %s" % (pid, command_line(pid)))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Case(unittest.TestCase):
    """Tests of one version; each test gets checkouts that leave nothing behind."""

    version = "2.10.3"

    def checkout(self, version=None, dags=None, extra=""):
        checkout = make_checkout(dags=dags)
        self.addCleanup(checkout.close)
        checkout.configure(version or self.version, extra)
        return checkout

    def services(self, checkout):
        return {service["name"]: service for service in checkout.status()["services"]}

    def supervisor(self, checkout):
        with open(checkout.path(".devbox/run/supervisor.lock")) as file:
            return int(file.read().split()[0])

    def host(self, checkout):
        """The process that all components are forked from."""
        found = [pid for pid in descendants(self.supervisor(checkout)) if read_stat(pid)[1] == self.supervisor(checkout)]
        hosts = [pid for pid in found if command_line(pid).endswith("airflow_host.py components")]
        self.assertEqual(len(hosts), 1, [command_line(pid) for pid in found])
        return hosts[0]

    def wait_healthy(self, checkout, seconds=60):
        support.wait_until(lambda: checkout.status()["phase"] == "healthy", seconds, "healthy again")

    def wait_gone(self, pids, seconds=15):
        support.wait_until(lambda: not [pid for pid in pids if is_alive(pid)], seconds, "the end of %s" % pids)

    def assert_healthy(self, checkout):
        status = checkout.status()
        self.assertEqual(status["phase"], "healthy", status)
        self.assertEqual({service["state"] for service in status["services"]}, {"healthy"})
        self.assertTrue(support.Airflow(checkout).login())

    def assert_nothing_left(self, checkout):
        left = support.marked_processes(checkout.instance)
        self.assertEqual([command_line(pid) for pid in left], [])
        self.assertTrue(is_free(checkout.port), "port %d is held" % checkout.port)

    def assert_start_converges(self, checkout):
        """One start brings it up, one more finds nothing to do, one stop ends all of it."""
        checkout.run(*AIRFLOW_ONLY).check()
        self.assert_healthy(checkout)
        self.assertIn("running already", checkout.run(*AIRFLOW_ONLY).check().err)
        supervisors = [path for path in glob.glob("/proc/[0-9]*") if "-C %s __supervise" % checkout.root in command_line(int(path[6:]))]
        self.assertEqual(len(supervisors), 1)
        checkout.run("stop").check()
        self.assert_nothing_left(checkout)


class Supervision:
    """One start serves all tests of a version: each kills something and sees the platform come back."""

    web_server = None

    @classmethod
    def setUpClass(cls):
        cls.platform = make_checkout(dags={"sleeping.py": SLEEPING_DAG})
        cls.addClassCleanup(cls.platform.close)
        cls.platform.configure(cls.version)

    def setUp(self):
        self.platform.run(*AIRFLOW_ONLY).check()

    def test_a_killed_supervisor_shows_at_once_and_start_converges(self):
        supervisor = self.supervisor(self.platform)
        old = descendants(supervisor)
        kill(supervisor)
        self.wait_gone([supervisor])
        self.assertEqual(self.platform.status()["phase"], "stopped")
        self.assertIn("stopped", self.platform.run("status").check().out)
        answer = self.platform.run(*AIRFLOW_ONLY).check()
        self.assertNotIn("is held by", answer.err)
        self.assertEqual([pid for pid in old if is_alive(pid)], [])
        self.assert_healthy(self.platform)
        self.platform.run("stop").check()
        self.assert_nothing_left(self.platform)

    def test_stop_after_a_killed_supervisor_leaves_nothing(self):
        kill(self.supervisor(self.platform))
        self.platform.run("stop").check()
        self.assert_nothing_left(self.platform)

    def test_a_killed_parent_of_the_components_is_replaced_with_all_of_them(self):
        host, old = self.host(self.platform), descendants(self.supervisor(self.platform))
        kill(host)
        support.wait_until(lambda: self.platform.status()["phase"] != "healthy", 10, "the notice of the kill")
        self.wait_healthy(self.platform)
        self.assertEqual([command_line(pid) for pid in old if is_alive(pid)], [])
        self.assertNotEqual(self.host(self.platform), host)
        self.assertTrue(all(service["restarts"] >= 1 for service in self.services(self.platform).values()))
        self.assert_healthy(self.platform)

    def assert_comes_back(self, names):
        """Kills these components at once; each is started again, counted, and nothing of the old one lives on."""
        before = self.services(self.platform)
        old = [pid for name in names for pid in [before[name]["pid"], *descendants(before[name]["pid"])]]
        kill(*[before[name]["pid"] for name in names])
        support.wait_until(lambda: all(self.services(self.platform)[name]["restarts"] > before[name]["restarts"] for name in names),
                           10, "restarts counted")
        self.wait_gone(old)
        self.wait_healthy(self.platform)
        after = self.services(self.platform)
        for name, service in after.items():
            self.assertEqual(service["restarts"] - before[name]["restarts"], int(name in names), after)
            self.assertEqual(service["pid"] != before[name]["pid"], name in names, after)
        self.assert_healthy(self.platform)

    def test_killed_components_are_restarted_with_all_that_they_had_started(self):
        self.assert_comes_back(["scheduler", "dag-processor"])

    def test_a_killed_web_server_is_restarted_with_its_workers(self):
        self.assert_comes_back([self.web_server])

    def test_a_web_server_without_workers_gets_new_ones(self):
        before = self.services(self.platform)[self.web_server]
        workers = descendants(before["pid"])
        kill(*workers)
        self.wait_gone(workers)
        support.wait_until(lambda: self.can_log_in(), 60, "an answer of the web server")
        self.wait_healthy(self.platform)
        restarts = self.services(self.platform)[self.web_server]["restarts"] - before["restarts"]
        self.assertEqual(restarts, 1 if workers else 0)

    def can_log_in(self):
        with contextlib.suppress(OSError):
            return support.Airflow(self.platform).login()

    def test_stop_ends_a_running_task_too(self):
        airflow = support.Airflow(self.platform)
        support.wait_until(lambda: "sleeping" in airflow.dag_ids(), 30, "the DAG")
        airflow.api("PATCH", "/dags/sleeping", {"is_paused": False})
        airflow.api("POST", "/dags/sleeping/dagRuns", {"logical_date": None} if airflow.is_v2 else {})
        task = lambda: [pid for pid in support.marked_processes(self.platform.instance) if command_line(pid) == "sleep 300.25"]
        support.wait_until(task, 40, "the running task")
        stopped = self.platform.run("stop").check()
        self.assertLess(stopped.seconds, 15)
        self.assert_nothing_left(self.platform)
        self.platform.run(*AIRFLOW_ONLY).check()
        self.assert_healthy(self.platform)


class Supervision2Test(Supervision, Case):
    version, web_server = "2.10.3", "webserver"


class Supervision3Test(Supervision, Case):
    version, web_server = "3.0.6", "api-server"


class CrashingComponentTest(Case):
    def test_a_component_that_crashes_at_every_start_is_reported_with_its_words(self):
        checkout = self.checkout(extra="  env: {AIRFLOW__CORE__EXECUTOR: NoSuchExecutor}\n")
        answer = checkout.run(*AIRFLOW_ONLY, seconds=150).check(6)
        self.assertRegex(answer.err, r"(scheduler|web server) exited \(\d+\) .* after its start, restarted 4×")
        self.assertIn("NoSuchExecutor", answer.err)
        self.assertRegex(answer.err, r"logs/(scheduler|webserver)\.log")
        self.assertEqual(checkout.status()["phase"], "failed")
        self.assertIn("failed", {service["state"] for service in self.services(checkout).values()})
        checkout.run("stop").check()
        self.assert_nothing_left(checkout)

    def test_a_mended_component_comes_up_without_a_stop(self):
        checkout = self.checkout(extra="  env: {AIRFLOW__CORE__EXECUTOR: NoSuchExecutor}\n")
        start = checkout.spawn(*AIRFLOW_ONLY)
        self.addCleanup(start.kill)
        support.wait_until(lambda: self.services(checkout).get("scheduler", {}).get("restarts", 0) > 0, 60, "the first crash")
        start.send_signal(signal.SIGINT)
        self.assertEqual(start.wait(30), 130)
        checkout.write("devbox.yaml", 'airflow: {version: "%s", port: %d}\n' % (self.version, checkout.port))
        self.assertIn("settings of Airflow changed", checkout.run(*AIRFLOW_ONLY).check().err)
        self.assert_healthy(checkout)


class KilledStartTest(Case):
    """kill -9 of `devbox start` at several moments, and of the processes that do its steps."""

    def setUp(self):
        self.platform = self.checkout()

    def spawn_start(self, *words):
        start = self.platform.spawn("start", *words)
        self.addCleanup(start.wait)
        self.addCleanup(start.kill)
        return start

    def test_start_killed_at_any_moment_is_followed_by_one_that_converges(self):
        for moment in (0.05, 0.3, 1, 2, 4):
            with self.subTest(moment=moment):
                start = self.spawn_start()
                time.sleep(moment)
                start.kill()
                start.wait()
                self.assert_start_converges(self.platform)

    def step(self, start, name):
        found = lambda: [pid for pid in descendants(start.pid) if command_line(pid).endswith("__step " + name)]
        return support.wait_until(found, 10, "the step " + name)[0]

    def test_a_killed_step_is_reported_and_the_next_start_converges(self):
        for name in ("airflow", "dbt"):
            with self.subTest(step=name):
                start = subprocess.Popen([support.BINARY, "start", "--only", name], cwd=self.platform.root, env=self.platform.environment,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                self.addCleanup(start.kill)
                kill(self.step(start, name))
                errors = start.communicate(timeout=60)[1]
                start.stderr.close()
                self.assertEqual(start.returncode, 6, errors)
                self.assertIn(name, errors.splitlines()[-1] + errors)
        self.assert_start_converges(self.platform)

    def test_nothing_of_a_killed_start_goes_on_for_long(self):
        start = self.spawn_start()
        steps = [self.step(start, "airflow"), self.step(start, "dbt")]
        start.kill()
        start.wait()
        self.wait_gone(steps, 5)
        self.assert_start_converges(self.platform)

    def test_interrupted_start_says_what_is_up_and_the_next_one_converges(self):
        start = subprocess.Popen([support.BINARY, "start"], cwd=self.platform.root, env=self.platform.environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(start.kill)
        support.wait_until(lambda: self.services(self.platform), 30, "the services")
        busy = self.platform.run("start").check(9)
        self.assertIn("start (pid %d, for " % start.pid, busy.err)
        start.send_signal(signal.SIGINT)
        errors = start.communicate(timeout=20)[1]
        self.assertEqual(start.returncode, 130, errors)
        self.assertRegex(errors, r"✓ sandbox +\S+ +3 tables")
        self.assertRegex(errors, r"airflow +not finished")
        self.assertIn("interrupted; what was up stays up", errors)
        self.assert_start_converges(self.platform)


class KilledSeedTest(Case):
    ROWS = 400000

    def write_seed(self, generation):
        lines = ["%d,%s-%d,%d.5" % (i, generation, i, i % 1000) for i in range(self.ROWS)]
        self.platform.write("seeds/big.csv", "id,name,amount\n" + "\n".join(lines) + "\n")

    def content(self):
        """Of the table: how many rows of which generation, {} when there is none."""
        path = self.platform.path(".devbox/sandbox.db")
        if not os.path.exists(path):
            return {}
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as database:
            self.assertEqual(database.execute("pragma integrity_check").fetchone(), ("ok",))
            if not database.execute("select 1 from sqlite_master where name = 'big'").fetchone():
                return {}
            return dict(database.execute("select substr(name, 1, instr(name, '-') - 1), count(*) from big group by 1"))

    def test_a_killed_seed_leaves_the_old_or_the_new_table(self):
        self.platform = self.checkout()
        self.write_seed("old")
        whole = self.platform.run("db", "seed", "--dry-run")
        old = [{}]
        for generation in ("first", "second", "third"):
            self.write_seed(generation)
            new = {generation: self.ROWS}
            for part in (0.1, 0.3, 0.5, 0.7, 0.9):
                seed = self.platform.spawn("start", "--only", "sandbox")
                time.sleep(part * self.duration())
                kill(seed.pid, *descendants(seed.pid))
                seed.wait()
                self.assertIn(self.content(), [*old, new])
            self.assertEqual(whole.code, 0)
            self.platform.run("start", "--only", "sandbox").check()
            self.assertEqual(self.content(), new)
            old = [new]
        self.assertEqual(glob.glob(self.platform.path(".devbox/*.tmp*")), [])

    def duration(self):
        """How long loading takes here, measured once in another checkout."""
        if not hasattr(self, "measured"):
            other = self.checkout()
            shutil.copy(self.platform.path("seeds/big.csv"), other.path("seeds/big.csv"))
            self.measured = other.run("start", "--only", "sandbox").check().seconds
        return self.measured


class KilledInstallTest(Case):
    def test_a_killed_installation_is_resumed_by_the_next_start(self):
        platform = self.checkout()
        cache = os.path.join(platform.home, "cache")
        tools = os.path.join(support.CACHE, "devbox/tools")
        shutil.copytree(tools, os.path.join(cache, "devbox/tools"), symlinks=True)
        fresh = {"XDG_CACHE_HOME": cache, "UV_CACHE_DIR": os.path.join(support.CACHE, "uv")}
        ready = os.path.join(cache, "devbox/venvs/dbt-*/.devbox-ready")
        for moment in (0.7, 2):
            start = platform.spawn("start", "--only", "dbt", env=fresh)
            support.wait_until(lambda: glob.glob(os.path.join(cache, "devbox/venvs/dbt-*/bin/python")), 30, "the environment")
            time.sleep(moment)
            kill(start.pid, *descendants(start.pid))
            start.wait()
            self.assertEqual(glob.glob(ready), [])
        platform.run("start", "--only", "sandbox,dbt", env=fresh).check()
        self.assertEqual(len(glob.glob(ready)), 1)
        self.assertEqual(platform.run("test", "dbt", env=fresh).check().code, 0)


def holding(port, address="127.0.0.1"):
    """A stranger's server on this port, as a child process that is stopped at the end of the test."""
    return subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", address],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class PortsTest(Case):
    def stranger(self, port, address):
        """Somebody on `port`: ours, or who is there already. Returns its pid where it is ours."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        if not is_free(port, family):
            return None
        holder = holding(port, address)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        support.wait_until(lambda: not is_free(port, family), 10, "the stranger")
        return holder.pid

    def without_port(self):
        """A checkout whose port is not set: 8080 or a substitute."""
        checkout = self.checkout()
        checkout.write("devbox.yaml", 'airflow: {version: "%s"}\n' % self.version)
        return checkout

    def start_beside(self, address):
        checkout = self.without_port()
        pid = self.stranger(8080, address)
        answer = checkout.run(*AIRFLOW_ONLY).check()
        self.assertRegex(answer.err, r"port 8080 is held by .+ \(pid \d+, .+\); using \d+ from now on")
        if pid is not None:
            self.assertRegex(answer.err, r"held by python\S* \(pid %d, .*http\.server 8080" % pid)
        checkout.port = int(re.search(r"using (\d+) from now on", answer.err).group(1))
        self.assertIn("http://localhost:%d " % checkout.port, answer.out)
        self.assert_healthy(checkout)
        return checkout

    def test_a_stranger_on_8080_makes_devbox_move_and_stay_there(self):
        checkout = self.start_beside("127.0.0.1")
        checkout.run("stop").check()
        self.doCleanups_of_strangers()
        again = checkout.run(*AIRFLOW_ONLY).check()
        self.assertIn("http://localhost:%d " % checkout.port, again.out)
        self.assertNotIn("is held by", again.err)

    def doCleanups_of_strangers(self):
        """Frees 8080 where its holder is ours, so that only memory can keep devbox away from it."""
        for pid in descendants(os.getpid()):
            if "http.server 8080" in command_line(pid):
                kill(pid)
                self.wait_gone([pid])

    @unittest.skipUnless(socket.has_ipv6 and os.path.exists("/proc/net/if_inet6") and open("/proc/net/if_inet6").read(), "no IPv6 here")
    def test_a_stranger_on_v6_only_counts_too(self):
        self.start_beside("::1")

    def assert_refused(self, address, shown):
        checkout = self.checkout()
        pid = self.stranger(checkout.port, address)
        answer = checkout.run("start").check(6)
        self.assertRegex(answer.err, r"port %d on %s is held by python\S* \(pid %d, " % (checkout.port, re.escape(shown), pid))
        self.assertEqual(checkout.status()["phase"], "stopped")
        self.assertEqual(support.marked_processes(checkout.instance), [])
        self.assertFalse(os.path.exists(checkout.path(".devbox/sandbox.db")), "a part was started")

    def test_an_explicit_port_that_is_held_starts_nothing(self):
        self.assert_refused("127.0.0.1", "127.0.0.1")

    @unittest.skipUnless(socket.has_ipv6 and os.path.exists("/proc/net/if_inet6") and open("/proc/net/if_inet6").read(), "no IPv6 here")
    def test_an_explicit_port_that_is_held_on_v6_starts_nothing(self):
        self.assert_refused("::1", "[::1]")


class ReadOnlyTest(Case):
    def run_read_only(self, checkout, *words):
        script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift && exec "$@"'
        return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", checkout.root, support.BINARY, *words], env=checkout.environment,
                              capture_output=True, text=True, timeout=60)

    def setUp(self):
        can_mount = os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
        if not can_mount:
            self.skipTest("only root can mount a folder read-only")

    def assert_names_the_folder(self, checkout):
        done = self.run_read_only(checkout, "start")
        self.assertIn(done.returncode, (4, 6), done.stderr)
        self.assertIn(checkout.root, done.stderr)
        self.assertRegex(done.stderr, r"(?i)read-only")
        self.assertEqual(support.marked_processes(checkout.instance), [])

    def test_a_read_only_checkout_is_named(self):
        checkout = self.checkout()
        self.assert_names_the_folder(checkout)
        self.assertFalse(os.path.exists(checkout.path(".devbox/run")))

    def test_a_checkout_that_became_read_only_is_named(self):
        checkout = self.checkout()
        checkout.run("start", "--only", "sandbox").check()
        self.assert_names_the_folder(checkout)

    def test_status_of_a_read_only_checkout_works(self):
        checkout = self.checkout()
        done = self.run_read_only(checkout, "status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("stopped", done.stdout)


class TerminalTest(Case):
    def test_start_behind_a_pipe_returns(self):
        checkout = self.checkout()
        command = '"%s" start --only airflow 2>&1 | cat' % support.BINARY
        done = subprocess.run(["sh", "-c", command], cwd=checkout.root, env=checkout.environment, capture_output=True, text=True, timeout=120)
        self.assertIn("Airflow is ready", done.stdout)
        self.assert_healthy(checkout)

    def test_a_closed_terminal_leaves_the_platform_up(self):
        checkout = self.checkout()
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(checkout.root)
            os.execve("/bin/sh", ["sh", "-c", '"$0" start --only airflow; echo the-end; sleep 100', support.BINARY], checkout.environment)
        try:
            seen = b""
            deadline = time.monotonic() + 120
            while b"the-end" not in seen and time.monotonic() < deadline:
                seen += os.read(terminal, 4096)
            self.assertIn(b"Airflow is ready", seen)
            before = self.services(checkout)
        finally:
            os.close(terminal)
        self.assertEqual(os.waitpid(pid, 0)[0], pid)
        time.sleep(1)
        self.assert_healthy(checkout)
        self.assertEqual({name: service["pid"] for name, service in before.items()},
                         {name: service["pid"] for name, service in self.services(checkout).items()})


class TwoCheckoutsTest(Case):
    def test_two_checkouts_live_side_by_side(self):
        one, other = self.checkout("2.10.3"), self.checkout("3.0.6")
        starts = [one.spawn(*AIRFLOW_ONLY), other.spawn(*AIRFLOW_ONLY)]
        self.assertEqual([start.wait(150) for start in starts], [0, 0])
        self.assert_healthy(one)
        self.assert_healthy(other)
        before = self.services(other)
        one.run("stop").check()
        self.assert_nothing_left(one)
        self.assert_healthy(other)
        self.assertEqual(before, self.services(other))


class TestDagTest(Case):
    """`devbox test dag` on DAGs of every kind: the exit code and the words that matter."""

    @classmethod
    def setUpClass(cls):
        cls.platform = make_checkout()
        cls.addClassCleanup(cls.platform.close)
        cls.platform.configure(cls.version)
        corpus = os.path.join(support.ROOT, "tests/corpus/dags")
        for name in ("failing.py", "mapped.py", "branching.py", "exits_in_task.py", "missing_connection.py", "import_error.py", "taskflow_ok.py"):
            shutil.copy(os.path.join(corpus, name), cls.platform.path("dags"))

    def assert_dag(self, dag_id, code, *words):
        answer = self.platform.run("test", "dag", dag_id)
        text = answer.out + answer.err
        self.assertEqual(answer.code, code, text)
        for word in words:
            self.assertRegex(text, word)
        return text

    def test_a_passing_dag(self):
        self.assert_dag("taskflow_ok", 0, "✓ extract", "✓ load", "passed")

    def test_an_unknown_dag_is_answered_with_the_nearest_and_what_does_not_import(self):
        self.assert_dag("taskflow_okk", 2, "no DAG has the id 'taskflow_okk'", "devbox test dag taskflow_ok",
                        "import_error.py does not import: .*no_such_module_of_anybody")

    def test_a_failing_dag_shows_the_line_of_the_user(self):
        self.assert_dag("failing", 1, "✓ extract", "✗ check_totals", "AssertionError: empty day: 0", r"dags/failing.py:\d+", "publish")

    def test_a_mapped_dag(self):
        self.assert_dag("mapped", 0, r"square\[2\]", "✓ total")
        self.assert_dag("mapped_failing", 1, r"✓ invert\[0\]", r"✗ invert\[1\]", "ZeroDivisionError")

    def test_a_branching_dag_skips_the_other_branch(self):
        self.assert_dag("branching", 0, "✓ choose", "✓ left", "· right")

    def test_a_task_that_exits_is_a_failed_task(self):
        self.assert_dag("exits_politely", 1, "✗ leave", r"SystemExit|sys\.exit|exit code 3|exited")

    def test_a_task_that_ends_the_process_is_a_failed_task(self):
        self.assert_dag("exits_at_once", 1, "✗ vanish", "3")

    def test_a_missing_connection_is_named(self):
        self.assert_dag("missing_connection", 1, "✗ connect", "warehouse_of_nobody")


def run_class(name):
    done = subprocess.run([sys.executable, os.path.abspath(__file__), "-v", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return name, done.returncode, done.stdout


def run_all():
    """Most of the time something is awaited: classes run side by side, the long ones first."""
    classes = [name for name, value in globals().items() if inspect.isclass(value) and issubclass(value, Case) and value is not Case]
    is_good = True
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_class, name) for name in classes]):
            name, code, output = done.result()
            print("== %s\n%s" % (name, output), flush=True)
            is_good = is_good and code == 0
    sys.exit(not is_good)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        support.main()
    else:
        run_all()
