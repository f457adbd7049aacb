"""From a shell full of credentials: the running Airflow, `devbox test dag` and dbt reach no cloud, and no secret is in a command line."""
import contextlib
import glob
import json
import os
import subprocess
import threading
import time
import unittest

import support
from processes import clean_up, make_checkout

DAG = '''
import datetime, json, os, pathlib
import boto3
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from botocore.config import Config
try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

FAST = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})


def ask(call):
    try:
        call()
        return "answered"
    except Exception as error:
        return type(error).__name__


def look(where):
    found = {
        "boto3": ask(lambda: boto3.client("s3", region_name="eu-west-1", config=FAST).list_buckets()),
        "sts": ask(lambda: boto3.client("sts", region_name="eu-west-1", config=FAST).get_caller_identity()),
        "hook": ask(lambda: S3Hook(region_name="eu-west-1", config=FAST).get_conn().list_buckets()),
        "environment": dict(os.environ),
    }
    # Several processes parse this file at the same time.
    path = pathlib.Path(os.environ["REPORT_FOLDER"], "%s-%d.json" % (where, os.getpid()))
    path.with_suffix(".part").write_text(json.dumps(found))
    path.with_suffix(".part").rename(path)


look("import")

with DAG("cloud", schedule=None, start_date=datetime.datetime(2024, 1, 1)):

    @task
    def reach():
        look("task")

    reach()
'''
MODEL = "select '{{ env_var('AWS_ACCESS_KEY_ID', 'none') }}' as access_key, '{{ env_var('PASSED_NAME', 'none') }}' as passed\n"
PRODUCTION = ("AKIAPRODUCTION", "production-secret", "production-session")
SETTINGS = '''  connections: {warehouse: "postgres://reader:secret-in-yaml@localhost:5432/shop"}
  variables: {api_token: secret-in-variable}
env: {pass: [PASSED_NAME, NOT_SET_ANYWHERE]}
'''
DOTENV = '''AIRFLOW_CONN_BILLING=postgres://writer:secret-in-dotenv@localhost:5432/billing
BILLING_TOKEN=token-in-dotenv
REPORT_FOLDER=%s
'''
SECRETS = ("secret-in-yaml", "secret-in-variable", "secret-in-dotenv", "token-in-dotenv", "passed-value")


class Onlooker(threading.Thread):
    """Reads, as `ps` would, all command lines of the machine, and the environments of the checkout's processes."""

    def __init__(self, instance):
        super().__init__(daemon=True)
        self.marker, self.is_over, self.found, self.seen = ("DEVBOX_INSTANCE=" + instance).encode(), False, [], 0

    def run(self):
        while not self.is_over:
            for folder in glob.glob("/proc/[0-9]*"):
                with contextlib.suppress(OSError):
                    self.look(folder)
            time.sleep(0.05)

    def look(self, folder):
        with open(folder + "/cmdline", "rb") as file:
            arguments = file.read().decode(errors="replace")
        with open(folder + "/environ", "rb") as file:
            environment = file.read()
        self.found += ["argument %s of %s" % (secret, arguments) for secret in SECRETS + PRODUCTION if secret in arguments]
        if self.marker in environment:
            self.seen += 1
            self.found += ["variable %s of %s" % (value, arguments) for value in PRODUCTION if value.encode() in environment]

    def close(self):
        self.is_over = True
        self.join()


