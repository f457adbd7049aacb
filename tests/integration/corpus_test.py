# needs: no platform
"""Every DAG file of the corpus: what devbox says of it is what stands in the file, and what Airflow's own cold commands say.

`devbox test dag` and `airflow dags test` run each DAG on every version.
"""
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import corpus
import support

IMPORT_LIMIT_S = 5
DATE = "2024-03-05"
# What devbox finds before a run does; Airflow imports such files without a word.
ONLY_DEVBOX = ("DuplicateDagId", "TemplateSyntaxError", "TemplateNotFound")
SETTINGS = '  env: {AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT: "%d"}\n' % IMPORT_LIMIT_S


def cases_by_name(envelope):
    return {case["name"]: case for case in envelope["data"]["cases"]}


class ColdAirflow:
    """Airflow's own command line, each time with a new home, a new database and only the files that it is to see."""

    def __init__(self, checkout, version):
        self._venv = support.find_venv("airflow-" + version)
        self._variables = checkout.json("env", "--reveal")["data"]["variables"]
        self._home = os.path.join(checkout.home, "cold")
        self._database = os.path.join(self._home, "airflow.db")
        os.makedirs(self._home)
        self._process = subprocess.Popen([self._venv + "/bin/python", os.path.join(support.ROOT, "tests/integration/cold_airflow.py")],
                                         cwd=self._home, env=self._environment(self._home),
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._turn = threading.Lock()
        if self._run(self._home, "db", "migrate") != 0:
            raise AssertionError("airflow db migrate: " + self._read(self._home, "err.txt"))

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _environment(self, home):
        kept = {name: value for name, value in self._variables.items() if not name.startswith(("AIRFLOW", "DEVBOX"))}
        return {
            **kept,
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__DAGS_FOLDER": os.path.join(home, "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": corpus.PLUGINS,
            # Airflow's processor and scheduler add it themselves, the command line of 3.0 does not.
            "PYTHONPATH": os.path.join(home, "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(IMPORT_LIMIT_S),
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///%s/airflow.db" % home,
        }

    def _run(self, home, *words):
        """The exit code; what it printed is in the home's out.txt and err.txt."""
        request = {"argv": words, "home": home, "variables": self._environment(home)}
        with self._turn:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            code = self._process.stdout.readline()
        if not code:
            raise AssertionError("cold_airflow.py ended at: airflow " + " ".join(words))
        return int(code)

    def _read(self, home, name):
        with open(os.path.join(home, name)) as file:
            return file.read()

    def _new_home(self, names):
        home = tempfile.mkdtemp(dir=self._home)
        for name in names:
            target = os.path.join(home, "dags", name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(corpus.FOLDER, name), target)
        shutil.copytree(os.path.join(corpus.FOLDER, "helpers"), os.path.join(home, "dags/helpers"), dirs_exist_ok=True)
        shutil.copytree(os.path.join(corpus.FOLDER, "queries"), os.path.join(home, "dags/queries"))
        shutil.copy(self._database, home)
        return home

    def list_import_errors(self, names):
        """The files that Airflow cannot import, of these."""
        home = self._new_home(names)
        local = [] if self._has_dag_subdir() else ["--local"]
        self._run(home, "dags", "list-import-errors", *local, "--output", "json")
        printed = self._read(home, "out.txt")
        start = printed.find('[{"')  # behind what Airflow 3 logs there
        found = json.JSONDecoder().raw_decode(printed[start:])[0] if start >= 0 else []
        return sorted(os.path.relpath(error["filepath"], os.path.join(home, "dags")) for error in found)

    def _has_dag_subdir(self):
        return "airflow-2" in self._venv

    def test_dag(self, name, run):
        """The state of the run and of its tasks, as the metadata database has them afterwards."""
        home = self._new_home([name])
        conf = ["--conf", run.options[run.options.index("--conf") + 1]] if "--conf" in run.options else []
        self._run(home, "dags", "test", *conf, run.dag_id, DATE)
        with closing(sqlite3.connect(os.path.join(home, "airflow.db"))) as database:
            states = database.execute("SELECT state FROM dag_run WHERE dag_id = ?", (run.dag_id,)).fetchall()
            rows = database.execute("SELECT task_id, map_index, state FROM task_instance WHERE dag_id = ?", (run.dag_id,)).fetchall()
        if len(states) != 1:
            raise AssertionError("%s: no run\n%s" % (run.dag_id, self._read(home, "err.txt")[-2000:]))
        return states[0][0], {task if index < 0 else "%s[%d]" % (task, index): state for task, index, state in rows}


class CorpusCase:
    version = None

    @classmethod
    def setUpClass(cls):
        cls.files = corpus.files(cls.version)
        cls.checkout = support.Checkout(example=False)
        cls.addClassCleanup(cls.checkout.close)
        cls.checkout.configure(cls.version, SETTINGS)
        shutil.copytree(corpus.FOLDER, cls.checkout.path("dags"), dirs_exist_ok=True)
        shutil.copytree(corpus.PLUGINS, cls.checkout.path("plugins"))
        cls.cold = ColdAirflow(cls.checkout, cls.version)
        cls.addClassCleanup(cls.cold.close)

    def test_files_are_judged_as_they_say(self):
        envelope = self.checkout.json("test", "dags")
        cases = cases_by_name(envelope)
        for name, file in self.files.items():
            with self.subTest(file=name):
                if file.verdict == "ignored":
                    self.assertNotIn("dags/" + name, cases)
                else:
                    case = cases["dags/" + name]
                    reason = {"fail": case.get("message", "").partition(":")[0], "skip": "safe_mode", "pass": ""}[case["state"]]
                    self.assertTrue(file.accepts((case["state"] + " " + reason).strip()), case)
                for words in file.found:
                    findings = [found["message"] for found in envelope["findings"] if found.get("file") == "dags/" + name]
                    self.assertTrue([message for message in findings if words in message], findings)

    def test_airflow_itself_cannot_import_the_same_files(self):
        asked = {name: file for name, file in self.files.items() if not file.why_not_cold and file.verdict != "ignored"}
        expected = [name for name, file in asked.items() if file.verdict.startswith("fail") and not file.verdict.endswith(ONLY_DEVBOX)]
        self.assertEqual(self.cold.list_import_errors(asked), expected)

    def test_runs_end_as_they_say_and_as_in_airflow_itself(self):
        runs = [(name, file, run) for name, file in self.files.items() for run in file.runs.values()]
        asked = [entry for entry in runs if not entry[1].why_not_cold]
        with ThreadPoolExecutor(2) as pool:
            warm = {run.dag_id: pool.submit(self.run_dag, run) for _, _, run in runs}
            colder = {run.dag_id: pool.submit(self.cold.test_dag, name, run) for name, _, run in asked}
        for _, _, run in runs:
            with self.subTest(dag=run.dag_id):
                self.assertEqual(warm[run.dag_id].result(), (run.state, run.tasks))
                if run.dag_id in colder:
                    self.assertEqual(colder[run.dag_id].result(), (run.state, run.tasks), "cold")

    def run_dag(self, run):
        answer = self.checkout.run("--json", "test", "dag", run.dag_id, "--date", DATE, *run.options)
        envelope = json.loads(answer.out.splitlines()[-1])
        if not envelope["data"]:
            return envelope["error"], {}
        cases = envelope["data"]["cases"]
        if run.why and not any(run.why in case.get("message", "") for case in cases):
            return "no message says: %s" % run.why, {case["name"]: case.get("message") for case in cases}
        return "success" if answer.code == 0 else "failed", {case["name"]: case.get("stateWord") for case in cases}


class Corpus2_10_3(CorpusCase, unittest.TestCase):
    version = "2.10.3"


class Corpus2_11_2(CorpusCase, unittest.TestCase):
    version = "2.11.2"


class Corpus3_0_6(CorpusCase, unittest.TestCase):
    version = "3.0.6"


if __name__ == "__main__":
    unittest.main()
