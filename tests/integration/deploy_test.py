"""The starter's deployment: its workflows are well-formed, and its script copies to a real S3 server what it should and nothing else.

The server is versitygw, which checks signatures and keeps objects as plain files. Tools that are not there are built or installed once
into the test cache; without go, or without a way to get them, the tests that need them are skipped and say so.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import support

TOOLS = os.path.join(support.CACHE, "test-tools")
BUCKET = "my-platform"
SCRIPT = ".github/scripts/upload_to_s3.sh"
BUILD_SECONDS, SERVER_SECONDS = 900, 20


def in_path_or_cache(name):
    return shutil.which(name) or shutil.which(os.path.join(TOOLS, "bin", name))


def make(name, command, env=None):
    """The tool's path, made by the command where it is not there; a skipped test with the reason where that fails."""
    if not in_path_or_cache(name):
        os.makedirs(TOOLS + "/bin", exist_ok=True)
        try:
            done = subprocess.run(["nice", *command], env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise unittest.SkipTest("%s could not be had: %s" % (name, error)) from error
        if done.returncode != 0 or not in_path_or_cache(name):
            raise unittest.SkipTest("%s could not be had: %s" % (name, (done.stderr.strip().splitlines() or ["it was not made"])[-1]))
    return in_path_or_cache(name)


def go_tool(name, package):
    if not in_path_or_cache(name) and not shutil.which("go"):
        raise unittest.SkipTest("there is neither %s nor go to build it" % name)
    return make(name, ["go", "install", package + "@latest"], {"GOBIN": TOOLS + "/bin", "GOFLAGS": "-p=2"})


def aws_cli():
    if not in_path_or_cache("aws"):
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=False, capture_output=True, timeout=BUILD_SECONDS)
    return make("aws", [TOOLS + "/bin/pip", "install", "-q", "awscli"])


