"""What a test leaves in files, read by other people's parsers: JUnit XML, the page, JSON Lines, GitHub's annotations.

Real Airflow and dbt of the example; one DAG, one file and one dbt test are broken on purpose.
"""
import html.parser
import json
import os
import shutil
import stat
import subprocess
import unittest
import xml.etree.ElementTree

import support

VERSION = "2.10.3"
BROKEN_TASK = """from airflow.decorators import dag, task
import pendulum


@dag(schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False)
def broken_totals():
    @task
    def first():
        return "<b>42</b>"

    @task
    def check(given):
        raise ValueError("<script>alert('%s')</script>, 100% \\x1b[31mred" + given)

    check(first())


broken_totals()
"""
READS_VARIABLE = """import pendulum
from airflow.models import Variable
given = Variable.get("no_such", "nothing")
"""
# What each element of JUnit XML may hold, and must and may say: the common ground of the readers of GitLab, Jenkins and GitHub's actions.
SCHEMA = {
    "testsuites": ({"testsuite"}, {"name", "tests", "failures", "errors", "time"}, set()),
    "testsuite": ({"properties", "testcase", "system-err"}, {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, set()),
    "properties": ({"property"}, set(), set()),
    "property": (set(), {"name", "value"}, set()),
    "testcase": ({"failure", "error", "skipped"}, {"name", "classname", "time"}, {"file", "line"}),
    "failure": (set(), {"message", "type"}, set()),
    "error": (set(), {"message", "type"}, set()),
    "skipped": (set(), set(), {"message"}),
    "system-err": (set(), set(), set()),
}
VOID = {"meta", "br", "hr", "img", "link", "input"}


def read_junit(path):
    """The cases as {name: outcome}, after every element was held against SCHEMA and every count against the cases."""
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == "testsuites", root.tag
    for element in root.iter():
        children, must, may = SCHEMA[element.tag]
        said = set(element.keys())
        assert must <= said <= must | may, (element.tag, said)
        assert {child.tag for child in element} <= children, (element.tag, [child.tag for child in element])
    for suite in [root, *root.findall("testsuite")]:
        for key, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(key) in (None, str(len(list(suite.iter(tag))))), (suite.get("name"), key)
    return {case.get("name"): (case[0].tag if len(case) else "passed", case) for case in root.iter("testcase")}


class Page(html.parser.HTMLParser):
    """The page's text and tags; every tag that was opened must be closed, in order, and nothing may be loaded from elsewhere."""

    def __init__(self, path):
        super().__init__()
        self.open, self.text, self.tags = [], "", set()
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            assert name not in ("src", "href", "srcset", "action", "data", "poster") and not name.startswith("on"), (tag, name, value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            assert "url(" not in data and "@import" not in data
        else:
            self.text += data


class ReportsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout(VERSION)
        cls.addClassCleanup(cls.checkout.close)
        cls.checkout.run("db", "seed").check()
        cls.checkout.write("dags/broken_totals.py", BROKEN_TASK)
        cls.checkout.git("add", "--all")
        cls.checkout.git("commit", "-q", "-m", "Add a DAG that fails when it runs")

    def kept(self):
        return self.checkout.path(".devbox/report.html")

    def test_a_failed_dag_reads_the_same_in_every_report(self):
        answer = self.checkout.run("test", "dag", "broken_totals", "--junit", "out/junit.xml", "--report", "out/page.html").check(1)
        self.assertTrue(answer.out.splitlines()[-1].startswith("failed in "), answer.out)
        cases = read_junit(self.checkout.path("out/junit.xml"))
        self.assertEqual({name: outcome for name, (outcome, _) in cases.items()}, {"first": "passed", "check": "failure"})
        case = cases["check"][1]
        self.assertEqual((case.get("classname"), case.get("file"), case.get("line")), ("dag.broken_totals", "dags/broken_totals.py", "13"))
        self.assertEqual(case[0].get("type"), "ValueError")
        self.assertEqual(case[0].get("message"), "ValueError: <script>alert('%s')</script>, 100% red<b>42</b>")
        self.assertIn("raise ValueError", case[0].text)
        page = Page(self.checkout.path("out/page.html"))
        self.assertNotIn("script", page.tags)
        self.assertIn("ValueError: <script>alert('%s')</script>, 100% red<b>42</b>", page.text)
        self.assertIn("dags/broken_totals.py:13 in check", page.text)
        self.assertIn("When each ran", page.text)
        with open(self.kept()) as kept, open(self.checkout.path("out/page.html")) as page:
            self.assertEqual(kept.read(), page.read())
        self.assertEqual(stat.S_IMODE(os.stat(self.kept()).st_mode), 0o600)
        self.assertIn("file://" + self.kept(), self.checkout.run("open", "report", "--dry-run").check().out)

    def test_json_lines_come_while_the_test_runs_and_the_envelope_last(self):
        lines = [json.loads(line) for line in self.checkout.run("test", "dags", "--json").check().out.splitlines()]
        cases = [line["testCase"] for line in lines if line.get("event") == "testCase"]
        envelope = lines[-1]
        self.assertEqual(cases, envelope["data"]["cases"])
        self.assertEqual((envelope["command"], envelope["status"], envelope["data"]["passed"]), ("test dags", "ok", 5))

    def test_a_broken_commit_is_annotated_in_a_job_of_github(self):
        checkout = self.checkout
        with open(checkout.path("dbt/tests/orders_are_few.sql"), "w") as file:
            file.write("select order_id from {{ ref('stg_orders') }} limit 2\n")
        with open(checkout.path("dbt/tests/orders_are_old.sql"), "w") as file:
            file.write("{{ config(severity='warn') }}\nselect order_id from {{ ref('stg_orders') }} limit 3\n")
        checkout.write("dags/no_such.py", "import airflow, dag_that_is_not_there\n")
        checkout.write("dags/reads_variable.py", BROKEN_TASK.replace("broken_totals", "reads_variable").replace("import pendulum\n", READS_VARIABLE))
        checkout.git("add", "--all")
        checkout.git("commit", "-q", "-m", "Break it")
        summary = os.path.join(checkout.home, "summary.md")
        github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary}
        answer = checkout.run("check", "--junit", "junit.xml", "--report", "page.html", env=github).check(1)
        commands = [line for line in answer.out.splitlines() if line.startswith("::")]
        self.assertEqual(len(commands), 4, answer.out)
        self.assertTrue(commands[0].startswith("::error file=dags/no_such.py,line=1,title=dags/no_such.py::ModuleNotFoundError: "))
        self.assertTrue(commands[1].startswith("::error file=dbt/tests/orders_are_few.sql,title=orders_are_few::Got 2 results"))
        self.assertEqual(commands[2], "::warning file=dbt/tests/orders_are_old.sql,title=orders_are_old::warning: 3 rows")
        self.assertIn("! orders_are_old", answer.out)
        self.assertTrue(commands[3].startswith("::warning file=dags/reads_variable.py,line=4,title=variable-at-import::"), commands[3])
        outcomes = [outcome for outcome, _ in read_junit(checkout.path("junit.xml")).values()]
        self.assertEqual(outcomes.count("failure"), 2)
        self.assertIn("Worth a look", Page(checkout.path("page.html")).text)
        with open(summary) as file:
            text = file.read()
        self.assertTrue(text.startswith("### ✗ devbox check: failed in "), text)
        self.assertIn("| dags/no&#95;such.py:1 |", text)
        checkout.git("reset", "-q", "--hard", "HEAD~1")

    def test_a_report_that_cannot_be_written_is_an_error_at_once(self):
        answer = self.checkout.run("test", "dags", "--junit", "dags").check(6)
        self.assertIn("dags is a folder", answer.err)
        self.assertEqual(answer.out, "")

    @unittest.skipUnless(shutil.which("chromium"), "there is no chromium here to open the page in")
    def test_a_browser_shows_the_page_and_runs_nothing_of_it(self):
        self.checkout.run("test", "dag", "broken_totals").check(1)
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + self.checkout.home + "/chromium", "--dump-dom"]
        shown = subprocess.run([*command, "file://" + self.kept()], capture_output=True, text=True, timeout=120, check=True)
        self.assertIn("What is not green", shown.stdout)
        self.assertNotIn("<script", shown.stdout)


if __name__ == "__main__":
    support.main()
