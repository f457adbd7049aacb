"""The Airflow host (src/workers/airflow_host.py) against real Airflow.

Runs in the environments of the test cache, or in those that DEVBOX_TEST_VENV_2_10_3 and DEVBOX_TEST_VENV_3_0_6 name.
"""

import base64
import json
import os
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import corpus
import support

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOST = os.path.join(ROOT, "src", "workers", "airflow_host.py")
CORPUS = corpus.FOLDER
READ_PROFILE = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)"
KEPT_VARIABLES = ("HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")

class AirflowCase:
    """The setting of a test class: one Airflow version: a profile, an environment, a metadata template."""

    version = None

    @classmethod
    def setUpClass(cls):
        name = "DEVBOX_TEST_VENV_" + cls.version.replace(".", "_")
        cls.venv = os.environ.get(name) or support.find_venv("airflow-" + cls.version)
        if not cls.venv:
            raise AssertionError(f"no environment of Airflow {cls.version}: run environments_test.py first, or set {name}")
        cls.python = os.path.join(cls.venv, "bin", "python")
        cls.folder = os.path.realpath(tempfile.mkdtemp(prefix="devbox-host-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        profile = os.path.join(ROOT, "compose", "profiles", cls.version, "profile.yaml")
        cls.profile = json.loads(subprocess.run([cls.python, "-c", READ_PROFILE, profile], check=True, capture_output=True).stdout)
        cls.port = free_port()
        cls.template = os.path.join(cls.folder, "template.db")
        for argv in cls.profile["template"]:
            airflow = [os.path.join(cls.venv, "bin", "airflow"), *(cls.fill(word) for word in argv)]
            subprocess.run(airflow, env=cls.environment(cls.template), check=True, capture_output=True)
        with sqlite3.connect(cls.template) as database:
            for statement in cls.profile["template_sql"]:
                database.execute(statement)

    @classmethod
    def fill(cls, text, database="", dags=CORPUS):
        home = os.path.join(cls.folder, "home")
        values = {
            "port": str(cls.port),
            "airflow_home": home,
            "dags": dags,
            "plugins": os.path.join(cls.folder, "plugins"),
            "database": database,
            "fernet_key": base64.urlsafe_b64encode(b"k" * 32).decode(),
            "secret_key": "s" * 32,
            "jwt_secret": "j" * 32,
            "venv": cls.venv,
            "password": "admin",
        }
        return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)

    @classmethod
    def environment(cls, database, dags=CORPUS):
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environment["PATH"] = os.path.join(cls.venv, "bin") + os.pathsep + os.environ["PATH"]
        for name, value in (cls.profile["env"] | cls.profile["fixed_env"]).items():
            environment[name] = cls.fill(value, database, dags)
        return environment


class ColdRequestTests(AirflowCase):
    """Each boots an Airflow of its own: one of each kind of question and of end."""

    mode = "cold"

    def command(self):
        return [self.python, HOST, "request"]

    def ask(self, op, timeout_ms=30000, **fields):
        work = tempfile.mkdtemp(dir=self.folder)
        self.logs = fields.setdefault("log_dir", os.path.join(work, "logs"))
        request = {"protocol": 1, "op": op, "dags_folder": CORPUS, "timeout_ms": timeout_ms, "work_dir": work, "template": self.template}
        line = json.dumps({**request, **fields}) + "\n"
        environment = self.environment("/nonexistent/airflow.db")
        done = subprocess.run(self.command(), input=line.encode(), env=environment, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        host, *events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual((host["event"], host["mode"]), ("host", self.mode))
        self.assertEqual(events[-1]["event"], "done")
        return events

    def run_dag(self, dag_id, **fields):
        events = self.ask("test_dag", dag_id=dag_id, **fields)
        tasks = {(event["task_id"], event["map_index"]): event for event in events if event["event"] == "task"}
        return events[-1], tasks

    def states(self, tasks):
        return {(task_id if index < 0 else f"{task_id}.{index}"): task["state"] for (task_id, index), task in tasks.items()}

    def test_checking_says_what_is_wrong_with_each_file(self):
        events = self.ask("check_dags", timeout_ms=3000)
        self.assertEqual(events[-1]["state"], "success")
        found = {os.path.relpath(event["file"], CORPUS): event for event in events[:-1]}
        files = {name: file for name, file in corpus.files(self.version).items() if file.verdict != "ignored"}
        self.assertEqual(sorted(found), sorted(files))
        for name, file in files.items():
            with self.subTest(file=name):
                event = found[name]
                kind = f"fail {event['error']['type']}" if event["error"] else f"skip {event['skipped']}" if event["skipped"] else "pass"
                # An id that two files share is devbox's to find.
                self.assertTrue(file.accepts(kind) or " used twice" in file.verdict, kind)
        reason = "bucket_of_nobody" if self.version.startswith("2") else "inside a running task"
        self.assertIn(reason, found["toplevel_variable.py"]["error"]["message"])
        self.assertEqual(found["taskflow_ok.py"]["dags"], [{"dag_id": "taskflow_ok", "line": 16, "tasks": 2, "tags": ["smoke"]}])
        self.assertEqual(found["import_error.py"]["error"]["frames"][-1]["line"], 5)
        self.assertEqual([frame["line"] for frame in found["duplicate_id.py"]["error"]["frames"]], [15, 23])
        self.assertIn("the old extract goes away", found["warns.py"]["warnings"][0]["message"])

    def test_values_are_handed_on_and_reported(self):
        done, tasks = self.run_dag("taskflow_ok")
        self.assertEqual(done["state"], "success")
        self.assertEqual(tasks["load", -1]["xcom"], [{"key": "return_value", "value": 6}])
        with open(tasks["extract", -1]["log"], encoding="utf-8") as log:
            self.assertIn("extracting three rows", log.read())

    def test_a_failure_names_the_users_line_and_is_not_retried(self):
        done, tasks = self.run_dag("failing")
        self.assertEqual(done["state"], "failed")
        self.assertEqual(self.states(tasks), {"extract": "success", "check_totals": "failed", "publish": "upstream_failed"})
        error = tasks["check_totals", -1]["error"]
        self.assertEqual((error["type"], error["message"]), ("AssertionError", "empty day: 0"))
        own = [frame for frame in error["frames"] if frame["file"].startswith(CORPUS)]
        self.assertEqual((own[-1]["line"], own[-1]["function"]), (27, "check_totals"))

    def test_connections_and_variables_of_the_live_database_are_there(self):
        live = os.path.join(self.folder, "live 5%3f?#.db")
        shutil.copyfile(self.template, live)
        with sqlite3.connect(live) as database:
            columns = "conn_id, conn_type, host, is_encrypted, is_extra_encrypted"
            database.execute(f"INSERT INTO connection ({columns}) VALUES ('warehouse_of_nobody', 'http', 'example.test', 0, 0)")
        done, tasks = self.run_dag("missing_connection", live=live)
        self.assertEqual(tasks["connect", -1]["xcom"][0]["value"], "example.test")
        done, tasks = self.run_dag("missing_connection")
        self.assertEqual(tasks["connect", -1]["error"]["type"], "AirflowNotFoundException")

    def test_a_task_that_ends_its_process_is_a_failure(self):
        done, tasks = self.run_dag("exits_politely")
        self.assertEqual((done["state"], tasks["leave", -1]["error"]["type"]), ("failed", "SystemExit"))
        done, tasks = self.run_dag("exits_at_once")
        self.assertEqual((done["state"], tasks["vanish", -1]["error"]["type"]), ("failed", "ProcessExit"))

    def test_a_timeout_names_the_task_and_the_line(self):
        done, tasks = self.run_dag("slow_task", timeout_ms=8000)
        self.assertEqual((done["state"], done["task"]), ("timeout", "crawl"))
        error = tasks["crawl", -1]["error"]
        self.assertEqual(error["type"], "Timeout")
        self.assertIn("time.sleep(120 * number)", [frame["source"] for frame in error["frames"]])

    def test_a_lone_task_gets_what_the_others_left(self):
        logs = tempfile.mkdtemp(dir=self.folder)
        self.run_dag("mapped", log_dir=logs)
        done, tasks = self.run_dag("mapped", log_dir=logs, task="total")
        self.assertEqual((self.states(tasks), tasks["total", -1]["xcom"][0]["value"]), ({"total": "success"}, 14))
        done, _ = self.run_dag("mapped", log_dir=logs, task="nobody")
        self.assertEqual((done["state"], done["tasks"]), ("unknown_task", ["square", "total"]))

    def test_no_worker_hides_a_package(self):
        names = [name[:-3] for name in os.listdir(os.path.dirname(HOST)) if name.endswith(".py")]
        program = "import importlib.util, sys; print([name for name in sys.argv[1:] if importlib.util.find_spec(name)])"
        done = subprocess.run([self.python, "-I", "-c", program, *names], check=True, capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), "[]")

    def test_the_checkout_stays_clean(self):
        self.run_dag("uses_helper")
        self.assertEqual(sorted(name for _, folders, _ in os.walk(CORPUS) for name in folders), ["helpers", "queries"])


class RequestTests(ColdRequestTests):
    """All of them. warm_test.py asks them of warm processes, which answer with the same code."""

    def test_the_first_red_file_can_be_the_last(self):
        """Whatever makes it red: an error, the end of its process, a hang; and many processes end as well as one."""
        for names, timeout_ms in ((["import_error.py"], 30000), (["process_exit.py"], 30000), (["hangs.py"], 1000), (["import_error.py"] * 60, 30000)):
            folder = tempfile.mkdtemp(dir=self.folder)
            texts = {"import_error.py": "raise KeyError('dag airflow')", "process_exit.py": "import os  # dag airflow\nos._exit(3)",
                     "hangs.py": "import time  # dag airflow\ntime.sleep(60)"}
            files = []
            for number, name in enumerate(names + ["good.py"] * 2):
                files.append(os.path.join(folder, f"{number:03}_{name}"))
                with open(files[-1], "w", encoding="utf-8") as file:
                    file.write(texts.get(name, "# dag airflow"))
            for fail_fast in (True, False):
                with self.subTest(names=names[0], count=len(names), fail_fast=fail_fast):
                    events = self.ask("check_dags", timeout_ms=timeout_ms, dags_folder=folder, files=files, fail_fast=fail_fast)
                    reds = [event for event in events[:-1] if event["error"]]
                    self.assertEqual(len(reds), 1 if fail_fast else len(names))
                    self.assertEqual(len(events) - 1 + events[-1]["left"], len(files))
                    self.assertEqual(events[-1]["left"] > 0, fail_fast)

    def test_checking_answers_for_files_that_airflow_does_not_see(self):
        names = ["ignored_by_airflow.py", "nowhere.py", "taskflow_ok.py"]
        events = self.ask("check_dags", files=[os.path.join(CORPUS, name) for name in names])
        self.assertEqual([event["skipped"] for event in events[:-1]], ["airflowignore", "missing", None])

    def test_the_log_of_a_task_holds_each_record_once(self):
        done, tasks = self.run_dag("operator_fails")
        load = tasks["load", -1]
        self.assertEqual((done["state"], load["error"]["type"]), ("failed", "AirflowException"))
        self.assertFalse([frame for frame in load["error"]["frames"] if frame["file"].startswith(CORPUS)])
        with open(load["log"], encoding="utf-8") as file:
            lines = file.read().splitlines()
        for text in ("INFO - first", "INFO - second"):
            self.assertEqual(len([line for line in lines if line.endswith(text)]), 1, text)

    def test_mapped_tasks_are_told_apart(self):
        done, tasks = self.run_dag("mapped")
        self.assertEqual(tasks["total", -1]["xcom"][0]["value"], 14)
        done, tasks = self.run_dag("mapped_failing")
        self.assertEqual((done["state"], self.states(tasks)), ("failed", {"invert.0": "success", "invert.1": "failed"}))

    def test_the_branch_not_taken_is_skipped(self):
        done, tasks = self.run_dag("branching")
        self.assertEqual((done["state"], self.states(tasks)), ("success", {"choose": "success", "left": "success", "right": "skipped"}))

    def test_a_deferred_task_is_resumed(self):
        done, tasks = self.run_dag("deferring")
        self.assertEqual((done["state"], self.states(tasks)), ("success", {"wait": "success", "after": "success"}))

    def test_the_logical_date_is_the_one_asked_for(self):
        done, tasks = self.run_dag("classic_ok", logical_date="2024-05-06T00:00:00+00:00")
        self.assertEqual(tasks["first", -1]["xcom"][0]["value"], "day 2024-05-06")

    def test_an_unknown_dag_is_answered_with_those_there_are(self):
        done, _ = self.run_dag("nobody", dags_folder=os.path.join(CORPUS, "helpers"))
        self.assertEqual((done["state"], done["dags"]), ("unknown_dag", []))

    def test_a_file_that_does_not_import_is_the_answer_for_its_dag(self):
        done, _ = self.run_dag("toplevel_variable")
        self.assertEqual((done["state"], os.path.basename(done["file"])), ("import_error", "toplevel_variable.py"))
        done, _ = self.run_dag("anything", file=os.path.join(CORPUS, "crashes_at_import.py"))
        self.assertEqual((done["state"], done["error"]["type"]), ("import_error", "ProcessExit"))

    def test_a_debugger_that_is_not_there_is_named_and_nothing_runs(self):
        done, tasks = self.run_dag("mapped", debug={"kind": "debugpy", "packages": "/nonexistent/debugpy"})
        self.assertEqual((done["state"], tasks), ("no_debugger", {}))
        self.assertIn("debugpy cannot be imported from /nonexistent/debugpy", done["message"])


class ComponentTests(AirflowCase):
    """From start to end once: the parts of it build on one another."""

    def test_components_serve_edits_and_end_with_their_host(self):
        self.dags = os.path.join(self.folder, "dags")
        home = os.path.join(self.folder, "home")
        os.makedirs(self.dags)
        os.makedirs(home, exist_ok=True)
        self.database = os.path.join(home, "airflow.db")
        shutil.copyfile(self.template, self.database)
        if self.profile["login"]["kind"] == "passwords_file":
            with open(self.fill(self.profile["login"]["file"]), "w", encoding="utf-8") as file:
                json.dump({"admin": "admin"}, file)
        host = subprocess.Popen(
            [self.python, HOST, "components"],
            env=self.environment(self.database, self.dags),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.addCleanup(self.end, host)
        ready = self.event(host)
        self.assertEqual((ready["event"], ready["airflow"], ready["threads"]), ("ready", self.version, 1))
        pids = [self.start(host, service) for service in self.profile["services"]]
        self.wait_for("healthy components", self.is_healthy)
        self.check_empty_folder(pids)
        self.wait_for("the DAG", lambda: self.has_dag("taskflow_ok"))
        self.check_login()
        self.check_edits()
        self.check_exit_is_reported(host, pids[-1])
        host.kill()
        host.wait()
        self.wait_for("the components' end", lambda: not any(is_alive(pid) for pid in pids))

    def end(self, host):
        host.kill()
        host.wait()
        host.stdin.close()
        host.stdout.close()

    def event(self, host, timeout_s=60):
        ready, _, _ = select.select([host.stdout], [], [], timeout_s)
        self.assertTrue(ready, "the host sent no event")
        return json.loads(host.stdout.readline())

    def start(self, host, service):
        log = os.path.join(self.folder, service["name"] + ".log")
        command = {"op": "start", "service": service["name"], "argv": service["argv"], "log": log}
        host.stdin.write(json.dumps(command).encode() + b"\n")
        host.stdin.flush()
        event = self.event(host)
        self.assertEqual((event["event"], event["service"]), ("started", service["name"]))
        return event["pid"]

    def wait_for(self, what, condition, timeout_s=60):
        support.wait_within(condition, timeout_s, what)

    def rest(self, path, data=None, headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers or {})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def is_healthy(self):
        try:
            health = self.rest(self.profile["health"]["path"])
        except OSError:
            return False
        return all((health.get(name) or {}).get("status") == "healthy" for name in self.profile["health"]["components"])

    def credentials(self, password="admin"):
        if self.profile["api"] == "v1":
            return {"Authorization": "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()}
        body = json.dumps({"username": "admin", "password": password}).encode()
        token = self.rest("/auth/token", body, {"Content-Type": "application/json"})["access_token"]
        return {"Authorization": "Bearer " + token}

    def dags_now(self):
        return self.rest(f"/api/{self.profile['api']}/dags?limit=100", headers=self.credentials())["dags"]

    def has_dag(self, dag_id):
        return dag_id in [dag["dag_id"] for dag in self.dags_now()]

    def check_empty_folder(self, pids):
        """The first file comes to components that have seen a folder without any."""
        time.sleep(1.0)
        self.assertTrue(all(is_alive(pid) for pid in pids), "a component ended on an empty DAG folder")
        shutil.copy(os.path.join(CORPUS, "taskflow_ok.py"), self.dags)
        self.request_parse("changed", "taskflow_ok.py")

    def check_login(self):
        self.assertTrue(self.dags_now())
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.rest(f"/api/{self.profile['api']}/dags", headers=self.credentials("wrong"))
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()

    def check_edits(self):
        """A new, a changed and a deleted file are each visible within 3 s of the request to parse."""
        with open(os.path.join(CORPUS, "taskflow_ok.py"), encoding="utf-8") as file:
            text = file.read()
        path = os.path.join(self.dags, "fresh.py")
        for new_id in ("fresh", "fresher"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("taskflow_ok", new_id))
            self.request_parse("changed", "fresh.py")
            self.wait_for(new_id, lambda wanted=new_id: self.has_dag(wanted), 3)
        os.unlink(path)
        self.request_parse("removed", "fresh.py")
        self.wait_for("the deletion", lambda: not self.has_dag("fresher"), 3)

    def request_parse(self, what, relative):
        values = {"dags": self.dags, "relative": relative, "fileloc": os.path.join(self.dags, relative)}
        with sqlite3.connect(self.database) as database:
            for statement in self.profile["priority_parse"][what]:
                database.execute(statement, values)
        database.close()

    def check_exit_is_reported(self, host, pid):
        os.kill(pid, signal.SIGKILL)
        event = self.event(host)
        self.assertEqual((event["event"], event["pid"], event["exit_code"], event["signal"]), ("exited", pid, None, signal.SIGKILL))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_alive(pid):
    """A process that has ended but was not waited for yet does not count."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Requests2103(ColdRequestTests, unittest.TestCase):
    version = "2.10.3"


class Requests306(ColdRequestTests, unittest.TestCase):
    version = "3.0.6"


class Components2103(ComponentTests, unittest.TestCase):
    version = "2.10.3"


class Components306(ComponentTests, unittest.TestCase):
    version = "3.0.6"


if __name__ == "__main__":
    unittest.main()
