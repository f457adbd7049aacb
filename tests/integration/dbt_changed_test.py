# needs: no platform
"""`devbox test dbt --changed` with real git and dbt: what a change of each kind of file builds, and that it is as right as building all."""
import json
import os
import unittest

import support

PROJECT = {
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels:\n  +materialized: table\n",
    "macros/money.sql": "{% macro cents(column) %}cast({{ column }} * 100 as bigint){% endmacro %}",
    "models/sources.yml": "version: 2\nsources:\n  - name: raw\n    schema: main\n    tables:\n      - name: orders\n"
                          "        columns: [{name: order_id, data_tests: [not_null]}]\n",
    "models/stg.sql": "select order_id, amount from {{ source('raw', 'orders') }}",
    "models/mid.sql": "select order_id, {{ cents('amount') }} as cents from {{ ref('stg') }}",
    "models/top.sql": "select sum(cents) as cents from {{ ref('mid') }}",
    "models/other.sql": "select 1 as one",
    "models/models.yml": "version: 2\nmodels:\n  - name: mid\n    columns: [{name: order_id, data_tests: [unique]}]\n  - name: other\n"
                         "unit_tests:\n  - name: cents_are_whole\n    model: mid\n    given: [{input: ref('stg'), rows: [{order_id: 1, amount: 1.5}]}]\n"
                         "    expect: {rows: [{order_id: 1, cents: 150}]}\n",
    "tests/positive.sql": "select * from {{ ref('other') }} where one < 1",
}


