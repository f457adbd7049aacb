"""The pre-push hook with real git: real pushes to a local bare repository.

DEVBOX_TEST_BINARY is the devbox under test. The tests that need Airflow and dbt run when DEVBOX_TEST_CACHE is the cache folder that holds
them, or when DEVBOX_TEST_FULL is set: then the first one installs both where they are missing.
Run: python3 -m unittest tests/integration/hook_test.py
"""
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEVBOX = os.environ.get("DEVBOX_TEST_BINARY", str(ROOT / "build/dev/bin/devbox"))
CACHE = os.environ.get("DEVBOX_TEST_CACHE", "")
HAS_ENVIRONMENTS = bool(os.environ.get("DEVBOX_TEST_FULL")) or (CACHE != "" and os.path.isdir(CACHE))
ZERO = "0" * 40
GOOD_DAG = """from airflow.decorators import dag, task
import pendulum
import helpers.money


@dag(schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False)
def orders():
    @task
    def total():
        return helpers.money.round_up(1.2)

    total()


orders()
"""
MODEL = "select id, amount from {{ source('raw', 'orders') }}\n"
SOURCES = "version: 2\nsources:\n  - name: raw\n    schema: main\n    tables: [{name: orders}]\n"
SCHEMA = "version: 2\nmodels:\n  - name: stg_orders\n    columns:\n      - name: id\n        data_tests: [unique, not_null]\n"
FILES = {
    "dags/orders.py": GOOD_DAG,
    "dags/helpers/__init__.py": "",
    "dags/helpers/money.py": "def round_up(amount):\n    return int(amount) + 1\n",
    "seeds/orders.csv": "id,amount\n1,10\n2,20\n",
    "dbt/dbt_project.yml": "name: shop\nversion: 1.0.0\nprofile: shop\nmodel-paths: [models]\n",
    "dbt/models/stg_orders.sql": MODEL,
    "dbt/models/sources.yml": SOURCES,
    "dbt/models/schema.yml": SCHEMA,
    "devbox.yaml": 'airflow:\n  version: "2.10.3"\n',
}


class HookCase(unittest.TestCase):
    """A checkout with the hook installed, and a bare remote."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="devbox-hook-test-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.repository = self.folder / "repo"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self.environment |= {
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org", "LC_ALL": "C.UTF-8",
        }
        if CACHE != "":
            self.environment["XDG_CACHE_HOME"] = CACHE
        self.git("init", "-q", "--bare", "remote.git", cwd=self.folder)
        self.git("init", "-q", "-b", "main", "repo", cwd=self.folder)
        self.git("remote", "add", "origin", "../remote.git")
        self.write(FILES | {"nonce": str(uuid.uuid4())})
        self.commit("Good")
        self.devbox("hook", "install", check=True)
        self.addCleanup(self.devbox, "stop")

    def write(self, files):
        for name, content in files.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def run_program(self, argv, **options):
        options = {"cwd": self.repository, "env": self.environment, "capture_output": True, "text": True, "timeout": 1200} | options
        return subprocess.run(argv, **options)

    def git(self, *words, **options):
        return self.run_program(["git", *words], **({"check": True} | options)).stdout.strip()

    def devbox(self, *words, **options):
        return self.run_program([DEVBOX, *words], **options)

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *words, **variables):
        return self.run_program(["git", "push", *(words or ("-q", "origin", "main"))], env=self.environment | variables)

    def hook(self, text, **options):
        return self.devbox("hook", "run", "pre-push", "--", "origin", "../remote.git", input=text, **options)

    def remote_has(self, commit):
        heads = self.git("for-each-ref", "--format=%(objectname)", cwd=self.folder / "remote.git")
        return commit in heads.split()

    def assert_last_words(self, result, pattern):
        """What the hook said last; git's own 'error: failed to push' follows it."""
        lines = [line for line in result.stderr.strip().splitlines() if not line.startswith(("error: failed", "To ", "hint:"))]
        self.assertRegex(lines[-1], pattern, result.stderr)