class S3Server:
    """versitygw on a free port over a temporary folder; objects are the files below it."""

    def __init__(self, program):
        self.folder, self.port = tempfile.mkdtemp(prefix="devbox-test-s3-"), support.free_port()
        os.mkdir(os.path.join(self.folder, BUCKET))
        keys = {"ROOT_ACCESS_KEY": "test", "ROOT_SECRET_KEY": "secret12345"}
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([program, "--port", "127.0.0.1:%d" % self.port, "posix", self.folder], env={**os.environ, **keys},
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def environment(self):
        return {"AWS_ENDPOINT_URL": "http://127.0.0.1:%d" % self.port, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret12345",
                "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "S3_BUCKET": BUCKET, "PATH": TOOLS + "/bin:" + os.environ["PATH"]}

    def keys(self):
        root = os.path.join(self.folder, BUCKET)
        return {os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names}

    def put(self, key, text="old"):
        path = os.path.join(self.folder, BUCKET, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def empty(self):
        shutil.rmtree(os.path.join(self.folder, BUCKET))
        os.mkdir(os.path.join(self.folder, BUCKET))

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=SERVER_SECONDS)
        self.log.close()
        shutil.rmtree(self.folder)


class UploadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws_cli()
        server = go_tool("versitygw", "github.com/versity/versitygw/cmd/versitygw")
        cls.server = S3Server(server)
        cls.addClassCleanup(cls.server.close)

        def answers():
            done = subprocess.run(["aws", "s3api", "list-buckets"], env={**os.environ, **cls.server.environment()}, capture_output=True, check=False)
            return done.returncode == 0
        support.wait_until(answers, SERVER_SECONDS, "the S3 server's answer")

    def setUp(self):
        self.checkout = support.Checkout()
        self.addCleanup(self.checkout.close)
        self.server.empty()

    def upload(self, *words, **changed):
        env = {**self.checkout.environment, **self.server.environment(), **changed}
        return subprocess.run([self.checkout.path(SCRIPT), *words], env=env, cwd="/", capture_output=True, text=True, timeout=120, check=False)

    def must_upload(self, *words, **changed):
        done = self.upload(*words, **changed)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def must_refuse(self, code, words, *arguments, **changed):
        before = self.server.keys()
        done = self.upload(*arguments, **changed)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(words, done.stderr)
        self.assertEqual(self.server.keys(), before)

    def test_what_runs_arrives_and_what_was_made_or_is_secret_stays(self):
        for name in ("dags/__pycache__/x.pyc", "dags/helpers/__pycache__/x.pyc", "dags/.env", "dags/helpers/.env.local", "plugins/shop.env",
                     "plugins/shop.py", "dbt/target/manifest.json", "dbt/logs/dbt.log", "dags/target/load.py", ".env", "seeds/x.csv"):
            self.checkout.write(name, "x")
        said = self.must_upload()
        keys = self.server.keys()
        self.assertLessEqual({"requirements.txt", "plugins/shop.py", "dbt/dbt_project.yml", "dags/daily_orders.py", "dags/helpers/database.py",
                              "dags/.airflowignore", "dags/target/load.py"}, keys)
        unwanted = [key for key in keys if "pycache" in key or ".env" in key or key.startswith(("dbt/target", "dbt/logs", "seeds", ".git", ".devbox"))]
        self.assertEqual(unwanted, [])
        order = [said.index("to s3://%s/%s" % (BUCKET, part)) for part in ("requirements.txt", "plugins/", "dbt/", "dags/")]
        self.assertEqual(order, sorted(order))
        self.assertTrue(said.endswith("copied to s3://%s\n" % BUCKET))

    def test_what_is_gone_here_is_deleted_there_and_nothing_beside_it(self):
        self.server.put("dags/gone.py")
        others = {"dags-of-others/x.py", "plugins/of_others.py", "README", "dbt2/y.sql"}
        for key in others:
            self.server.put(key)
        said = self.must_upload()
        self.assertIn("there is no plugins here; what lies in s3://%s/plugins stays as it is" % BUCKET, said)
        self.assertNotIn("dags/gone.py", self.server.keys())
        self.assertLessEqual(others, self.server.keys())

    def test_a_platform_can_have_a_folder_of_the_bucket(self):
        self.server.put("dags/of_others.py")
        self.must_upload(S3_PREFIX="/teams/shop/")
        self.assertIn("teams/shop/dags/daily_orders.py", self.server.keys())
        self.assertIn("teams/shop/requirements.txt", self.server.keys())
        self.assertIn("dags/of_others.py", self.server.keys())

    def test_a_dry_run_says_what_it_would_do_and_does_nothing(self):
        self.server.put("dags/gone.py")
        said = self.must_upload("--dry-run")
        self.assertIn("(dryrun) delete: s3://%s/dags/gone.py" % BUCKET, said)
        self.assertEqual(self.server.keys(), {"dags/gone.py"})

    def test_an_empty_dag_folder_deletes_no_dag(self):
        self.server.put("dags/daily_orders.py")
        shutil.rmtree(self.checkout.path("dags"))
        self.must_refuse(2, "dags/ holds no Python file, so nothing was copied")
        self.checkout.write("dags/notes.md", "no DAG")
        self.must_refuse(2, "dags/ holds no Python file, so nothing was copied")

    def test_what_is_missing_or_wrong_is_named(self):
        self.must_refuse(2, "S3_BUCKET is not set", S3_BUCKET="")
        self.must_refuse(2, "a bucket's name holds no : and no /", S3_BUCKET="s3://my-platform/dags")
        self.must_refuse(2, "unknown words '--dryrun'", "--dryrun")
        programs = os.path.join(self.checkout.home, "programs")
        os.mkdir(programs)
        for program in ("dirname", "sh", "find", "head"):
            os.symlink(shutil.which(program), os.path.join(programs, program))
        self.must_refuse(2, "there is no aws here", PATH=programs)

    def test_a_copy_that_fails_is_a_failure(self):
        self.must_refuse(1, "the copy to s3://%s failed" % BUCKET, AWS_SECRET_ACCESS_KEY="wrong")
        self.must_refuse(1, "NoSuchBucket", S3_BUCKET="no-such-bucket")


class WorkflowTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout()
        cls.addClassCleanup(cls.checkout.close)

    def test_the_example_brings_the_workflows_and_a_script_that_can_run(self):
        for name in ("workflows/ci.yml", "workflows/deploy.yml", "scripts/upload_to_s3.sh"):
            self.assertTrue(os.path.isfile(self.checkout.path(".github/" + name)), name)
        self.assertTrue(os.access(self.checkout.path(SCRIPT), os.X_OK))

    def test_actionlint_finds_nothing_in_the_workflows(self):
        actionlint = go_tool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint")
        done = subprocess.run([actionlint, "-no-color"], cwd=self.checkout.root, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    @unittest.skipUnless(shutil.which("shellcheck"), "there is no shellcheck here")
    def test_shellcheck_finds_nothing_in_the_script(self):
        done = subprocess.run(["shellcheck", self.checkout.path(SCRIPT)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    support.main()
