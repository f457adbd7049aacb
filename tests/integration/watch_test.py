"""`devbox watch` and `test dag --watch` on real Airflow: files are saved as an editor saves them, and what that means is told in lines of JSON."""

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import unittest

import support

# All the ways to depend on a file of one's own.
DAG = """
import datetime, glob, importlib, os
from airflow import DAG
from airflow.decorators import task
from helpers.money import cents
from helpers import dates
from company_operators import CompanyOperator
rounding = importlib.import_module("helpers.rounding")
folder = os.path.dirname(__file__)
with open(os.path.join(folder, "conf", "tables.txt")) as file:
    tables = file.read().split()
names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(folder, "listed", "*.json")))
try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator
with DAG("wide", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False, template_searchpath=[folder]):
    @task
    def go():
        return cents(1) + dates.DAY
    go()
    BashOperator(task_id="program", bash_command="sql/load.sh")
"""
OTHER = """
import datetime
from airflow import DAG
from helpers.money import cents
with DAG("other", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):
    pass
"""
FILES = {
    "dags/wide.py": DAG,
    "dags/other.py": OTHER,
    "dags/helpers/__init__.py": "",
    "dags/helpers/money.py": "from .units import FACTOR\ndef cents(x):\n    return x * FACTOR\n",
    "dags/helpers/units.py": "FACTOR = 100\n",
    "dags/helpers/dates.py": "DAY = 1\n",
    "dags/helpers/rounding.py": "DIGITS = 2\n",
    "dags/conf/tables.txt": "a b\n",
    "dags/listed/a.json": "{}\n",
    "dags/sql/load.sh": "echo {{ ds }}\n",
    "plugins/company_operators.py": "class CompanyOperator:\n    pass\n",
}
SECONDS = 60


class Watch:
    """A devbox that watches, and the events that it tells."""

    def __init__(self, checkout, *words):
        self.process = subprocess.Popen([checkout.binary, "--json", *words], cwd=checkout.root, env=checkout.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        **checkout.user)
        self.events = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def round(self):
        """Events up to the one that says that it waits."""
        found = []
        while not found or found[-1].get("event") != "status":
            found.append(self.events.get(timeout=SECONDS))
        return found

    def verdicts(self):
        """{name: state} of one round."""
        return {event["testCase"]["name"]: event["testCase"]["state"] for event in self.round() if event.get("event") == "testCase"}

    def kill(self):
        """After a test that failed."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def end(self):
        """The exit code after Ctrl-C, and the last line."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(20)
        self.reader.join()
        self.process.stdout.close()
        last = None
        while not self.events.empty():
            last = self.events.get()
        return code, last


class Watching:
    version = "2.10.3"

    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout(example=cls.files is None)
        cls.addClassCleanup(cls.checkout.close)
        for name, text in (cls.files or {}).items():
            cls.checkout.write(name, text)
        cls.checkout.configure(cls.version)

    def watch(self, *words):
        watch = Watch(self.checkout, *words)
        self.addCleanup(watch.kill)
        return watch

    def save(self, name, text):
        self.checkout.write(name, text)

    def end(self, watch):
        code, last = watch.end()
        self.assertEqual((code, last["status"], last["error"]), (0, "ok", None))


