# needs: docker
"""The platform in containers as a user lives with it, on both majors of Airflow and under both versions of compose: one start of each
serves nearly all tests. Airflow 3 belongs to a user who is not root. All commands run from a shell full of production's credentials.

The tests whose names begin with z change the platform, in the order of their names; the others only look, in any order."""
import contextlib
import glob
import json
import os
import re
import signal
import subprocess
import time
import unittest

import airbyte_doubles
import debug_test
import docker_compose_program
import docker_images
import docker_stack
import support
import watch_test
from docker_checkout import DockerCheckout

docker_stack.require()
NO_V2 = docker_compose_program.reason_without_v2(docker_stack.cache_folder())
ENGINE = docker_stack.Engine()
SAVED_DAG = '''
import datetime
try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.operators.bash import BashOperator
with DAG("%s", start_date=datetime.datetime(2024, 1, 1), schedule="@daily", catchup=True, tags=["%s"]):
    BashOperator(task_id="only", bash_command="echo one")
'''
HELPED_DAG = "from label_of_helped import LABEL\n" + SAVED_DAG.replace('["%s"]', "[LABEL]") % "helped"
CLOUD_DAG = '''
import datetime, json, os, pathlib, socket
import boto3
from botocore.config import Config
try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task


def look(where):
    try:
        fast = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
        boto3.client("s3", region_name="eu-west-1", config=fast).list_buckets()
        found = "answered"
    except Exception as error:
        found = type(error).__name__
    path = pathlib.Path("%s", "%%s-%%s-%%d.json" %% (where, socket.gethostname(), os.getpid()))
    path.with_suffix(".part").write_text(json.dumps({"s3": found, "environment": dict(os.environ)}))
    path.with_suffix(".part").rename(path)


look("import")
with DAG("cloud", schedule=None, start_date=datetime.datetime(2024, 1, 1)):

    @task
    def reach():
        look("task")

    reach()
'''
HANGING_DAG = '''
import datetime, time
try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
with DAG("hanging", schedule=None, start_date=datetime.datetime(2024, 1, 1)):

    @task
    def hang():
        open(".devbox/hanging", "w").close()
        time.sleep(600)

    hang()
'''
FIRST = "  unpause: [customer_report]\n  password: admin\n  env: {TEAM: first}\n"
LATER = "  env: {TEAM: later}\n  requirements: requirements.txt\n  variables: {airbyte_connection_id: 5f0e-1}\n"
PASS = "env: {pass: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_DEFAULT_REGION]}\n"
EXTRA_SERVICE = """services:
  mail:
    image: busybox:latest
    command: [sh, -c, "echo mail is listening; sleep 3600"]
    stop_grace_period: 0s
"""
SECRETS = ("AKIAOFTHESHELL", "secret-of-the-shell")  # other ones than isolation_test looks for on the whole machine meanwhile


def production_shell(url):
    """The variables of a shell that works on production, which is at `url`."""
    return {"AWS_ACCESS_KEY_ID": SECRETS[0], "AWS_SECRET_ACCESS_KEY": SECRETS[1], "AWS_PROFILE": "default", "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "eu-west-1", "AIRFLOW_CONN_AWS_DEFAULT": "aws://%s:%s@" % SECRETS,
            "SNOWFLAKE_PASSWORD": SECRETS[1], "DBT_TARGET": "prod"}


def setUpModule():
    if NO_V2:
        raise unittest.SkipTest("compose v2: " + NO_V2)
    ENGINE.__enter__()
    unittest.addModuleCleanup(ENGINE.__exit__, None)
    for name in ("busybox:latest", "postgres:15", *map(docker_images.airflow_image, support.VERSIONS)):
        ENGINE.image(name)


def start_and_interrupt(checkout, is_time):
    """Starts, and presses Ctrl-C as a terminal does once `is_time()`; returns the exit code and what was said."""
    command = [checkout.binary, "start"]
    process = subprocess.Popen(command, cwd=checkout.root, env=checkout.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True, **checkout.user)
    try:
        support.wait_until(lambda: is_time() or process.poll() is not None, 60, "the moment to interrupt")
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=30)[0]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said


