"""DAGs that use up what a test has, or find something missing, as `devbox test dag` tells it; on real Airflow of both families."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support

HEAD = """
import datetime, os
try:
    from airflow.sdk import DAG, task
    from airflow.sdk.bases.hook import BaseHook
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.hooks.base import BaseHook
    from airflow.operators.bash import BashOperator
START = datetime.datetime(2024, 1, 1)
"""
GREEDY = HEAD + """
with DAG("greedy", schedule=None, start_date=START):
    @task
    def eat():
        held = []
        while True:
            held.append(bytearray(8 << 20))
    eat()
with DAG("flood", schedule=None, start_date=START):
    @task
    def flood():
        print("the beginning", flush=True)
        for _ in range(1024):
            os.write(1, b"x" * (1 << 20) + b"\\n")
        print("the end")
    flood()
"""
ENDLESS = HEAD + """
with DAG("endless", schedule=None, start_date=START):
    @task
    def endless():
        while True:
            os.write(1, b"x" * (1 << 20) + b"\\n")
    endless()
"""
TRYING = HEAD + """
with DAG("trying", schedule=None, start_date=START, default_args={"retries": 3, "retry_delay": datetime.timedelta(minutes=10)}):
    @task
    def second_time():
        path = os.environ["AIRFLOW_HOME"] + "/tried"
        if not os.path.exists(path):
            open(path, "w").close()
            raise ValueError("not yet")
    second_time()
"""
# The name of its program is asked for in the list of processes.
BETRAYING = HEAD + """
import signal, subprocess, time
with DAG("betraying", schedule=None, start_date=START):
    @task
    def betray():
        subprocess.Popen(["sleep", os.environ["LASTING"]], start_new_session=True)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    betray()
"""
LACKING = HEAD + """
with DAG("lacking", schedule=None, start_date=START):
    @task
    def connection():
        BaseHook.get_connection("nobodys_warehouse")
    @task
    def module():
        import nobodys_module
    @task(pool="nobodys_pool")
    def pool():
        pass
    connection(), module(), pool()
    BashOperator(task_id="variable", bash_command="echo {{ var.value.nobodys_threshold }}")
"""
READING = HEAD + """
try:
    from airflow.sdk import Variable
except ImportError:
    from airflow.models import Variable
BUCKET = Variable.get("nobodys_bucket")
with DAG("reading", schedule=None, start_date=START):
    BashOperator(task_id="only", bash_command="true")
"""
MEMORY_KB = 700000


class Limits:
    version = None

    @classmethod
    def setUpClass(cls):
        files = {"greedy.py": GREEDY, "endless.py": ENDLESS, "betraying.py": BETRAYING, "trying.py": TRYING, "lacking.py": LACKING, "reading.py": READING}
        cls.checkout = support.Checkout(cls.version, example=False, dags=files)
        cls.addClassCleanup(cls.checkout.close)

    def test_a_task_that_eats_memory_fails_at_its_line(self):
        # What the machine has to spare would take long to eat; a warm process has the limits of whoever started it.
        runtime = os.path.realpath(tempfile.mkdtemp(prefix="devbox-"))
        self.addCleanup(shutil.rmtree, runtime)
        environment = {**self.checkout.environment, "XDG_RUNTIME_DIR": runtime}
        command = ["sh", "-c", 'ulimit -d %d; exec "$@"' % MEMORY_KB, "sh", self.checkout.binary, "--json", "test", "dag", "greedy"]
        done = subprocess.run(command, cwd=self.checkout.root, env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"MemoryError: ran out of the 0\.\d GB of memory that this test may use")
        self.assertIn("held.append(bytearray(8 << 20))", done.stdout)
        self.checkout.run("stop", env=environment).check()

    def test_a_log_of_a_gigabyte_is_cut(self):
        answer = self.checkout.run("test", "dag", "flood").check()
        self.assertRegex(answer.err, r"flood wrote too much for its log: \d+ MB were cut out of the middle of \S+flood.log")
        path = self.checkout.path(".devbox/logs/test/flood/flood.log")
        self.assertLess(os.path.getsize(path), 70 << 20)
        with open(path) as file:
            content = file.read()
        self.assertLess(content.index("the beginning"), content.index("[devbox cut out"))
        self.assertLess(content.index("[devbox cut out"), content.index("the end"))

    def test_a_log_without_end_is_cut_until_the_test_times_out(self):
        answer = self.checkout.run("test", "dag", "endless", "--timeout", "3s").check(1)
        self.assertIn("Timeout: still running after 3 s", answer.out)
        self.assertRegex(answer.err, r"endless wrote too much for its log: \d+ MB were cut out of the middle")
        self.assertLess(os.path.getsize(self.checkout.path(".devbox/logs/test/endless/endless.log")), 1 << 30)

    def test_a_task_has_one_try_unless_it_is_given_more(self):
        self.assertIn("ValueError: not yet", self.checkout.run("test", "dag", "trying").check(1).out)
        answer = self.checkout.run("test", "dag", "trying", "--retries", "1", "--keep").check()
        folder = re.search(r"kept: (\S+)", answer.err)[1]
        self.assertLessEqual({"tried", "airflow.db"}, set(os.listdir(folder)))
        shutil.rmtree(folder)

    def test_nothing_lives_on_when_who_watches_over_the_test_is_killed(self):
        lasting = "%d.25" % (4000000 + os.getpid())

        def is_there():
            return subprocess.run(["pgrep", "-f", "sleep " + lasting], stdout=subprocess.DEVNULL).returncode == 0

        self.checkout.configure(self.version, "  env: {LASTING: '%s'}\n" % lasting)
        self.addCleanup(subprocess.run, ["pkill", "-f", "sleep " + lasting])
        self.checkout.run("stop").check()  # so that this very test starts the warm process
        answer = self.checkout.run("test", "dag", "betraying")
        self.assertEqual(answer.code, 6, answer.out + answer.err)
        self.assertIn("was killed by signal 9", answer.err)
        support.wait_within(lambda: not is_there(), 5, "the end of what the task had started")
        # That serves others too.
        self.assertTrue(support.marked_processes(self.checkout.instance))

    def test_what_is_missing_is_named_with_the_line_to_add(self):
        answer = self.checkout.run("test", "dag", "lacking").check(1)
        said = answer.out + answer.err
        for hint in ("under airflow.connections in devbox.yaml (nobodys_warehouse: TYPE://USER:PASSWORD@HOST)",
                     "under airflow.variables in devbox.yaml (nobodys_threshold: VALUE), or AIRFLOW_VAR_NOBODYS_THRESHOLD=... in .env",
                     "add nobodys_module (or the package that brings it) to requirements.txt",
                     "waits for the pool nobodys_pool, which does not exist", "under airflow.pools in devbox.yaml"):
            self.assertIn(hint, said)

    def test_a_variable_at_the_top_level_is_explained(self):
        answer = self.checkout.run("test", "dag", "reading").check(1)
        said = answer.out + answer.err
        self.assertIn(self.top_level, said)
        self.assertNotIn("SUPERVISOR_COMMS'", said.split("Traceback")[0])
        self.assertIn("dags/reading.py", said)


class Limits210(Limits, unittest.TestCase):
    version, top_level = "2.10.3", "under airflow.variables in devbox.yaml (nobodys_bucket: VALUE)"


class Limits30(Limits, unittest.TestCase):
    version, top_level = "3.0.6", "Airflow 3 allows that only inside a running task"


if __name__ == "__main__":
    support.main()