class WithoutEnvironments(HookCase):
    def test_an_empty_input_and_deletions_end_at_once_without_a_word(self):
        self.write({"devbox.yaml": "broken: [\n"})
        for text in ("", f"(delete) {ZERO} refs/heads/old {self.git('rev-parse', 'HEAD')}\n"):
            started = time.monotonic()
            result = self.hook(text)
            self.assertLess(time.monotonic() - started, 1)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        self.assertFalse((self.repository / ".devbox").exists())

    def test_a_branch_is_deleted_without_tests(self):
        self.push("-q", "origin", "main:old", DEVBOX_SKIP="1")
        result = self.push("-q", "origin", ":old")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.repository / ".devbox").exists())

    def test_devbox_skip_is_loud(self):
        commit = self.commit_broken()
        result = self.push(DEVBOX_SKIP="1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("untested", result.stderr)
        self.assertTrue(self.remote_has(commit))

    def commit_broken(self):
        self.write({"dags/orders.py": "import no_such_module\nfrom airflow import DAG\n"})
        return self.commit("Broken")

    def test_what_git_never_writes_is_refused_and_stops_the_push(self):
        result = self.hook("nonsense\n")
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(result.stdout, "")
        self.assertIn("line 1", result.stderr)

    def test_a_terminal_is_told_what_to_run(self):
        parent, child = pty.openpty()
        result = self.devbox("hook", "run", "pre-push", stdin=child, timeout=20)
        os.close(parent)
        os.close(child)
        self.assertEqual(result.returncode, 2)
        self.assertIn("devbox check", result.stderr)

    def test_a_red_devbox_yaml_stops_the_push_with_the_reason_last(self):
        self.write({"devbox.yaml": "airflo: 1\n"})
        commit = self.commit("Typo")
        self.git("checkout", "-q", "HEAD~1", "--", "devbox.yaml")
        result = self.push()
        self.assertEqual(result.returncode, 1)
        self.assertFalse(self.remote_has(commit))
        self.assertEqual(result.stdout, "")
        self.assert_last_words(result, r"push stopped: devbox\.yaml: .*airflo")
        self.assertIn(f"devbox check {commit[:7]}", result.stderr)
        self.assertIn("DEVBOX_SKIP=1 git push", result.stderr)

    def test_a_red_seed_stops_the_push_from_a_linked_worktree(self):
        self.git("worktree", "add", "-q", "-b", "side", "../side")
        side = self.folder / "side"
        (side / "seeds/orders.csv").write_text("id,amount\n1\n")
        self.git("commit", "-q", "-am", "Ragged", cwd=side)
        result = self.run_program(["git", "push", "-q", "origin", "side"], cwd=side)
        self.assertEqual(result.returncode, 1)
        self.assert_last_words(result, r"push stopped: seeds: .*orders\.csv")
        self.assertTrue((side / ".devbox/gate/tree").is_dir())
        self.assertFalse((self.repository / ".devbox").exists())

    def test_a_commit_with_nothing_to_test_goes_out(self):
        self.git("checkout", "-q", "--orphan", "pages")
        self.git("rm", "-rfq", ".")
        self.write({"index.html": "page"})
        commit = self.commit("Page")
        result = self.push("-q", "origin", "pages")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.remote_has(commit))

    def test_porcelain_stays_readable(self):
        self.git("checkout", "-q", "--orphan", "pages")
        self.git("rm", "-rfq", ".")
        self.write({"index.html": "page"})
        self.commit("Page")
        result = self.push("--porcelain", "origin", "pages")
        self.assertRegex(result.stdout, r"\ATo \S+\n\*\trefs/heads/pages:refs/heads/pages\t\[new branch\]\nDone\n\Z")

    def test_a_push_from_inside_the_git_folder_is_tested(self):
        self.write({"devbox.yaml": "airflo: 1\n"})
        commit = self.commit("Typo")
        result = self.hook(f"main {commit} refs/heads/main {ZERO}\n", cwd=self.repository / ".git")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("push stopped", result.stderr)

    def test_the_hook_can_be_looked_at_and_removed(self):
        status = json.loads(self.devbox("hook", "status", "--json").stdout)["data"]
        self.assertEqual(status["state"], "installed")
        self.assertEqual(status["devbox"], os.path.realpath(DEVBOX))
        self.assertEqual(self.devbox("hook", "uninstall").returncode, 0)
        self.assertEqual(self.devbox("hook", "status").returncode, 1)

    def test_check_takes_a_range_by_its_tip(self):
        self.write({"devbox.yaml": "airflo: 1\n"})
        self.commit("Typo")
        self.git("checkout", "-q", "HEAD~1", "--", "devbox.yaml")
        result = self.devbox("check", "HEAD~1..HEAD")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("its tip is tested: HEAD", result.stderr)
        self.assertEqual(self.devbox("check", "no-such-branch").returncode, 6)