class Platform:
    version = compose = uid = None

    @classmethod
    def setUpClass(cls):
        cls.aws = support.FakeAws(ENGINE.address.split("/")[0])  # where containers reach it
        cls.addClassCleanup(cls.aws.close)
        cls.checkout = DockerCheckout(ENGINE, cls.compose, cls.uid)
        cls.addClassCleanup(cls.checkout.close)
        cls.checkout.environment.update(production_shell(cls.aws.url))
        cls.checkout.configure(cls.version, FIRST)
        cls.checkout.git("add", ".")
        cls.checkout.git("commit", "-qm", "Start")
        cls.reports = cls.checkout.path("reports")
        cls.checkout.write("reports/.gitignore", "*\n")
        cls.checkout.write("dags/cloud.py", CLOUD_DAG % cls.reports)
        cls.started = cls.checkout.run("start", "--timings", seconds=1200).check()
        cls.airflow = support.Airflow(cls.checkout)
        expected = {"daily_orders", "customer_report", "dbt_build", "cloud"}
        support.wait_until(lambda: expected <= cls.airflow.dag_ids(), 60, "the DAGs")
        cls.paused_at_first = cls.airflow.api("GET", "/dags/daily_orders")[1]["is_paused"]

    @property
    def services(self):
        return {"airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-webserver" if self.version[0] == "2" else "airflow-apiserver"}

    def aws_reports(self):
        found = {}
        for path in glob.glob(self.reports + "/*.json"):
            with open(path) as file:
                found[os.path.basename(path)] = json.load(file)
        return found

    # --- looking at it

    def test_start_says_what_it_did_and_where_airflow_is(self):
        self.assertIn("http://localhost:%d  admin / admin" % self.checkout.port, self.started.out)
        self.assertRegex(self.started.err, r"^platform · docker \(Docker \S+, by DOCKER_HOST, \d+ CPUs, \S+ GB\) · Airflow " + re.escape(self.version))
        for step in ("checks", "images", "sandbox", "airflow", "dbt"):
            self.assertIn("✓ " + step, self.started.err)

    def test_only_the_right_password_opens_the_api(self):
        self.assertTrue(support.Airflow(self.checkout).login("admin"))
        self.assertFalse(support.Airflow(self.checkout).login("wrong"))

    def test_dags_stay_paused_unless_named(self):
        self.assertTrue(self.paused_at_first)
        support.wait_until(lambda: not self.airflow.api("GET", "/dags/customer_report")[1]["is_paused"], 15, "airflow.unpause")

    def test_a_saved_dag_is_there_in_seconds_and_a_deleted_one_gone(self):
        self.checkout.write("dags/saved_now.py", SAVED_DAG % ("saved_now", "first"))
        support.wait_within(lambda: "saved_now" in self.airflow.dag_ids(), 40, "the new DAG")
        self.checkout.write("dags/saved_now.py", SAVED_DAG % ("saved_now", "second"))
        support.wait_within(lambda: "second" in json.dumps(self.airflow.api("GET", "/dags/saved_now")[1].get("tags", [])), 40, "the edit")
        self.assertEqual(self.airflow.api("GET", "/dags/saved_now/dagRuns")[1]["total_entries"], 0)  # whatever its catchup says
        os.remove(self.checkout.path("dags/saved_now.py"))
        support.wait_within(lambda: "saved_now" not in self.airflow.dag_ids(), 60, "the deletion")

    def test_triggered_runs_write_the_sandbox(self):
        self.assertEqual(self.airflow.trigger("daily_orders"), "success")
        answer = self.checkout.json("db", "query", "select count(*) as days from daily_orders")
        self.assertEqual(answer["data"]["rows"], [[1]])
        self.checkout.json("db", "query", "select count(*) from monthly_revenue")
        self.assertEqual(self.airflow.trigger("dbt_build", seconds=240), "success")

    def test_dags_models_and_tools_run_here_and_now(self):
        self.assertRegex(self.checkout.run("test", "dag", "daily_orders").check().out, "passed in .*: 4 passed")
        self.assertRegex(self.checkout.run("test", "dags").check().out, r"passed in .*: (\d+) passed")
        self.assertRegex(self.checkout.run("test", "dbt").check().out, "passed in .*: 46 passed")
        self.assertEqual(self.checkout.run("airflow", "version").check().out.strip().splitlines()[-1], self.version)
        self.assertIn("fct_orders", self.checkout.run("dbt", "ls").check().out)

    def test_dag_tests_are_forks_of_a_warm_process_and_end_with_a_killed_devbox(self):
        self.checkout.write("dags/hanging.py", HANGING_DAG)
        self.addCleanup(os.remove, self.checkout.path("dags/hanging.py"))
        self.assertEqual(self.checkout.json("test", "dags", "dags/hanging.py")["data"]["process"], "warm")
        # Pushes are tested in a container of their own, which may have one too.
        is_settled = lambda: len(self.warm_processes()) in (3, 6)
        support.wait_until(is_settled, 20, "the warm process and the two that it forks in advance")
        idle = self.warm_processes()
        hanging = subprocess.Popen([self.checkout.binary, "test", "dag", "hanging"], cwd=self.checkout.root, env=self.checkout.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **self.checkout.user)
        support.wait_until(lambda: os.path.exists(self.checkout.path(".devbox/hanging")), 60, "the hanging task")
        self.assertEqual(self.warm_processes(), idle)  # those two are now the one that watches the task, and the task
        hanging.kill()
        hanging.wait()
        are_new = lambda: is_settled() and len(idle - self.warm_processes()) == 2
        support.wait_until(are_new, 20, "the end of the hanging task")

    def warm_processes(self):
        return {pid for pid, command in ENGINE.processes().items() if "airflow_host.py serve" in command}

    def test_a_commit_passes_the_gate_and_a_broken_one_does_not(self):
        answer = self.checkout.run("check", "HEAD").check()
        self.assertRegex(answer.out + answer.err, r"✓ dags .* (\d+) of \1 passed")
        self.checkout.write("dags/broken.py", "import nowhere_to_be_found  # a DAG of Airflow\n")
        self.checkout.git("add", "dags/broken.py")
        self.checkout.git("commit", "-qm", "Break a DAG")
        os.remove(self.checkout.path("dags/broken.py"))  # the commit counts, not the working tree
        answer = self.checkout.run("check", "HEAD").check(1)
        self.assertIn("ModuleNotFoundError: No module named 'nowhere_to_be_found'", answer.out + answer.err)
        self.checkout.git("revert", "--no-edit", "HEAD")

    def test_status_shows_the_services(self):
        names = ["postgres", "scheduler", "triggerer"]
        status = self.checkout.status()
        self.assertEqual((status["runtime"], status["phase"], status["airflowVersion"], status["airflowUrl"]),
                         ("docker", "healthy", self.version, "http://localhost:%d" % self.checkout.port))
        self.assertTrue(all(one["state"] == "healthy" and one["container"].startswith(self.checkout.project) for one in status["services"]), status)
        self.assertTrue(set(names) <= {one["name"] for one in status["services"]}, status)
        table = self.checkout.run("status").check()
        for name in names:
            self.assertRegex(table.out, r"(?m)^%s +healthy +\d+ +\S+ +\d+" % name)
        short = "platform · docker · Airflow %s · healthy · http://localhost:%d\n" % (self.version, self.checkout.port)
        self.assertEqual(self.checkout.run("status", "--short").check().out, short)
        self.assertIn("DEVBOX_PHASE=healthy\n", self.checkout.run("status", "-o", "env").check().out)

    def test_logs_show_services_and_name_the_unknown(self):
        self.assertRegex(self.checkout.run("logs", "scheduler", "-n", "20").check().out, r"(?m)^scheduler +\| ")
        self.assertRegex(self.checkout.run("logs", "-n", "2000").check().out, r"(?m)^postgres +\| ")
        self.assertIn("there is no log of 'schedular'", self.checkout.run("logs", "schedular").check(2).err)

    def test_open_and_doctor_know_where_it_runs(self):
        answer = self.checkout.json("open", env={"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""})
        self.assertEqual(answer["data"], {"airflowUrl": "http://localhost:%d" % self.checkout.port, "isOpened": False})
        report = self.checkout.run("doctor").check().out
        for finding in (r"engine +Docker \S+, API ", r"compose +\d", r"image +devbox-airflow:" + re.escape(self.version), r"services +healthy",
                        r"live link +Airflow's containers see what is written here",
                        r"port +%d is Airflow's" % self.checkout.port):
            self.assertRegex(report, "(?m)^ok +" + finding)

    def test_the_rendered_file_is_shown_without_its_secrets(self):
        masked, whole = (self.checkout.run("config", "compose", *more).check().out for more in ((), ("--reveal",)))
        with open(self.checkout.path(".devbox/compose.yaml")) as file:
            self.assertEqual(whole.strip(), file.read().strip())
        with open(self.checkout.path(".devbox/secrets.json")) as file:
            secrets = [value for value in json.load(file).values() if isinstance(value, str) and len(value) > 16]
        self.assertTrue([one for one in secrets if one in whole])
        self.assertEqual([one for one in secrets if one in masked], [])
        self.assertNotIn("AKIA", whole)

    def test_env_shows_what_is_in_the_containers(self):
        shown = self.checkout.json("env", "--reveal")["data"]["variables"]
        self.assertIn("AIRFLOW_CONN_SANDBOX", shown)
        there = self.checkout.containers()["airflow-scheduler"]["Config"]["Env"]
        self.assertEqual([name for name, value in shown.items() if "%s=%s" % (name, value) not in there and name.upper() != "NO_PROXY"], [])

    def test_a_second_start_touches_nothing(self):
        before, since = self.checkout.runs(), time.time()
        # Without any compose to be found: there is nothing for it to do.
        nothing = {**ENGINE.environment("none"), "XDG_CACHE_HOME": self.checkout.environment["XDG_CACHE_HOME"]}
        answer = self.checkout.run("start", "--only", "airflow,sandbox", env=nothing).check()
        self.assertIn("running already", answer.err)
        self.assertEqual(self.checkout.runs(), before)
        happened = ENGINE.docker("events", "--since", "%.3f" % since, "--until", "%.3f" % time.time(), "--format", "{{.Type}} {{.Action}}")
        touched = [line for line in happened.splitlines() if not line.startswith(("container exec_", "container health_status", "image "))]
        self.assertEqual(touched, [])

    def test_a_watch_tests_one_save_after_the_other(self):
        watch = watch_test.Watch(self.checkout, "watch")
        self.addCleanup(watch.kill)
        watch.round()
        for value in (1, 2, 3):
            self.checkout.write("dags/watched.py", SAVED_DAG % ("watched", value))
            self.assertEqual(watch.verdicts(), {"dags/watched.py": "pass"})
        os.remove(self.checkout.path("dags/watched.py"))
        watch.round()
        code, last = watch.end()
        self.assertEqual((code, last["error"]), (0, None))

    def test_a_watch_brings_a_saved_helper_to_airflow_before_its_interval(self):
        def save(label):
            self.checkout.write("dags/label_of_helped.py", "LABEL = '%s'\n" % label)

        def is_there(label):
            return label in json.dumps(self.airflow.api("GET", "/dags/helped")[1].get("tags", []))

        save("new")
        self.checkout.write("dags/helped.py", HELPED_DAG)
        support.wait_until(lambda: is_there("new"), 40, "the new DAG")
        watch = watch_test.Watch(self.checkout, "watch")
        self.addCleanup(watch.kill)
        watch.round()
        interval = self.parse_interval()
        # A label that is seen means that Airflow has just parsed. By itself it would not do so again within half its interval.
        for label, seconds in (("first", interval + 10), ("second", interval / 2), ("the third", interval / 2)):
            save(label)
            self.assertEqual(watch.verdicts(), {"dags/helped.py": "pass"})
            support.wait_within(lambda wanted=label: is_there(wanted), seconds, label)
        for name in ("helped", "label_of_helped"):
            os.remove(self.checkout.path("dags/%s.py" % name))
        watch.round()
        self.assertEqual(watch.end()[0], 0)

    def parse_interval(self):
        variables = self.checkout.containers()["airflow-dag-processor"]["Config"]["Env"]
        return int(next(one for one in variables if "MIN_FILE_PROCESS_INTERVAL=" in one).split("=")[1])

    def test_a_service_is_restarted_alone(self):
        before = self.checkout.runs()
        self.checkout.run("restart", "airflow-scheduler").check()  # compose's name for it; devbox's own is "scheduler"
        self.checkout.run("restart", "airflow-init").check(2)
        after = self.checkout.runs()
        self.assertEqual({name for name in after if after[name] != before[name]}, {"airflow-scheduler"})
        self.assertEqual(self.checkout.status()["phase"], "healthy")

    def test_memory_and_log_of_each_container_are_limited(self):
        for name, container in self.checkout.containers().items():
            self.assertEqual(container["HostConfig"]["LogConfig"], {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}, name)
            self.assertEqual(container["HostConfig"]["Memory"], (1 if name == "postgres" else 2) << 30, name)

    def test_everything_listens_on_loopback_only(self):
        ports = {}
        for pid in ENGINE.processes():
            with contextlib.suppress(OSError):
                for name in os.listdir("/proc/%d/fd" % pid):
                    with contextlib.suppress(OSError):
                        ports.setdefault(os.readlink("/proc/%d/fd/%s" % (pid, name)), pid)
        found = []
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as file:
                for fields in (line.split() for line in file.readlines()[1:]):
                    if fields[3] == "0A" and "socket:[%s]" % fields[9] in ports:
                        found.append(tuple(fields[1].split(":")))
        self.assertIn(("0100007F", "%04X" % self.checkout.port), found)
        self.assertEqual({address for address, _ in found}, {"0100007F"})

    def test_credentials_of_the_shell_reach_no_container(self):
        self.assertEqual(self.airflow.trigger("cloud"), "success")
        self.assertRegex(self.checkout.run("test", "dag", "cloud").check().out, "1 passed")
        reports = self.aws_reports()
        self.assertEqual({name.split("-")[0] for name in reports}, {"import", "task"})
        self.assertGreater(len([name for name in reports if name.startswith("task")]), 1)
        for name, report in reports.items():
            self.assertEqual(report["s3"], "NoCredentialsError", name)
            leaked = [key for key, value in report["environment"].items() if any(one in value for one in (*SECRETS, self.aws.url))]
            self.assertEqual(leaked + [key for key in ("AWS_PROFILE", "DBT_TARGET") if key in report["environment"]], [], name)
        self.assertEqual(self.aws.requests, [])
        # The same call in the same container, given what the shell has, does reach it: the silence has a reason.
        call = "import boto3; boto3.client('s3', region_name='eu-west-1').list_buckets()"
        shell = ["%s=%s" % (name, production_shell(self.aws.url)[name]) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")]
        self.checkout.inside("airflow-scheduler", "python", "-c", call, variables=shell)
        self.assertIn(SECRETS[0], self.aws.requests[0])

    # --- changing it, in this order

    def test_z1_it_stops_and_an_interrupted_start_is_carried_on(self):
        self.assertEqual(self.airflow.trigger("daily_orders"), "success")
        run_count, before = self.airflow.run_count(), self.checkout.runs()
        self.assertRegex(self.checkout.run("stop", "--dry-run").check().out, r"would end \d+ containers")
        self.assertEqual(self.checkout.runs(), before)
        self.checkout.run("stop").check()
        self.assertEqual({run[3] for run in self.checkout.runs().values()}, {"exited"})
        self.assertIn("stopped", self.checkout.run("status", "--short").check().out)
        code, said = start_and_interrupt(self.checkout, lambda: self.checkout.runs()["airflow-scheduler"][3] == "running")
        self.assertEqual(code, 130, said)
        self.assertIn("interrupted", said)
        self.checkout.run("start").check()
        self.assertEqual({name: run[0] for name, run in self.checkout.runs().items()}, {name: run[0] for name, run in before.items()})
        self.assertEqual(self.checkout.runs()["airflow-init"], before["airflow-init"])  # it has done its work once
        self.assertEqual(self.airflow.run_count(), run_count)
        self.assertEqual(self.checkout.json("db", "query", "select count(*) from daily_orders")["data"]["rows"], [[1]])

    def test_z2_files_of_tasks_belong_to_the_user(self):
        self.assertTrue(glob.glob(self.checkout.path(".devbox/airflow/%s/logs/dag_id=daily_orders/**/*.log" % self.version), recursive=True))
        self.assertEqual(self.checkout.foreign_files(), [])

    def test_z2_nothing_that_python_compiled_lies_in_the_checkout(self):
        self.assertEqual(glob.glob(self.checkout.path("**/__pycache__"), recursive=True), [])

    def test_z3_compose_by_hand_reads_the_file(self):
        self.assertIn("airflow-scheduler", self.checkout.compose_by_hand("ps"))
        self.checkout.compose_by_hand("up", "airflow-init")
        self.checkout.compose_by_hand("up", "-d")
        self.assertEqual(self.checkout.containers()["airflow-init"]["State"]["ExitCode"], 0)
        support.wait_until(lambda: self.checkout.status()["phase"] == "healthy", 300, lambda: "healthy after compose by hand: %s" % self.checkout.status())


class Airflow2Test(Platform, unittest.TestCase):
    version, compose = "2.10.3", "v1"

    def test_z4_new_settings_packages_and_port_make_new_containers_under_the_other_compose(self):
        before, requests = self.checkout.containers(), len(self.aws.requests)
        self.checkout.use_compose("v2")
        self.checkout.write("requirements.txt", "apache-airflow-providers-airbyte==5.2.5\n")
        self.checkout.write("devbox.compose.yaml", EXTRA_SERVICE)
        self.checkout.configure(self.version, LATER, port=support.free_port(), top=PASS)
        answer = self.checkout.run("start", seconds=900).check()
        self.assertIn("the settings of Airflow changed", answer.err)
        self.assertRegex(answer.err, r"(?m): AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_DEFAULT_REGION$")
        self.assertNotIn("AKIA", answer.err + answer.out)
        self.assertIn("http://localhost:%d" % self.checkout.port, answer.out)
        after = self.checkout.containers()
        for service in self.services:
            self.assertNotEqual(after[service]["Config"]["Image"], before[service]["Config"]["Image"])
            self.assertIn("TEAM=later", after[service]["Config"]["Env"])
        self.checkout.inside("airflow-scheduler", "python", "-c", "import airflow.providers.airbyte")
        type(self).airflow = support.Airflow(self.checkout)
        self.assertTrue(self.airflow.run_count() > 0)  # the database stayed
        self.assertEqual(after["mail"]["State"]["Status"], "running")
        self.assertRegex(self.checkout.run("logs", "mail").check().out, r"(?m)^mail +\| mail is listening")
        self.assertEqual(self.airflow.trigger("cloud"), "success")
        self.assertTrue([one for one in self.aws.requests[requests:] if SECRETS[0] in one])

    def test_z5_airflow_s_own_operator_triggers_a_sync_of_airbyte(self):
        """With the connection that devbox puts into Airflow's database, through the address that a container has for the host."""
        cluster = airbyte_doubles.Cluster(ENGINE, self.checkout.home, support.free_port())
        page = airbyte_doubles.Page(cluster.port)
        for cleanup in (cluster.remove, page.stop):
            self.addCleanup(cleanup)
        self.assertIn("Airbyte is off", self.checkout.run("test", "dag", "airbyte_sync").check().out)
        cluster.create()
        page.start()
        os.makedirs(self.checkout.home + "/.airbyte/abctl")  # as abctl leaves it
        self.checkout.run("airbyte", "start").check()
        self.assertEqual(self.airflow.trigger("airbyte_sync"), "success")
        self.assertEqual(page.syncs, ["5f0e-1"])

    def test_z5_a_mistake_in_the_additional_file_is_named(self):
        before = self.checkout.runs()
        self.checkout.write("devbox.compose.yaml", "services:\n  mail:\n    imaeg: busybox:latest\n")
        answer = self.checkout.run("start", "--only", "airflow").check(4)
        self.assertIn("devbox.compose.yaml", answer.err)
        self.assertIn("imaeg", answer.err)
        self.assertEqual(self.checkout.runs(), before)
        self.checkout.write("devbox.compose.yaml", EXTRA_SERVICE)

    def test_z6_a_git_worktree_has_a_platform_of_its_own(self):
        first = self.checkout.runs()
        second = self.checkout.worktree("second")
        self.addCleanup(second.leave_engine)
        second.configure(self.version)
        code, said = start_and_interrupt(second, lambda: os.path.exists(second.path(".devbox/.env")) and second.runs())
        self.assertEqual(code, 130, said)
        second.run("start", "--only", "airflow", seconds=600).check()
        self.assertEqual(second.status()["phase"], "healthy")
        self.assertNotEqual((second.project, second.port), (self.checkout.project, self.checkout.port))
        other = support.Airflow(second)
        support.wait_until(lambda: "daily_orders" in other.dag_ids(), 60, "its DAGs")
        self.assertEqual(other.run_count(), 0)
        self.assertGreater(self.airflow.run_count(), 0)
        second.run("stop").check()
        self.assertEqual(self.checkout.runs(), first)
        self.assertEqual(self.checkout.status()["phase"], "healthy")


class Airflow3Test(Platform, unittest.TestCase):
    version, compose, uid = "3.0.6", "v2", 1234

    def check_unreadable_file(self):
        """Root, whom the other tests run as, reads everything."""
        self.checkout.write("dags/secret.py", "from airflow import DAG\n")
        self.addCleanup(os.remove, self.checkout.path("dags/secret.py"))
        os.chmod(self.checkout.path("dags/secret.py"), 0)
        shown = self.checkout.run("test", "dags", "dags/secret.py").check(1)
        self.assertIn("Permission denied", shown.out + shown.err)

    def test_z5_another_release_takes_the_port_over_and_has_a_database_of_its_own(self):
        """2.11.2 shares all but its packages with 2.10.3: only what those decide is looked at, and what such a user has of Airflow 2."""
        runs, port = self.airflow.run_count(), self.checkout.port
        self.checkout.configure("2.11.2")
        started = self.checkout.run("start", "--only", "sandbox,airflow", seconds=1200).check()
        self.assertIn("http://localhost:%d " % port, started.out)
        self.assertNotIn("is held by", started.err)
        other = support.Airflow(self.checkout)
        support.wait_until(lambda: "daily_orders" in other.dag_ids(), 60, "the DAGs")
        self.assertEqual(other.run_count(), 0)
        self.assertEqual(other.trigger("daily_orders"), "success")
        self.checkout.run("test", "dag", "daily_orders").check()
        other_runs = other.run_count()
        self.check_unreadable_file()

        self.checkout.configure("2.11.2", "  password: another\n")
        self.checkout.run("stop").check()
        self.checkout.run("start", "--only", "airflow", seconds=600).check()
        self.assertFalse(other.login("admin"))
        self.assertEqual(other.request("GET", "/api/v1/dags/~/dagRuns", password="another")[1]["total_entries"], other_runs)

        self.checkout.configure(self.version, FIRST)
        self.checkout.run("start", "--only", "airflow", seconds=600).check()
        self.assertEqual(support.Airflow(self.checkout).run_count(), runs)


class DebuggingTest(debug_test.Debugging, unittest.TestCase):
    """Tests need no running platform, and so do debuggers."""

    @classmethod
    def setUpClass(cls):
        cls.checkout = DockerCheckout(ENGINE, "v2", 1234)
        cls.addClassCleanup(cls.checkout.close)
        cls.checkout.configure("3.0.6")
        cls.checkout.write("dags/bug.py", debug_test.DAG)
        cls.checkout.run("test", "dags", "dags/bug.py", seconds=1200).check()

    def inside(self):
        return sorted(command for command in ENGINE.processes().values() if "debugpy" in command or "debug_relay" in command)

    def test_nothing_is_left_of_a_debugger_whose_devbox_was_killed(self):
        process, port = self.start()
        editor = debug_test.Editor(port)
        self.addCleanup(editor.close)
        editor.ask("initialize", adapterID="devbox-test")
        self.assertTrue(self.inside())
        process.kill()
        process.communicate()
        support.wait_until(lambda: not self.inside() and not debug_test.listens(port), 20, "the end of the debugger")


if __name__ == "__main__":
    support.main()
