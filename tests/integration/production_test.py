"""Nothing local can reach production: a DAG that uses AWS runs from a shell full of credentials, and a fake AWS endpoint sees no request.

Run: DEVBOX_TEST_BINARY=build/bin/devbox python3 -m unittest discover -s tests/integration -p production_test.py
The same calls made in that shell without devbox do reach it, and so does the DAG once .env says so: silence is not an accident of the test.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import support

BINARY = os.path.abspath(os.environ.get("DEVBOX_TEST_BINARY", "build/bin/devbox"))
CACHE = os.environ.get("DEVBOX_TEST_CACHE", os.path.expanduser("~/.cache"))

DAG = '''
import json, os, pathlib
from airflow.decorators import dag, task
import boto3, pendulum
from botocore.config import Config

FAST = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})


def ask(client, call):
    try:
        getattr(boto3.client(client, region_name="eu-west-1", config=FAST), call)()
        return "answered"
    except Exception as error:
        return type(error).__name__


def look(where):
    found = {"s3": ask("s3", "list_buckets"), "sts": ask("sts", "get_caller_identity"), "environment": dict(os.environ)}
    pathlib.Path(os.environ["REPORT_FOLDER"], where + ".json").write_text(json.dumps(found))


look("import")


@dag(schedule=None, start_date=pendulum.datetime(2024, 1, 1), catchup=False)
def cloud():
    @task
    def reach():
        look("task")

    reach()


cloud()
'''


class ProductionTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="devbox-production-test."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.root, self.home, self.reports = (self.folder / name for name in ("checkout", "home", "reports"))
        for folder in (self.root / "dags", self.home / ".aws", self.reports):
            folder.mkdir(parents=True)
        (self.root / "dags" / "cloud.py").write_text(DAG)
        (self.root / "devbox.yaml").write_text("airflow: {version: 2.10.3}\nruntime: native\n")
        self.aws = support.FakeAws()
        self.addCleanup(self.aws.close)
        keys = "aws_access_key_id = AKIAPRODUCTION\naws_secret_access_key = production\n"
        (self.home / ".aws" / "credentials").write_text(f"[default]\n{keys}\n[production]\n{keys}")
        (self.home / ".aws" / "config").write_text(f"[default]\nendpoint_url = {self.aws.url}\n[profile production]\nendpoint_url = {self.aws.url}\n")

    def shell(self):
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "AIRFLOW", "DBT_"))}
        return inherited | {
            "HOME": str(self.home), "XDG_CACHE_HOME": CACHE, "AWS_ACCESS_KEY_ID": "AKIAPRODUCTION", "aws_secret_access_key": "production",
            "AWS_SECRET_ACCESS_KEY": "production", "AWS_PROFILE": "production", "AWS_ENDPOINT_URL": self.aws.url, "AWS_ENDPOINT_URL_S3": self.aws.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.aws.url + "/credentials", "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.aws.url,
            "AIRFLOW_CONN_AWS_DEFAULT": "aws://AKIAPRODUCTION:production@", "GOOGLE_APPLICATION_CREDENTIALS": "/x.json", "DBT_TARGET": "prod",
            "SNOWFLAKE_PASSWORD": "production", "WAREHOUSE_API_KEY": "production",
        }

    def run_dag(self, dotenv=None):
        lines = {"REPORT_FOLDER": str(self.reports)} | (dotenv or {})
        path = self.root / ".env"
        path.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        path.chmod(0o600)
        done = subprocess.run([BINARY, "-C", str(self.root), "test", "dag", "cloud"], env=self.shell(), capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [json.loads((self.reports / f"{where}.json").read_text()) for where in ("import", "task")]

    def test_credentials_of_the_shell_reach_no_dag(self):
        for report in self.run_dag():
            self.assertEqual((report["s3"], report["sts"]), ("NoCredentialsError", "NoCredentialsError"))
            self.assertNotIn("production", [value for key, value in report["environment"].items()])
            for name in ("AWS_PROFILE", "AIRFLOW_CONN_AWS_DEFAULT", "DBT_TARGET", "GOOGLE_APPLICATION_CREDENTIALS", "WAREHOUSE_API_KEY"):
                self.assertNotIn(name, report["environment"])
        self.assertEqual(self.aws.requests, [])
        # The same interpreter without devbox in between: this is what would have happened.
        call = "import boto3; boto3.client('s3', region_name='eu-west-1').list_buckets()"
        shell = self.shell() | {"PATH": report["environment"]["PATH"]}
        subprocess.run([shutil.which("python", path=shell["PATH"]), "-c", call], env=shell, check=True, timeout=60)
        self.assertIn("AKIAPRODUCTION", self.aws.requests[0])

    def test_what_dotenv_says_does_reach_the_endpoint(self):
        reports = self.run_dag({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL": self.aws.url})
        self.assertEqual([report["s3"] for report in reports], ["answered", "answered"])
        self.assertGreaterEqual(len(self.aws.requests), 2)
        self.assertFalse([request for request in self.aws.requests if "AKIAPRODUCTION" in request])


if __name__ == "__main__":
    unittest.main()
