"""What a kill -9 leaves at every moment: a platform that says what is so, that the next start brings up and that a stop ends.

python3 tests/integration/robustness_test.py                    all classes, some side by side, each in a process of its own
python3 tests/integration/robustness_test.py KilledStartTest    one class
"""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import processes
import support
import watch_test
from processes import Case, clean_up, command_line, descendants, is_alive, kill, make_checkout, AIRFLOW_ONLY

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


class Supervision:
    """One start serves all tests of a version: each kills something and sees the platform come back."""

    web_server = None

    @classmethod
    def setUpClass(cls):
        cls.platform = make_checkout(dags={"sleeping.py": SLEEPING_DAG})
        cls.addClassCleanup(clean_up, cls.platform)
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

    def test_killed_components_are_restarted_with_all_that_they_had_started_and_status_watch_says_so(self):
        watch = watch_test.Watch(self.platform, "status", "--watch")
        self.addCleanup(watch.kill)
        watch.round()
        self.assert_comes_back(["scheduler", "dag-processor"])
        said = ""
        for name in ("scheduler", "dag-processor"):
            while not re.search(r"^[:0-9]{8} %s: .*healthy, \d+ restarts?$" % name, said, re.M):
                said += "".join(event.get("text", "") + "\n" for event in watch.round())
        code, last = watch.end()
        self.assertEqual((code, last["status"], last["data"]["phase"]), (0, "ok", "healthy"))

    def test_a_killed_web_server_is_restarted_with_its_workers(self):
        self.assert_comes_back([self.web_server])

    def test_a_web_server_without_workers_gets_new_ones(self):
        before = self.services(self.platform)[self.web_server]
        workers = descendants(before["pid"])
        kill(*workers)
        self.wait_gone(workers)
        support.wait_until(lambda: self.can_log_in(), 60, "an answer of the web server")
        self.wait_healthy(self.platform)
        # gunicorn replaces its workers by itself; the service is the same.
        self.assertEqual(self.services(self.platform)[self.web_server]["pid"], before["pid"])

    def can_log_in(self):
        with contextlib.suppress(OSError):
            return support.Airflow(self.platform).login()

    def assert_restarts(self, names, words=None, at_least=0):
        """`devbox restart` of these services: they are new when it returns, all is healthy, and nobody took it for a crash."""
        before = self.services(self.platform)
        old = [pid for name in names for pid in [before[name]["pid"], *descendants(before[name]["pid"])]]
        answer = self.platform.run("restart", *(names if words is None else words)).check()
        self.assertGreaterEqual(answer.seconds, at_least)
        self.assertEqual([command_line(pid) for pid in old if is_alive(pid)], [])
        after = self.services(self.platform)
        for name, service in after.items():
            self.assertEqual(service["pid"] != before[name]["pid"], name in names, after)
            self.assertEqual(service["restarts"], before[name]["restarts"] if words is None else 0, after)
        self.assert_healthy(self.platform)
        return answer

    def test_named_services_are_restarted_and_the_others_are_left_alone(self):
        answer = self.assert_restarts(["scheduler", "dag-processor"])
        self.assertIn("scheduler, dag-processor restarted", answer.err)
        self.assert_restarts([self.web_server])

    def test_a_service_that_does_not_end_is_killed_for_its_restart(self):
        os.kill(self.services(self.platform)["triggerer"]["pid"], signal.SIGSTOP)
        self.assert_restarts(["triggerer"], at_least=8)

    def test_restart_without_a_name_is_all_of_airflow_on_its_port(self):
        supervisor = self.supervisor(self.platform)
        answer = self.assert_restarts(list(self.services(self.platform)), words=[])
        self.assertIn("http://localhost:%d " % self.platform.port, answer.out)
        self.assertNotRegex(answer.err, "sandbox|dbt")
        self.assertNotEqual(self.supervisor(self.platform), supervisor)

    def test_a_log_that_grows_too_long_is_bounded_while_its_service_runs(self):
        log, limit = self.platform.path(".devbox/logs/scheduler.log"), 10 * 1024 * 1024
        before = self.services(self.platform)
        with open(log, "a") as file:
            file.write(("x" * 1023 + "\n") * (11 * 1024))
        support.wait_until(lambda: os.path.getsize(log) < limit and os.path.exists(log + ".1"), 15, "a shorter log")
        self.assertEqual(os.path.getsize(log + ".1"), limit)
        self.assertEqual(before, self.services(self.platform))
        # What the service says next is at the start of the file, not behind a hole.
        self.platform.run("restart", "scheduler").check()
        with open(log, "rb") as file:
            text = file.read()
        self.assertIn(b"Starting the scheduler", text)
        self.assertNotIn(b"\0", text)

    def test_stop_ends_a_running_task_too(self):
        airflow = support.Airflow(self.platform)
        support.wait_until(lambda: "sleeping" in airflow.dag_ids(), 60, "the DAG")
        airflow.api("PATCH", "/dags/sleeping", {"is_paused": False})
        airflow.api("POST", "/dags/sleeping/dagRuns", {"logical_date": None} if airflow.is_v2 else {})
        task = lambda: [pid for pid in support.marked_processes(self.platform.instance) if command_line(pid) == "sleep 300.25"]
        support.wait_until(task, 120, "the running task")
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
    BROKEN = '  env: {AIRFLOW__TRIGGERER__DEFAULT_CAPACITY: many}\n'

    def test_a_component_that_crashes_at_every_start_is_reported_with_its_words(self):
        checkout = self.checkout(extra=self.BROKEN)
        answer = checkout.run(*AIRFLOW_ONLY, seconds=150).check(6)
        self.assertRegex(answer.err, r"triggerer exited \(1\) .* after its start, restarted 4×")
        self.assertRegex(answer.err, r"\| .*AirflowConfigException: .*many")
        self.assertIn("logs/triggerer.log", answer.err)
        states = {name: service["state"] for name, service in self.services(checkout).items()}
        self.assertEqual((checkout.status()["phase"], states["triggerer"], states["scheduler"]), ("failed", "failed", "healthy"))
        again = checkout.run("restart", "triggerer").check(6)
        self.assertRegex(again.err, r"triggerer exited \(1\) .* after its start, restarted \d×")
        checkout.run("stop").check()
        self.assert_nothing_left(checkout)

    def test_a_mended_component_comes_up_without_a_stop(self):
        checkout = self.checkout(extra=self.BROKEN)
        start = checkout.spawn(*AIRFLOW_ONLY)
        self.addCleanup(start.wait)
        self.addCleanup(start.kill)
        support.wait_until(lambda: self.services(checkout).get("triggerer", {}).get("restarts", 0) > 0, 60, "the first crash")
        start.send_signal(signal.SIGINT)
        self.assertEqual(start.wait(30), 130)
        checkout.write("devbox.yaml", 'airflow: {version: "%s", port: %d}\n' % (self.version, checkout.port))
        self.assertIn("settings of Airflow changed", checkout.run(*AIRFLOW_ONLY).check().err)
        self.assert_healthy(checkout)


