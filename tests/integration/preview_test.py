"""Airflow 3.3.2, the preview: comes up natively, tests DAGs, runs them."""
import os
import shutil
import unittest

import corpus
import support

# A few of what a release can change, and one that would end a process which imports its neighbours too.
DAGS = ("assets.py", "crashes_at_import.py", "deferring.py", "mapped.py", "missing_connection.py", "missing_variable.py", "setup_teardown.py")


class PreviewTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout("3.3.2")
        cls.addClassCleanup(cls.checkout.close)
        cls.files = {name: file for name, file in corpus.files("3.3.2").items() if name in DAGS}

    def copy_corpus(self):
        for name in DAGS:
            shutil.copy(os.path.join(corpus.FOLDER, name), self.checkout.path("dags"))
            self.addCleanup(os.remove, self.checkout.path("dags/" + name))

    def test_the_platform_comes_up_and_a_triggered_run_succeeds(self):
        self.checkout.run("start", "--no-airbyte", seconds=900).check()
        self.assertEqual(self.checkout.status()["phase"], "healthy")
        airflow = support.Airflow(self.checkout)
        self.assertTrue(airflow.login())
        support.wait_until(lambda: "daily_orders" in airflow.dag_ids(), 60, "daily_orders")
        self.assertEqual(airflow.trigger("daily_orders"), "success")
        self.checkout.run("stop").check()

    def test_dags_are_tested_as_on_other_releases(self):
        self.copy_corpus()
        cases = {case["name"]: case for case in self.checkout.json("test", "dags")["data"]["cases"]}
        for name, file in self.files.items():
            with self.subTest(file=name):
                self.assertEqual(cases["dags/" + name]["state"], file.verdict.split()[0])
        for run in (run for file in self.files.values() for run in file.runs.values()):
            with self.subTest(dag=run.dag_id):
                data = self.checkout.json("test", "dag", run.dag_id)["data"]
                self.assertEqual({case["name"]: case["stateWord"] for case in data["cases"]}, run.tasks)
                self.assertEqual(data["green"], run.state == "success")
                if run.dag_id.startswith("missing_"):
                    self.assertIn("devbox.yaml", data["cases"][0]["hint"])

    def test_containers_are_refused(self):
        self.checkout.configure("3.3.2", extra="runtime: docker\n")
        self.addCleanup(self.checkout.configure, "3.3.2")
        answer = self.checkout.run("start", "--no-airbyte").check(4)
        self.assertIn("3.3.2", answer.err)


support.main()
