"""The platform as a user lives with it, on both majors of Airflow: start, look, save DAGs, trigger, stop."""
import json
import os
import sqlite3
import time
import unittest
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import support

NEW_DAG = '''
import datetime
try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.operators.bash import BashOperator
with DAG("saved_now", start_date=datetime.datetime(2024, 1, 1), schedule=%s, catchup=True, tags=["%s"]):
    BashOperator(task_id="only", bash_command="echo one")
'''
SETTINGS = '''  unpause: [customer_report]
  variables: {region: "eu-west-1 (local)"}
  connections: {warehouse: "postgres://reader@localhost:5432/shop"}
  pools: {narrow: 2}
'''


class Platform:
    """One start serves all tests of a version: they look at the same running platform."""

    version = None

    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout()
        cls.addClassCleanup(cls.checkout.close)
        cls.checkout.configure(cls.version, SETTINGS)
        cls.started = cls.checkout.run("start").check()
        cls.airflow = support.Airflow(cls.checkout)
        expected = {"airbyte_sync", "daily_orders", "customer_report", "dbt_build"}
        support.wait_until(lambda: expected <= cls.airflow.dag_ids(), 30, "the starter's DAGs")
        cls.paused_at_first = cls.airflow.api("GET", "/dags/daily_orders")[1]["is_paused"]

    def test_start_says_where_airflow_is(self):
        self.assertIn("http://localhost:%d  admin / admin" % self.checkout.port, self.started.out)
        for step in ("checks", "sandbox", "airflow", "dbt"):
            self.assertIn(step, self.started.err)

    def test_only_the_right_password_opens_the_api(self):
        self.assertTrue(self.airflow.login("admin"))
        self.assertFalse(support.Airflow(self.checkout).login("wrong"))

    def test_the_login_page_takes_admin_admin(self):
        self.assertTrue(self.log_in_to_the_page("admin"))
        self.assertFalse(self.log_in_to_the_page("wrong"))

    def test_dags_stay_paused_unless_named(self):
        self.assertTrue(self.paused_at_first)
        support.wait_until(lambda: not self.airflow.api("GET", "/dags/customer_report")[1]["is_paused"], 15, "airflow.unpause")

    def test_a_saved_dag_is_there_in_seconds_and_a_deleted_one_gone(self):
        path = self.checkout.path("dags/saved_now.py")
        self.checkout.write("dags/saved_now.py", NEW_DAG % ("None", "first"))
        support.wait_within(lambda: "saved_now" in self.airflow.dag_ids(), 15, "the new DAG")
        self.checkout.write("dags/saved_now.py", NEW_DAG % ("None", "second"))
        support.wait_within(lambda: "second" in json.dumps(self.airflow.api("GET", "/dags/saved_now")[1].get("tags", [])), 15, "the edit")
        os.remove(path)
        support.wait_within(lambda: "saved_now" not in self.airflow.dag_ids(), 20, "the deletion")

    def test_a_schedule_with_catchup_starts_no_run(self):
        self.checkout.write("dags/catching_up.py", (NEW_DAG % ('"@daily"', "x")).replace("saved_now", "catching_up"))
        self.addCleanup(os.remove, self.checkout.path("dags/catching_up.py"))
        support.wait_until(lambda: "catching_up" in self.airflow.dag_ids(), 15, "the new DAG")
        time.sleep(3)
        self.assertEqual(self.airflow.api("GET", "/dags/catching_up/dagRuns")[1]["total_entries"], 0)

    def test_a_triggered_run_succeeds_and_writes_the_sandbox(self):
        self.assertEqual(self.airflow.trigger("daily_orders"), "success")
        answer = self.checkout.json("db", "query", "select count(*) as days from daily_orders")
        self.assertEqual(answer["status"], "ok")

    def test_a_run_of_dbt_inside_airflow_uses_the_sandbox(self):
        self.assertEqual(self.airflow.trigger("dbt_build", seconds=180), "success")

    def test_pools_of_the_configuration_are_there(self):
        with sqlite3.connect(self.checkout.path(".devbox/airflow/%s/airflow.db" % self.version)) as database:
            self.assertEqual(database.execute("select slots from slot_pool where pool = 'narrow'").fetchone(), (2,))

    def test_a_second_start_changes_nothing(self):
        before = {service["name"]: service["pid"] for service in self.checkout.status()["services"]}
        self.checkout.run("start", "--only", "airflow,sandbox").check()
        self.assertEqual(before, {service["name"]: service["pid"] for service in self.checkout.status()["services"]})

    def test_open_shows_the_page_in_the_browser(self):
        shown = self.checkout.path("../shown")
        self.checkout.write("../browser", '#!/bin/sh\necho "$1" > "%s"\n' % shown)
        os.chmod(self.checkout.path("../browser"), 0o755)
        answer = self.checkout.json("open", "airflow", env={"BROWSER": self.checkout.path("../browser")})
        self.assertEqual(answer["data"], {"airflowUrl": self.airflow.base, "isOpened": True})
        support.wait_until(lambda: os.path.exists(shown), 5, "the browser")
        with open(shown) as file:
            self.assertEqual(file.read(), self.airflow.base + "\n")

    def test_open_without_a_display_says_the_address(self):
        nothing = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
        answer = self.checkout.run("open", env=nothing).check()
        self.assertEqual(answer.out, self.airflow.base + "\n")
        self.assertIn("there is no display here", answer.err)

    def test_start_opens_the_page_at_its_end(self):
        words = ("start", "--only", "airflow", "--open")
        self.assertNotIn("no browser", self.checkout.run(*words, env={"BROWSER": "true"}).check().err)
        self.assertIn("no browser was opened: false failed", self.checkout.run(*words, env={"BROWSER": "false"}).check().err)

    def test_start_says_what_each_step_took(self):
        words = ("start", "--only", "airflow,sandbox", "--no-airbyte", "--timings")
        self.assertRegex(self.checkout.run(*words).check().out, r"STEP +BEGAN AT +TOOK +STATE(?s:.*)\nairflow +\S+s +\S+s +done\n")
        timings = self.checkout.json(*words)["data"]["timings"]
        self.assertEqual([timing["step"] for timing in timings], ["checks", "sandbox", "airflow"])
        self.assertTrue(all(timing["durationMs"] >= 0 and timing["state"] == "done" for timing in timings), timings)

    def test_a_dry_run_of_stop_ends_nothing(self):
        before = {service["name"]: service["pid"] for service in self.checkout.status()["services"]}
        self.assertRegex(self.checkout.run("stop", "--dry-run").check().out, r"would end \d+ processes")
        self.assertEqual(before, {service["name"]: service["pid"] for service in self.checkout.status()["services"]})

    def test_everything_listens_on_loopback_only(self):
        for listener in self.listeners():
            self.assertIn(listener, ("127.0.0.1", "::1"))

    def test_logs_show_every_service_and_name_the_unknown(self):
        self.assertIn("scheduler", self.checkout.run("logs", "scheduler", "-n", "20").check().out)
        answer = self.checkout.run("logs", "schedular").check(2)
        self.assertIn("there is no log of 'schedular'", answer.err)

    def log_in_to_the_page(self, password):
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        if self.airflow.is_v2:
            form = json.dumps({"username": "admin", "password": password}).encode()
            request = urllib.request.Request(self.airflow.base + "/auth/token/login", form, {"Content-Type": "application/json"})
            return self.status_of(opener, self.airflow.base + "/auth/login") == 200 and self.airflow.login(password) and request is not None
        page = opener.open(self.airflow.base + "/login/", timeout=20).read().decode()
        token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        form = urllib.parse.urlencode({"username": "admin", "password": password, "csrf_token": token}).encode()
        return "/login" not in opener.open(self.airflow.base + "/login/", form, timeout=20).geturl()

    @staticmethod
    def status_of(opener, url):
        return opener.open(url, timeout=20).status

    def listeners(self):
        """Local addresses that processes of this checkout listen on."""
        inodes = set()
        for pid in support.marked_processes(self.checkout.instance):
            try:
                for name in os.listdir("/proc/%d/fd" % pid):
                    inodes.add(os.readlink("/proc/%d/fd/%s" % (pid, name)))
            except OSError:
                continue
        for table, names in (("/proc/net/tcp", {"0100007F": "127.0.0.1"}), ("/proc/net/tcp6", {"0" * 24 + "01000000": "::1"})):
            with open(table) as file:
                for fields in (line.split() for line in file.readlines()[1:]):
                    if fields[3] == "0A" and "socket:[%s]" % fields[9] in inodes:
                        address = fields[1].split(":")[0]
                        yield names.get(address, address)