class MuteWebServerTest(Case):
    """A web server whose worker hangs as soon as it is forked: its port is open, and nothing answers."""

    PLUGIN = '''
import os
import sys
import time

def hang_once():
    if "gunicorn" in sys.argv[0] and not os.path.exists(%r):
        open(%r, "w").close()
        time.sleep(1000)

os.register_at_fork(after_in_child=hang_once)
'''

    def test_it_is_started_again_and_its_log_says_where_it_hung(self):
        platform = self.checkout()
        hung = platform.path("hung")
        platform.write("plugins/hang_once.py", self.PLUGIN % (hung, hung))
        start = platform.spawn(*AIRFLOW_ONLY)
        self.addCleanup(start.wait)
        self.addCleanup(start.kill)
        support.wait_until(lambda: self.web_server_message(platform) == "listened on its port but answered nothing", 120,
                           "the end of the hanging web server")
        self.assertEqual(start.wait(60 * support.PATIENCE), 0)
        self.assertTrue(os.path.exists(hung))
        self.assert_healthy(platform)
        self.assertEqual(1, self.services(platform)["webserver"]["restarts"])
        with open(platform.path(".devbox/logs/webserver.log")) as file:
            log = file.read()
        self.assertRegex(log, r"Fatal Python error: Aborted")
        self.assertRegex(log, r'hang_once.py", line \d+ in hang_once')
        self.assertNotIn("ontrol socket", log)

    def web_server_message(self, platform):
        """From the file itself: this is there for a second only."""
        with contextlib.suppress(OSError, ValueError), open(platform.path(".devbox/run/services.json")) as file:
            return next((one.get("message") for one in json.load(file)["services"] if one["name"] == "webserver"), None)


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
        self.assertRegex(errors, r"✓ sandbox +\S+ +3 seed files")
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
            self.platform.run("start", "--only", "sandbox").check()
            self.assertEqual(self.content(), new)
            old = [new]
        # What the killed ones left half done is gone.
        left = [name for name in os.listdir(self.platform.path(".devbox")) if name.startswith("sandbox")]
        self.assertEqual([name for name in left if name not in ("sandbox.db", "sandbox.db-wal", "sandbox.db-shm", "sandbox.lock")], [])

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
        interrupted = 0
        for moment in (0.1, 0.4, 1):
            start = platform.spawn("start", "--only", "dbt", env=fresh)
            support.wait_until(lambda: glob.glob(os.path.join(cache, "devbox/venvs/dbt-*/bin/python")), 30, "the environment")
            time.sleep(moment)
            kill(start.pid, *descendants(start.pid))
            start.wait()
            interrupted += not glob.glob(ready)
        self.assertGreater(interrupted, 0, "every kill came too late to test anything")
        platform.run("start", "--only", "sandbox,dbt", env=fresh).check()
        self.assertEqual(len(glob.glob(ready)), 1)
        self.assertEqual(platform.run("test", "dbt", env=fresh).check().code, 0)


processes.main([MuteWebServerTest, KilledStartTest, Supervision2Test, Supervision3Test, CrashingComponentTest, KilledInstallTest, KilledSeedTest])