class Isolation:
    """One start, one triggered run and one `test dag` out of a production shell serve all tests of a version."""

    version = None

    @classmethod
    def setUpClass(cls):
        cls.aws = support.FakeAws()
        cls.addClassCleanup(cls.aws.close)
        cls.checkout = make_checkout(dags={"cloud.py": DAG})
        cls.addClassCleanup(clean_up, cls.checkout)
        cls.checkout.configure(cls.version, SETTINGS)
        cls.prepare_files()
        cls.shell = cls.production_shell()
        cls.onlooker = Onlooker(cls.checkout.instance)
        cls.onlooker.start()
        cls.addClassCleanup(cls.onlooker.close)
        cls.started = cls.checkout.run("start", env=cls.shell).check()
        cls.airflow = support.Airflow(cls.checkout)
        support.wait_until(lambda: "cloud" in cls.airflow.dag_ids(), 30, "the DAG")
        cls.run_state = cls.airflow.trigger("cloud")
        cls.triggered = cls.reports()
        cls.tested = cls.checkout.run("test", "dag", "cloud", env=cls.shell)
        cls.all_reports = cls.reports()

    @classmethod
    def prepare_files(cls):
        cls.report_folder = os.path.join(cls.checkout.home, "reports")
        os.makedirs(cls.report_folder)
        cls.checkout.write(".env", DOTENV % cls.report_folder)
        os.chmod(cls.checkout.path(".env"), 0o600)
        cls.checkout.write("dbt/models/who_am_i.sql", MODEL)
        os.makedirs(os.path.join(cls.checkout.home, ".aws"))
        with open(os.path.join(cls.checkout.home, ".aws/credentials"), "w") as file:
            file.write("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % PRODUCTION[:2])
        with open(os.path.join(cls.checkout.home, ".aws/config"), "w") as file:
            file.write("[default]\nendpoint_url = %s\n[profile production]\nendpoint_url = %s\n" % (cls.aws.url, cls.aws.url))

    @classmethod
    def production_shell(cls):
        return {"AWS_ACCESS_KEY_ID": PRODUCTION[0], "AWS_SECRET_ACCESS_KEY": PRODUCTION[1], "AWS_SESSION_TOKEN": PRODUCTION[2],
                "AWS_PROFILE": "default", "AWS_ENDPOINT_URL": cls.aws.url, "AWS_DEFAULT_REGION": "eu-west-1",
                "PASSED_NAME": "passed-value"}

    @classmethod
    def reports(cls):
        found = {}
        for path in glob.glob(cls.report_folder + "/*.json"):
            with open(path) as file:
                found[os.path.basename(path)] = json.load(file)
        return found

    def test_the_triggered_run_and_the_test_end_well(self):
        self.assertEqual(self.run_state, "success")
        self.assertEqual(self.tested.code, 0, self.tested.out + self.tested.err)
        tasks = [name for name in self.triggered if name.startswith("task-")]
        self.assertEqual(len(tasks), 1)
        self.assertGreater(len([name for name in self.all_reports if name.startswith("task-")]), len(tasks))
        self.assertTrue([name for name in self.triggered if name.startswith("import-")])

    def test_no_request_reaches_the_cloud(self):
        self.assertEqual(self.aws.requests, [])
        for name, report in self.all_reports.items():
            self.assertEqual((report["boto3"], report["sts"], report["hook"]), ("NoCredentialsError",) * 3, name)
            self.assertEqual([key for key, value in report["environment"].items() if value in PRODUCTION or value == self.aws.url], [])

    def test_without_devbox_in_between_it_would_reach_it(self):
        python = os.path.join(support.find_venv("airflow-" + self.version), "bin/python")
        call = "import boto3; boto3.client('s3', region_name='eu-west-1').list_buckets()"
        before = len(self.aws.requests)
        subprocess.run([python, "-c", call], env={**self.checkout.environment, **self.shell}, check=True, timeout=60)
        self.assertEqual(len(self.aws.requests), before + 1)
        del self.aws.requests[before:]

    def test_dbt_sees_no_credentials_but_what_env_pass_names(self):
        answer = self.checkout.json("db", "query", "select access_key, passed from who_am_i")
        self.assertIn("none", json.dumps(answer["data"]))
        self.assertIn("passed-value", json.dumps(answer["data"]))
        self.assertNotIn(PRODUCTION[0], json.dumps(answer["data"]))

    def test_env_pass_lets_a_variable_through_and_start_says_so(self):
        self.assertRegex(self.started.err, r"(?m): PASSED_NAME$")
        for report in self.all_reports.values():
            self.assertEqual(report["environment"].get("PASSED_NAME"), "passed-value")

    def test_no_secret_is_in_a_command_line_or_in_a_foreign_environment(self):
        self.assertGreater(self.onlooker.seen, 100)
        self.assertEqual(self.onlooker.found, [])

    def test_connections_are_there_all_the_same(self):
        for report in self.all_reports.values():
            self.assertIn("secret-in-yaml", report["environment"]["AIRFLOW_CONN_WAREHOUSE"])
            self.assertIn("secret-in-dotenv", report["environment"]["AIRFLOW_CONN_BILLING"])

    def test_no_secret_is_in_what_start_says(self):
        for secret in SECRETS + PRODUCTION:
            self.assertNotIn(secret, self.started.out + self.started.err)


class Isolation2Test(Isolation, unittest.TestCase):
    version = "2.10.3"


class Isolation3Test(Isolation, unittest.TestCase):
    version = "3.0.6"


class DotenvTest(unittest.TestCase):
    def test_a_dotenv_that_others_can_write_is_refused(self):
        checkout = make_checkout(version="2.10.3")
        self.addCleanup(clean_up, checkout)
        checkout.write(".env", "NAME=value\n")
        for mode in (0o620, 0o602, 0o664):
            os.chmod(checkout.path(".env"), mode)
            for words in (("start",), ("test", "dag", "daily_orders"), ("env",)):
                answer = checkout.run(*words).check(4)
                self.assertIn(checkout.path(".env"), answer.err)
                self.assertIn("chmod go-w", answer.err)
        self.assertFalse(os.path.exists(checkout.path(".devbox/run/services.json")))
        os.chmod(checkout.path(".env"), 0o600)
        checkout.run("env").check()


support.main()