class DagTests(Watching):
    files = FILES

    def test_a_save_tests_what_depends_on_it(self):
        watch = self.watch("watch")
        first = watch.round()
        self.assertEqual(first[-2]["verdict"]["passed"], 2, first)
        for name, files in {"dags/wide.py": ["wide"], "dags/helpers/money.py": ["other", "wide"], "dags/helpers/units.py": ["other", "wide"],
                            "dags/helpers/dates.py": ["wide"], "dags/helpers/rounding.py": ["wide"], "plugins/company_operators.py": ["wide"],
                            "dags/conf/tables.txt": ["wide"], "dags/sql/load.sh": ["wide"], "dags/listed/b.json": ["wide"]}.items():
            self.save(name, FILES.get(name, "{}"))
            self.assertEqual(watch.verdicts(), {f"dags/{file}.py": "pass" for file in files}, name)
        self.save("dags/notes.md", "nobody reads this")
        self.assertEqual(watch.verdicts(), {})
        self.end(watch)

    def test_a_broken_helper_is_told_at_its_users_until_it_is_mended(self):
        watch = self.watch("watch")
        watch.round()
        self.save("dags/helpers/units.py", "FACTOR = = 1\n")
        self.assertEqual(watch.verdicts(), {"dags/other.py": "fail", "dags/wide.py": "fail"})
        self.save("dags/helpers/units.py", FILES["dags/helpers/units.py"])
        self.assertEqual(watch.verdicts(), {"dags/other.py": "pass", "dags/wide.py": "pass"})
        os.rename(self.checkout.path("dags/helpers/dates.py"), self.checkout.path("dates.py"))
        self.assertEqual(watch.verdicts(), {"dags/wide.py": "fail"})
        os.rename(self.checkout.path("dates.py"), self.checkout.path("dags/helpers/dates.py"))
        self.assertEqual(watch.verdicts(), {"dags/helpers/dates.py": "skip", "dags/wide.py": "pass"})
        self.end(watch)

    def test_an_id_that_another_file_has_is_found_and_a_new_file_is_tested(self):
        watch = self.watch("watch")
        watch.round()
        shutil.copy(self.checkout.path("dags/other.py"), self.checkout.path("dags/zcopy.py"))
        (case, duplicate) = [event["testCase"] for event in watch.round() if event.get("event") == "testCase"]
        self.assertEqual((case["name"], duplicate["name"]), ("dags/zcopy.py", "dags/zcopy.py"))
        self.assertIn("DAG id 'other' is used twice: dags/other.py:5 and dags/zcopy.py:5", duplicate["message"])
        os.unlink(self.checkout.path("dags/zcopy.py"))
        self.assertEqual(watch.verdicts(), {})
        self.end(watch)


class Watch2103(DagTests, unittest.TestCase):
    def test_a_dag_runs_again_after_each_save(self):
        watch = self.watch("test", "dag", "wide", "--task", "go", "--watch")
        self.assertEqual(watch.verdicts(), {"go": "pass"})
        self.save("dags/helpers/dates.py", "DAY = None\n")
        self.assertEqual(watch.verdicts(), {"go": "fail"})
        self.save("dags/helpers/dates.py", FILES["dags/helpers/dates.py"])
        self.assertEqual(watch.verdicts(), {"go": "pass"})
        self.end(watch)

    def test_a_dag_that_nobody_knows_ends_the_watch_at_once(self):
        answer = self.checkout.run("test", "dag", "wid", "--watch")
        answer.check(2)
        self.assertIn("did you mean: devbox test dag wide", answer.err)


class Watch306(DagTests, unittest.TestCase):
    version = "3.0.6"


class WatchDbt(Watching, unittest.TestCase):
    """Models of the example, on a private copy of its sandbox."""

    files = None

    def test_a_saved_model_is_built_with_its_tests_and_no_more(self):
        watch = self.watch("watch")
        watch.round()
        with open(self.checkout.path("dbt/models/staging/stg_customers.sql")) as file:
            model = file.read()
        self.save("dbt/models/staging/stg_customers.sql", model + "\n-- saved\n")
        states = watch.verdicts()
        self.assertEqual((states["stg_customers"], states["unique_stg_customers_customer_id"]), ("pass", "pass"))
        self.assertFalse({"stg_orders", "dim_customers"} & set(states), states)
        self.save("dbt/tests/nobody.sql", "select * from {{ ref('stg_customers') }}\n")
        self.assertEqual(watch.verdicts()["nobody"], "fail")
        with open(self.checkout.path("dbt/models/staging/_staging.yml")) as file:
            properties = file.read()
        self.save("dbt/models/staging/_staging.yml", properties + "\n# a remark\n")
        self.assertEqual(watch.verdicts(), {})
        self.end(watch)


if __name__ == "__main__":
    support.main()