@unittest.skipUnless(HAS_ENVIRONMENTS, "needs Airflow and dbt: set DEVBOX_TEST_CACHE or DEVBOX_TEST_FULL")
class WithEnvironments(HookCase):
    def setUp(self):
        super().setUp()
        # The first push of a machine makes the environments; here that is not what is tested.
        self.write({"devbox.yaml": FILES["devbox.yaml"] + "gate: {budget: 15m}\n"})
        self.commit("Budget")

    def look(self):
        index = self.repository / ".git/index"
        quiet = self.environment | {"GIT_OPTIONAL_LOCKS": "0"}
        return (self.git("status", "--porcelain", env=quiet), self.git("stash", "list"), self.git("for-each-ref", "refs/heads"),
                index.stat().st_ino, index.stat().st_mtime_ns, self.git("ls-files", "-s"))

    def test_a_good_commit_goes_out_though_the_working_tree_is_broken(self):
        commit = self.git("rev-parse", "HEAD")
        self.write({"dags/orders.py": "import no_such_module  # airflow dag\n", "dags/new.py": "from airflow import DAG\n1 / 0\n",
                    "dbt/models/stg_orders.sql": "select nonsense from nowhere\n", "seeds/orders.csv": "id,amount\n1\n"})
        self.git("add", "dags/new.py")
        before = self.look()
        result = self.push()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertTrue(self.remote_has(commit))
        self.assertEqual(self.look(), before)
        self.assertEqual((self.repository / "seeds/orders.csv").read_text(), "id,amount\n1\n")

    def test_a_broken_commit_is_stopped_though_the_working_tree_is_good(self):
        self.write({"dags/helpers/money.py": "def round_down(amount):\n    return int(amount)\n",
                    "dags/orders.py": GOOD_DAG.replace("import helpers.money\n", "from helpers.money import round_up\nimport helpers.money\n")})
        commit = self.commit("Broken")
        self.write(FILES)
        before = self.look()
        result = self.push()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertFalse(self.remote_has(commit))
        self.assertEqual(self.look(), before)
        self.assert_last_words(result, r"push stopped: dags/orders\.py: .*round_up")
        self.assertIn("devbox check %s" % commit[:7], (self.repository / ".devbox/report.html").read_text())
        self.assertEqual(self.push(DEVBOX_SKIP="1").returncode, 0)
        self.assertTrue(self.remote_has(commit))

    def test_a_red_dbt_test_stops_the_push(self):
        self.write({"seeds/orders.csv": "id,amount\n1,10\n1,20\n"})
        self.commit("Twice the same id")
        self.write(FILES)
        result = self.push()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assert_last_words(result, r"push stopped: .*unique_stg_orders_id")

    def test_a_dbt_project_that_does_not_parse_stops_the_push(self):
        self.write({"dbt/models/stg_orders.sql": "select * from {{ ref('nowhere') }}\n"})
        self.commit("Unknown model")
        result = self.push()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assert_last_words(result, r"push stopped: .*nowhere")

    def test_the_second_push_of_the_same_files_is_remembered(self):
        self.assertEqual(self.push().returncode, 0)
        self.git("commit", "-q", "--allow-empty", "-m", "Nothing new")
        started = time.monotonic()
        result = self.push()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertLess(time.monotonic() - started, 2)
        self.assertIn("passed before", result.stderr)

    def test_a_budget_that_is_too_small_is_trouble_and_no_red_test(self):
        self.write({"devbox.yaml": FILES["devbox.yaml"] + "gate: {budget: 1ms}\n"})
        self.commit("In a hurry")
        result = self.push()
        self.assertEqual(result.returncode, 1)
        self.assert_last_words(result, r"could not test: .*budget")
        self.write({"devbox.yaml": FILES["devbox.yaml"] + "gate: {budget: 1ms, on_error: warn}\n"})
        self.commit("Go on")
        self.assertEqual(self.push().returncode, 0)

    def test_ctrl_c_stops_the_push_and_leaves_no_process(self):
        self.write({"dags/slow.py": "import time\nfrom airflow import DAG\ntime.sleep(20)\n"})
        self.commit("Slow")
        child = subprocess.Popen(["git", "push", "-q", "origin", "main"], cwd=self.repository, env=self.environment, text=True,
                                 stderr=subprocess.PIPE, start_new_session=True)
        time.sleep(4)
        os.killpg(child.pid, signal.SIGINT)
        child.communicate(timeout=30)
        time.sleep(3)
        left = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if str(self.folder) in (process / "cmdline").read_text().replace("\0", " ") or os.readlink(process / "cwd").startswith(str(self.folder)):
                    left.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        self.assertEqual(left, [])

    def test_children_see_no_variables_of_git(self):
        self.write({"dags/environment.py": "import os, pathlib\nfrom airflow import DAG\n"
                                           f"pathlib.Path({str(self.folder / 'seen')!r}).write_text(repr(sorted(os.environ)))\n"
                                           "import pendulum\nwith DAG('environment', start_date=pendulum.datetime(2024, 1, 1), schedule=None):\n"
                                           "    pass\n"})
        self.commit("Look around")
        self.git("-c", "user.name=Eve", "push", "-q", "origin", "main")
        seen = (self.folder / "seen").read_text()
        self.assertEqual(re.findall(r"'(?:GIT_\w+|DEVBOX_SKIP)'", seen), [])

    def test_check_gives_json(self):
        result = self.devbox("check", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        envelope = json.loads(result.stdout.strip().splitlines()[-1])
        self.assertEqual(envelope["status"], "ok")


if __name__ == "__main__":
    unittest.main()
