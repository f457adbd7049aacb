"""`devbox test dags --changed` and `test --changed` with real git and Airflow: what a change of each kind of file tests."""
import glob
import json
import os
import time
import unittest

import support

DAG = """
import datetime
from airflow import DAG
%s
with DAG("%s", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):
    pass
"""
FILES = {
    "dags/alone.py": DAG % ("", "alone"),
    "dags/orders.py": DAG % ("from helpers.money import cents", "orders"),
    "dags/report.py": DAG % ("import os\nopen(os.path.join(os.path.dirname(__file__), '..', 'config', 'report.txt')).read()", "report"),
    "dags/helpers/__init__.py": "",
    "dags/helpers/money.py": "from .units import FACTOR\ndef cents(x):\n    return x * FACTOR\n",
    "dags/helpers/units.py": "FACTOR = 100\n",
    "config/report.txt": "daily\n",
    "plugins/words.py": "WORD = 1\n",
    ".gitignore": ".devbox\n",
}
ALL = {"dags/%s.py" % name for name in ("alone", "orders", "report")}


class Changed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout(example=False)
        cls.addClassCleanup(cls.checkout.close)
        for name, text in FILES.items():
            cls.checkout.write(name, text)
        cls.checkout.configure("2.10.3", "gate: {run_dags: [alone, orders]}\n")
        cls.checkout.git("init", "-q", "-b", "main")
        cls.checkout.git("add", "-A")
        cls.checkout.git("commit", "-qm", "platform")

    def setUp(self):
        """All files as they were long ago, and checked since."""
        self.checkout.git("checkout", "-qf", "main", "--", ".")
        self.checkout.git("clean", "-qfd")
        long_ago = time.time() - 1000
        for path in glob.glob(self.checkout.path("**"), recursive=True):
            os.utime(path, (long_ago, long_ago))
        self.checkout.run("test", "dags").check()

    def tearDown(self):
        self.assertEqual([], glob.glob(self.checkout.path("**/__pycache__"), recursive=True))

    def write(self, *files):
        for name, text in files:
            if text is None:
                os.unlink(self.checkout.path(name))
            else:
                self.checkout.write(name, text)

    def ask(self, *words):
        """(exit code, names that were tested, title)"""
        answer = self.checkout.run("--json", *words)
        data = json.loads(answer.out.splitlines()[-1])["data"]
        self.assertIsNotNone(data, answer.out + answer.err)
        return answer.code, {case["name"] for case in data["cases"] if case["state"] != "skip"}, data["title"]

    def changed(self, *files, base=None):
        """The same after these files got a text; None removes one."""
        self.write(*files)
        return self.ask("test", "dags", "--changed" + ("=" + base if base else ""))

    def test_nothing_changed_is_said_and_green(self):
        answer = self.checkout.run("test", "dags", "--changed").check()
        self.assertIn("nothing that DAG files use changed since main (", answer.out)
        self.assertEqual((0, set()), self.changed(("README.md", "words"))[:2])

    def test_a_change_tests_the_dag_files_that_use_it(self):
        for name, expected in {"dags/alone.py": "alone", "dags/helpers/money.py": "orders", "dags/helpers/units.py": "orders", "config/report.txt": "report"}.items():
            with self.subTest(name):
                code, names, title = self.changed((name, FILES[name] + "\n"))
                self.assertEqual((0, {"dags/%s.py" % expected}), (code, names))
                self.assertIn("1 DAG file is affected", title)
                self.setUp()

    def test_a_broken_helper_is_red_at_its_users(self):
        code, names, _ = self.changed(("dags/helpers/units.py", "FACTOR = = 1\n"))
        self.assertEqual((1, {"dags/orders.py"}), (code, names))
        self.assertEqual((1, {"dags/orders.py"}), self.changed()[:2])

    def test_what_a_file_began_to_use_is_known_from_its_test(self):
        self.assertEqual({"dags/alone.py"}, self.changed(("dags/alone.py", FILES["dags/alone.py"] + "import helpers.units\n"))[1])
        self.checkout.git("commit", "-qam", "use units")
        self.addCleanup(self.checkout.git, "reset", "-q", "--hard", "HEAD~1")
        self.assertEqual(ALL - {"dags/report.py"}, self.changed(("dags/helpers/units.py", "FACTOR = 10\n"))[1])

    def test_what_changed_without_a_test_is_tested_though_git_names_another_file(self):
        """A helper begins to use another one, as by a pull; then only the other one differs."""
        self.write(("dags/alone.py", FILES["dags/alone.py"] + "import helpers.units\n"))
        self.checkout.git("commit", "-qam", "use units")
        self.addCleanup(self.checkout.git, "reset", "-q", "--hard", "HEAD~1")
        self.assertEqual(ALL - {"dags/report.py"}, self.changed(("dags/helpers/units.py", "FACTOR = 10\n"))[1])

    def test_deleted_files_do_not_fail(self):
        self.assertEqual((0, set()), self.changed(("dags/alone.py", None))[:2])
        self.assertEqual((1, {"dags/orders.py"}), self.changed(("dags/helpers/money.py", None))[:2])

    def test_new_files_are_tested_and_their_ids_compared_with_all(self):
        code, names, _ = self.changed(("dags/new.py", DAG % ("", "new")))
        self.assertEqual((0, {"dags/new.py"}), (code, names))
        code, _, _ = self.changed(("dags/new.py", DAG % ("", "alone")))
        self.assertEqual(1, code)

    def test_what_concerns_all_tests_all(self):
        for name in ("plugins/words.py", "devbox.yaml", "requirements.txt", "dags/.airflowignore"):
            with self.subTest(name):
                with open(self.checkout.path(name), "a") as file:
                    file.write("# more\n")
                code, names, title = self.changed()
                self.assertEqual((0, ALL), (code, names))
                self.assertIn("%s changed, so all DAG files are tested" % name, title)
                self.setUp()
        os.unlink(self.checkout.path(".devbox/dag_uses.json"))
        code, names, title = self.changed(("dags/alone.py", FILES["dags/alone.py"] + "\n"))
        self.assertEqual((0, ALL), (code, names))
        self.assertIn("which files each DAG file uses is not known yet, so all DAG files are tested", title)

    def test_the_first_red_file_can_be_the_last(self):
        self.write(("dags/helpers/units.py", "FACTOR = = 1\n"), ("dags/other.py", FILES["dags/orders.py"].replace("orders", "other")))
        answer = self.checkout.run("test", "dags", "--changed", "--fail-fast")
        self.assertEqual(1, answer.code)
        self.assertIn("1 more DAG file was not tested: --fail-fast stops after the first red one", answer.err + answer.out)
        self.assertEqual((1, {"dags/orders.py", "dags/other.py"}), self.changed()[:2])

    def test_a_branch_is_compared_with_where_it_left(self):
        self.checkout.git("checkout", "-q", "-b", "topic")
        self.addCleanup(self.checkout.git, "branch", "-qD", "topic")
        self.addCleanup(self.checkout.git, "checkout", "-qf", "main")
        self.write(("dags/alone.py", FILES["dags/alone.py"] + "\n"))
        self.checkout.git("commit", "-qam", "alone")
        self.assertEqual({"dags/alone.py"}, self.changed()[1])
        self.assertEqual(set(), self.changed(base="HEAD")[1])
        answer = self.checkout.run("test", "dags", "--changed=nowhere")
        self.assertEqual(6, answer.code, answer.err)
        self.assertIn("there is no commit 'nowhere'", answer.err)

    def test_everything_that_changed_runs_the_dags_of_affected_files(self):
        self.assertIn("nothing that DAG files use changed since main (", self.checkout.run("test", "--changed").check().out)
        self.write(("dags/helpers/units.py", "FACTOR = 10\n"))
        answer = self.checkout.run("test", "--changed").check()
        self.assertIn("1 DAG file is affected", answer.err + answer.out)
        self.assertIn("✓ orders ", answer.err + answer.out)
        self.assertNotIn("alone", answer.err + answer.out)


class NoRepository(unittest.TestCase):
    def test_a_checkout_outside_git_says_so(self):
        checkout = support.Checkout(example=False, dags={"a.py": DAG % ("", "a")})
        self.addCleanup(checkout.close)
        for words in (["test", "dags"], ["test"]):
            answer = checkout.run(*words, "--changed")
            self.assertIn("is not inside a git repository", answer.err)
            self.assertNotEqual(0, answer.code)


if __name__ == "__main__":
    support.main()