class Changed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout(example=False)
        cls.addClassCleanup(cls.checkout.close)
        cls.checkout.write("seeds/orders.csv", "order_id,amount\n1,1.5\n2,20.25\n")
        for name, text in PROJECT.items():
            cls.checkout.write("dbt/" + name, text)
        cls.checkout.write("devbox.yaml", "dbt: {project: dbt}\n")
        cls.checkout.write(".gitignore", ".devbox\n")
        cls.checkout.git("init", "-q", "-b", "main")
        cls.checkout.git("add", "-A")
        cls.checkout.git("commit", "-qm", "shop")
        cls.checkout.run("db", "seed").check()
        cls.checkout.run("dbt", "build").check()

    def tearDown(self):
        self.checkout.git("checkout", "-q", "main", "--", ".")
        self.checkout.git("clean", "-qfd")

    def changed(self, *files, base=None):
        """(exit code, names that were built or tested, what was said) after these files got a text; None removes one."""
        for name, text in files:
            if text is None:
                os.unlink(self.checkout.path(name))
            else:
                self.checkout.write(name, text)
        answer = self.checkout.run("--json", "test", "dbt", "--changed" + ("=" + base if base else ""))
        data = json.loads(answer.out.splitlines()[-1])["data"]
        self.assertIsNotNone(data, answer.out)
        return answer.code, {case["name"].split("_order_id")[0] for case in data["cases"]}, data["title"]

    def test_nothing_changed_starts_no_dbt_and_is_green(self):
        code, names, title = self.changed(("dags/x.py", "x = 1"), ("dbt/README.md", "words"))
        self.assertEqual((0, set()), (code, names))
        self.assertIn("nothing that dbt reads changed since main (", title)

    def test_a_model_and_all_that_is_made_from_it_are_built_and_tested(self):
        code, names, title = self.changed(("dbt/models/mid.sql", PROJECT["models/mid.sql"] + " where true"))
        self.assertEqual((0, {"mid", "top", "unique_mid", "cents_are_whole"}), (code, names))
        self.assertIn("1 file changed since main", title)
        self.assertIn("1 model changed, 2 are affected", title)

    def test_a_macro_changes_its_callers_and_a_red_test_is_told(self):
        code, names, _ = self.changed(("dbt/macros/money.sql", PROJECT["macros/money.sql"].replace("100", "10")))
        self.assertEqual(1, code)
        self.assertLessEqual({"mid", "cents_are_whole"}, names)
        self.assertNotIn("other", names)

    def test_properties_change_the_models_that_they_differ_for(self):
        text = PROJECT["models/models.yml"].replace("- name: other", "- name: other\n    config: {tags: [x]}")
        self.assertEqual((0, {"other", "positive"}), self.changed(("dbt/models/models.yml", text))[:2])

    def test_a_source_takes_along_its_tests_and_readers(self):
        text = PROJECT["models/sources.yml"].replace("- name: orders", "- name: orders\n        identifier: orders")
        code, names, _ = self.changed(("dbt/models/sources.yml", text))
        self.assertEqual((0, {"source_not_null_raw_orders", "stg", "mid", "unique_mid", "cents_are_whole", "top"}), (code, names))

    def test_a_lone_test_runs_alone_and_a_unit_test_too(self):
        self.assertEqual((0, {"positive"}), self.changed(("dbt/tests/positive.sql", PROJECT["tests/positive.sql"] + " or false"))[:2])
        text = PROJECT["models/models.yml"].replace("amount: 1.5}", "amount: 2.5}").replace("cents: 150", "cents: 251")
        self.checkout.git("checkout", "-q", "main", "--", ".")
        code, names, title = self.changed(("dbt/models/models.yml", text))
        self.assertEqual((1, {"cents_are_whole", "mid", "unique_mid"}), (code, names))
        self.assertTrue(title.endswith(": 1 test"), title)

    def test_settings_concern_everything(self):
        code, names, title = self.changed(("dbt/dbt_project.yml", PROJECT["dbt_project.yml"] + "vars: {x: 1}\n"))
        self.assertEqual(0, code)
        self.assertLessEqual({"stg", "mid", "top", "other"}, names)
        self.assertIn("dbt_project.yml changed, so all models are built", title)

    def test_a_deleted_model_breaks_what_still_reads_it_and_else_nothing(self):
        code, names, _ = self.changed(("dbt/models/top.sql", None))
        self.assertEqual((0, set()), (code, names))
        code, names, _ = self.changed(("dbt/models/stg.sql", None))
        self.assertEqual((1, {"dbt"}), (code, names))

    def test_the_first_red_node_can_be_the_last(self):
        self.checkout.write("dbt/models/stg.sql", "select nothing")
        answer = self.checkout.run("--json", "test", "dbt", "--changed", "--fail-fast")
        data = json.loads(answer.out.splitlines()[-1])["data"]
        self.assertEqual((1, 0, 1), (answer.code, data["passed"], data["errors"]), data)
        # other.sql would be built without it.
        self.checkout.write("dbt/dbt_project.yml", PROJECT["dbt_project.yml"] + "vars: {x: 1}\n")
        for words, passed in ((["--fail-fast"], False), ([], True)):
            answer = self.checkout.run("--json", "test", "dbt", "--changed", *words)
            states = {case["name"]: case["state"] for case in json.loads(answer.out.splitlines()[-1])["data"]["cases"]}
            self.assertEqual(("error", "skip"), (states["stg"], states["mid"]), states)
            self.assertEqual(passed, states["positive"] == "pass", states)

    def test_only_what_is_red_is_told_as_red_however_dbt_stops(self):
        # dbt meets the other thread's query at a different moment each time: running, closing its connection, or gone.
        self.checkout.write("dbt/models/stg.sql", "select nothing")
        self.checkout.write("dbt/dbt_project.yml", PROJECT["dbt_project.yml"] + "vars: {x: 1}\n")
        for rows in (1, 1, 1, 1, 1, 10 ** 7):
            self.checkout.write("dbt/models/other.sql", "select count(distinct r * 7 % 1000003) as one from range({}) t(r)".format(rows))
            answer = self.checkout.run("--json", "test", "dbt", "--changed", "--fail-fast")
            data = json.loads(answer.out.splitlines()[-1])["data"]
            self.assertEqual((1, ["stg"]), (data["errors"], [c["name"] for c in data["cases"] if c["state"] == "error"]), data)
            self.assertEqual(7, len(data["cases"]), data)

    def test_the_process_that_dbt_ran_in_is_told(self):
        for words in (["other"], ["--changed"]):
            self.checkout.write("dbt/models/other.sql", "select 1 as one -- again")
            self.assertEqual("warm", self.checkout.json("test", "dbt", *words)["data"]["process"])
            answer = self.checkout.run("-v", "test", "dbt", *words).check()
            self.assertEqual(1, (answer.out + answer.err).count("in a process that had imported dbt before (warm)"), answer.err)
            self.assertNotIn("imported dbt", self.checkout.run("test", "dbt", *words).err)
        # Also of a project that dbt cannot read.
        self.checkout.write("dbt/models/other.sql", "select {{ nothing(")
        answer = self.checkout.json("test", "dbt")["data"]
        self.assertEqual((1, "warm"), (answer["errors"], answer["process"]))

    def test_a_branch_is_compared_with_where_it_left(self):
        self.checkout.git("checkout", "-q", "-b", "topic")
        self.addCleanup(self.checkout.git, "branch", "-qD", "topic")
        self.addCleanup(self.checkout.git, "checkout", "-q", "main")
        self.checkout.write("dbt/models/other.sql", "select 2 as one")
        self.checkout.git("commit", "-qam", "other")
        self.assertEqual({"other", "positive"}, self.changed()[1])
        self.assertEqual(set(), self.changed(base="HEAD")[1])
        answer = self.checkout.run("test", "dbt", "--changed=nowhere")
        self.assertEqual(6, answer.code, answer.err)
        self.assertIn("there is no commit 'nowhere'", answer.err)


class NoRepository(unittest.TestCase):
    def test_a_checkout_outside_git_says_so(self):
        checkout = support.Checkout(example=False)
        self.addCleanup(checkout.close)
        checkout.write("dbt/dbt_project.yml", "name: shop\nprofile: shop\n")
        answer = checkout.run("test", "dbt", "--changed")
        self.assertIn("is not inside a git repository", answer.err)
        self.assertNotEqual(0, answer.code)


if __name__ == "__main__":
    support.main()