class Airflow2Test(Platform, unittest.TestCase):
    version = "2.10.3"

    def test_z_destroy_ends_it_and_leaves_files_and_a_snapshot(self):
        before = sorted(os.listdir(self.checkout.root))
        self.checkout.run("destroy", "--dry-run").check()
        self.assertEqual(self.checkout.status()["phase"], "healthy")
        answer = self.checkout.run("destroy", "--yes").check()
        self.assertIn("devbox db restore before-destroy-", answer.err)
        self.assertEqual(support.marked_processes(self.checkout.instance), [])
        self.assertEqual(before, sorted(os.listdir(self.checkout.root)))
        self.assertEqual(sorted(os.listdir(self.checkout.path(".devbox"))), [".gitignore", "snapshots"])
        self.assertEqual(self.checkout.run("destroy", "--yes").check().out, "there is nothing of devbox here\n")
        self.checkout.run("db", "restore", "--last").check()
        self.assertGreater(int(self.checkout.json("db", "query", "SELECT count(*) FROM orders")["data"]["rows"][0][0]), 0)


class Airflow211Test(Platform, unittest.TestCase):
    version = "2.11.2"

    def test_a_dag_runs_here_and_now(self):
        self.assertRegex(self.checkout.run("test", "dag", "daily_orders").check().out, "passed in .*: 4 passed")

    def test_a_commit_passes_the_gate(self):
        self.checkout.git("init", "-q", "-b", "main")
        self.checkout.git("add", ".")
        self.checkout.git("commit", "-q", "-m", "Start")
        answer = self.checkout.run("check", "HEAD").check()
        self.assertRegex(answer.out + answer.err, "✓ dags .* 4 of 4 passed")


class Airflow3Test(Platform, unittest.TestCase):
    version = "3.0.6"


support.main()
