"""What src/workers/dbt_run.py does with real dbt and DuckDB, in the environment of the test cache (or DEVBOX_TEST_VENV_DBT).

A process that waits for its next command runs all of it (dbt_warm_test.py), in less time than a plain one; the plain one runs
what may be different there (dbt_run_test.py).
"""
import csv
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import support

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.environ.get("DEVBOX_TEST_VENV_DBT") or support.find_venv("dbt")
LOGICAL = {
    "customers": {"customer_id": "integer", "signed_up_on": "date", "marketing_opt_in": "boolean"},
    "orders": {"order_id": "integer", "customer_id": "integer", "order_date": "date", "shipped_on": "date", "amount": "real"},
    "payments": {"payment_id": "integer", "order_id": "integer", "amount": "real", "paid_at": "timestamp"},
}
STORAGE = {"integer": "INTEGER", "real": "REAL"}
UNREACHABLE = """shop:
  target: production
  outputs:
    production: {type: postgres, host: 192.0.2.1, port: 5432, user: nobody, password: secret, dbname: prod, schema: public, connect_timeout: 2}
"""


def make_sandbox(path):
    """Loads seeds/*.csv the way devbox does: dates as TEXT, their meaning in _devbox_tables."""
    database = sqlite3.connect(path)
    database.execute("pragma journal_mode = wal")
    database.execute("create table _devbox_tables (name text primary key, owner text, content_hash text, columns text)")
    for table, logical in LOGICAL.items():
        with open(os.path.join(ROOT, "seeds", table + ".csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        columns = [{"name": c, "logical": logical.get(c, "text"), "storage": STORAGE.get(logical.get(c), "TEXT")} for c in rows.pop(0)]
        database.execute("create table %s (%s)" % (table, ", ".join("%s %s" % (c["name"], c["storage"]) for c in columns)))
        database.executemany("insert into %s values (%s)" % (table, ", ".join("?" * len(columns))), [[v or None for v in row] for row in rows])
        database.execute("insert into _devbox_tables values (?, 'seed', 'hash', ?)", [table, json.dumps(columns)])
    database.commit()
    database.close()


def listing(folder):
    found = {}
    for directory, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(directory, name)
            found[path] = os.stat(path).st_mtime_ns
    return found


class PlainDbt:
    @classmethod
    def setUpClass(cls):
        """One built checkout; each test works on a copy of it, with the parse state that makes it quick."""
        if not VENV:
            raise AssertionError("no dbt environment: run environments_test.py first, or set DEVBOX_TEST_VENV_DBT")
        cls.template = tempfile.mkdtemp(prefix="devbox-dbt-")
        cls.addClassCleanup(support.remove_folder, cls.template)
        cls.home = cls.template
        shutil.copytree(os.path.join(ROOT, "starter", "dbt"), os.path.join(cls.template, "dbt"))
        make_sandbox(os.path.join(cls.template, "sandbox.db"))
        cls.before = listing(os.path.join(cls.template, "dbt"))
        cls.built = cls.run_dbt(cls, "build")
        cls.after = listing(os.path.join(cls.template, "dbt"))

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="devbox-dbt-")
        self.addCleanup(support.remove_folder, self.home)
        shutil.rmtree(self.home)
        shutil.copytree(self.template, self.home, symlinks=True)

    # helpers

    def context(self, **changes):
        context = {"protocol": 1, "project_dir": os.path.join(self.home, "dbt"), "sandbox": os.path.join(self.home, "sandbox.db"),
                   "warehouse": os.path.join(self.home, "state", "warehouse.duckdb"), "lock": os.path.join(self.home, "run", "dbt.lock"),
                   "lock_timeout_ms": 20000, "state_dir": os.path.join(self.home, "state"), "extension": None, "publish": True,
                   "events": os.path.join(self.home, "events.jsonl")}
        context.update(changes)
        path = os.path.join(self.home, "context.json")
        with open(path, "w") as file:
            json.dump(context, file)
        return path

    def command(self, *arguments, **changes):
        return [os.path.join(VENV, "bin", "python"), os.path.join(ROOT, "src", "workers", "dbt_run.py"), "--context",
                PlainDbt.context(self, **changes), "--"] + list(arguments)

    def words_of(self, *arguments, **changes):
        """The command; `self` is the class while it sets itself up."""
        return (self if isinstance(self, type) else type(self)).command(self, *arguments, **changes)

    def run_dbt(self, *arguments, env=None, **changes):
        events = os.path.join(self.home, "events.jsonl")
        if os.path.exists(events):
            os.unlink(events)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment.update(env or {})
        result = subprocess.run(PlainDbt.words_of(self, *arguments, **changes), capture_output=True, text=True, timeout=180, env=environment)
        result.events = []
        if os.path.exists(events):
            with open(events) as file:
                result.events = [json.loads(line) for line in file]
        result.output = result.stdout + result.stderr
        return result

    def sql(self, statement, *values):
        database = sqlite3.connect(os.path.join(self.home, "sandbox.db"))
        try:
            with database:
                return database.execute(statement, values).fetchall()
        finally:
            database.close()

    def write(self, path, text):
        path = os.path.join(self.home, "dbt", path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def event(self, result, name):
        found = [event for event in result.events if event.get("name") == name]
        self.assertEqual(1, len(found), result.output)
        return found[0]


class ProcessCases:
    """Exit codes, signals, locks, the environment: what a process has of its own."""

    def test_the_starter_builds_without_a_warning(self):
        self.assertEqual(0, self.built.returncode, self.built.output)
        self.assertIn("PASS=46 WARN=0 ERROR=0 SKIP=0", self.built.output)
        self.assertNotRegex(self.built.output.replace("WARN=0", ""), "(?i)warn|deprecat")
        self.assertEqual("", self.built.stderr)
        self.assertNotIn("\x1b", self.built.stdout)

    def test_events_tell_each_node_and_the_end(self):
        kinds = [event["kind"] for event in self.built.events if event["event"] == "node"]
        self.assertEqual({"model": 10, "test": 35, "unit_test": 1}, {kind: kinds.count(kind) for kind in set(kinds)})
        orders = self.event(self.built, "fct_orders")
        self.assertEqual(("pass", 3000, "models/marts/fct_orders.sql", None, None),
                         (orders["status"], orders["rows"], orders["file"], orders["message"], orders["sample"]))
        self.assertTrue(os.path.isfile(orders["compiled"]))
        self.assertEqual(("done", "success"), (self.built.events[-1]["event"], self.built.events[-1]["state"]))

    def test_the_users_project_is_not_touched(self):
        self.assertEqual(self.before, self.after)

    def test_a_failing_test_gives_a_sample_and_exit_1(self):
        self.write("tests/no_returns.sql", "select order_id, order_date, status from {{ ref('stg_orders') }} where status = 'returned'")
        result = self.run_dbt("test", "--select", "no_returns")
        event = self.event(result, "no_returns")
        self.assertEqual((1, "fail", "failed"), (result.returncode, event["status"], result.events[-1]["state"]))
        self.assertEqual(["order_id", "order_date", "status"], event["sample"]["columns"])
        self.assertEqual(5, len(event["sample"]["rows"]))
        self.assertRegex(event["sample"]["rows"][0][1], r"^2024-\d\d-\d\d$")
        self.assertGreater(event["failures"], 5)
        with open(event["compiled"]) as file:
            self.assertIn("stg_orders", file.read())

    def test_a_project_that_does_not_parse_is_exit_2(self):
        self.write("models/marts/broken.sql", "select {% if %} 1")
        result = self.run_dbt("build")
        self.assertEqual((2, "error"), (result.returncode, result.events[-1]["state"]))
        self.assertEqual([("host", None), ("done", None)], [(event["event"], event.get("manifest")) for event in result.events])
        self.assertIn("broken.sql", result.events[-1]["message"])

    def test_a_missing_variable_is_named_and_a_present_one_works(self):
        self.write("models/marts/who.sql", "select '{{ env_var(\"SHOP_NAME\") }}' as name")
        result = self.run_dbt("run", "--select", "who")
        self.assertEqual(2, result.returncode)
        self.assertIn("put SHOP_NAME=... into .env", result.stderr)
        self.assertEqual(0, self.run_dbt("run", "--select", "who", env={"SHOP_NAME": "corner"}).returncode)
        self.assertEqual([("corner",)], self.sql("select name from who"))

    def test_a_held_lock_is_exit_75_and_names_the_holder(self):
        os.makedirs(os.path.join(self.home, "run"), exist_ok=True)
        with open(os.path.join(self.home, "run", "dbt.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("4711 dbt build\n")
            lock.flush()
            result = self.run_dbt("build", lock_timeout_ms=300)
        self.assertEqual(75, result.returncode)
        self.assertIn("process 4711 (dbt build)", result.stderr)
        self.assertIn("kill 4711", result.stderr)
        self.assertEqual("error", result.events[-1]["state"])

    def test_a_warehouse_open_elsewhere_is_exit_75_and_names_the_process(self):
        holder = subprocess.Popen([os.path.join(VENV, "bin", "python"), "-c", "import duckdb, sys\nwith duckdb.connect(sys.argv[1]):\n"
                                   " print('open', flush=True)\n sys.stdin.read()", os.path.join(self.home, "state", "warehouse.duckdb")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(holder.communicate)
        holder.stdout.readline()
        result = self.run_dbt("run")
        self.assertEqual(75, result.returncode, result.output)
        self.assertIn(str(holder.pid), result.stderr)

    def test_an_interrupt_is_exit_130_and_publishes_nothing(self):
        self.write("models/marts/slow.sql", "{{ config(materialized='table') }} select count(*) as n from range(3000000) a, range(300000) b\n"
                   " where a.range * b.range % 7 = 3")
        run = subprocess.Popen(self.command("run", "--select", "slow", "payment_methods"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in run.stdout:
            if "START sql table model main.slow" in line:
                break
        run.send_signal(signal.SIGINT)
        try:
            output, _ = run.communicate(timeout=30)
        finally:
            run.kill()
        self.assertEqual(130, run.returncode, output)
        self.assertEqual([], self.sql("select name from _devbox_tables where name = 'slow'"))
        self.assertEqual(0, self.run_dbt("run", "--select", "payment_methods").returncode)

    def test_the_projects_own_profile_is_never_used(self):
        self.write("profiles.yml", UNREACHABLE)
        flags = ["--target", "production", "--profiles-dir", os.path.join(self.home, "dbt"), "--profile=shop", "--threads", "2"]
        result = self.run_dbt("build", "--select", "payment_methods", *flags, env={"DBT_TARGET": "production", "DBT_PROFILES_DIR": self.home})
        self.assertEqual(0, result.returncode, result.output)
        self.assertIn("devbox: --profile, --profiles-dir, --target replaced", result.stderr)
        self.assertIn("target='sandbox'", result.stdout)

    def test_a_reader_that_goes_away_makes_no_noise(self):
        result = subprocess.run(["sh", "-c", '"$@" | head -1', "sh"] + self.command("run"),
                                capture_output=True, text=True, timeout=120)
        self.assertNotIn("Traceback", result.stdout + result.stderr)

    def test_usage_errors_are_told_and_exit_2(self):
        result = self.run_dbt("build", "--selekt", "x")
        self.assertEqual(2, result.returncode)
        self.assertIn("--selekt", result.stderr)

    def test_modules_called_dbt_something_on_pythonpath_are_not_loaded(self):
        self.write("dbt_nightly.py", "raise RuntimeError('a DAG file is no dbt plugin')")
        self.assertEqual(0, self.run_dbt("run", "--select", "payment_methods", env={"PYTHONPATH": os.path.join(self.home, "dbt")}).returncode)


class TableCases:
    """Which tables there are afterwards, and what is in them."""

    def test_published_tables_hold_iso_dates_and_plain_numbers(self):
        self.assertEqual([("2024-01-01", "text", "integer")],
                         self.sql("select month, typeof(month), typeof(orders) from monthly_revenue order by month limit 1"))
        self.assertEqual([("02108", "2023-02-03", 0, "real")],
                         self.sql("select zip, signed_up_on, marketing_opt_in, typeof(lifetime_value) from dim_customers where customer_id = 1"))
        self.assertRegex(self.sql("select max(last_used_at) from payment_methods")[0][0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(self.sql("select count(*) from payments where status = 'paid'"), self.sql("select count(*) from fct_payments"))
        owner, columns = self.sql("select owner, columns from _devbox_tables where name = 'dim_customers'")[0]
        logical = {column["name"]: (column["storage"], column["logical"]) for column in json.loads(columns)}
        self.assertEqual("dbt", owner)
        self.assertEqual([("TEXT", "date"), ("INTEGER", "boolean"), ("TEXT", "text")],
                         [logical[name] for name in ("signed_up_on", "marketing_opt_in", "zip")])
        self.assertEqual([("ok",)], self.sql("pragma integrity_check"))

    def test_broken_sql_is_an_error_and_skips_what_follows(self):
        self.write("models/marts/daily_revenue.sql", "select order_date, no_such_column as revenue from {{ ref('fct_orders') }}")
        result = self.run_dbt("build", "--select", "daily_revenue+")
        self.assertEqual(1, result.returncode)
        self.assertEqual("error", self.event(result, "daily_revenue")["status"])
        self.assertIn("no_such_column", self.event(result, "daily_revenue")["message"])
        self.assertEqual("skip", self.event(result, "monthly_revenue")["status"])

    def test_a_missing_sandbox_says_how_to_make_it(self):
        result = self.run_dbt("build", sandbox=os.path.join(self.home, "none.db"))
        self.assertEqual(2, result.returncode)
        self.assertIn("devbox start", result.stderr)

    def test_without_publish_the_sandbox_stays_as_it_is(self):
        self.sql("drop table daily_revenue")
        with open(os.path.join(self.home, "sandbox.db"), "rb") as file:
            before = file.read()
        self.assertEqual(0, self.run_dbt("build", publish=False).returncode)
        with open(os.path.join(self.home, "sandbox.db"), "rb") as file:
            self.assertEqual(before, file.read())

    def test_a_table_that_devbox_did_not_make_is_never_overwritten(self):
        self.sql("drop table daily_revenue")
        self.sql("delete from _devbox_tables where name = 'daily_revenue'")
        self.sql("create table Daily_Revenue as select 'mine' as owner")
        self.sql("delete from monthly_revenue")
        result = self.run_dbt("run", "--select", "daily_revenue", "monthly_revenue")
        self.assertEqual(1, result.returncode)
        self.assertIn("devbox: model.shop.daily_revenue is not published", result.stderr)
        self.assertEqual([("mine",)], self.sql("select owner from daily_revenue"))
        self.assertEqual([(12,)], self.sql("select count(*) from monthly_revenue"))

    def test_one_unpublishable_model_does_not_keep_the_others_out(self):
        self.write("models/marts/huge.sql", "select 170141183460469231731687303715884105727::hugeint as n")
        result = self.run_dbt("run", "--select", "huge", "payment_methods")
        self.assertEqual(1, result.returncode)
        self.assertIn("model.shop.huge is not published", result.stderr)
        self.assertEqual([], self.sql("select name from _devbox_tables where name = 'huge'"))
        self.assertEqual([(5,)], self.sql("select count(*) from payment_methods"))

    def test_publishing_waits_for_another_writer(self):
        holder = subprocess.Popen([sys.executable, "-c", "import sqlite3, sys, time\nd = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                                   "d.execute('begin immediate')\nprint('locked', flush=True)\nsys.stdin.read()\nd.execute('commit')",
                                   os.path.join(self.home, "sandbox.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        run = subprocess.Popen(self.command("run"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with self.assertRaises(subprocess.TimeoutExpired):
            run.wait(timeout=6)
        holder.communicate()
        output, _ = run.communicate(timeout=60)
        self.assertEqual(0, run.returncode, output)

    def test_a_reader_with_the_sandbox_open_sees_the_old_tables_until_the_commit(self):
        reader = sqlite3.connect(os.path.join(self.home, "sandbox.db"), isolation_level=None)
        self.addCleanup(reader.close)
        self.sql("delete from payment_methods")
        reader.execute("begin")
        self.assertEqual([(0,)], reader.execute("select count(*) from payment_methods").fetchall())
        self.assertEqual(0, self.run_dbt("run", "--select", "payment_methods").returncode)
        self.assertEqual([(0,)], reader.execute("select count(*) from payment_methods").fetchall())
        reader.execute("commit")
        self.assertEqual([(5,)], reader.execute("select count(*) from payment_methods").fetchall())

    def test_names_that_collide_get_their_schema_in_front(self):
        self.write("models/marts/orders.sql", "select 1 as one")
        self.write("models/marts/a/totals_a.sql", "{{ config(alias='totals', schema='a') }} select 'a' as origin")
        self.write("models/marts/b/totals_b.sql", "{{ config(alias='totals', schema='b') }} select 'b' as origin")
        self.assertEqual(0, self.run_dbt("run", "--select", "orders", "totals_a", "totals_b").returncode)
        self.assertEqual([(3000,)], self.sql("select count(*) from orders"))
        self.assertEqual([(1,)], self.sql("select one from main__orders"))
        self.assertEqual([("a", "b")], self.sql("select x.origin, y.origin from main_a__totals x, main_b__totals y"))

    def test_every_duckdb_type_arrives_in_sqlite(self):
        self.write("models/marts/types.sql", """select [1, 2] as list, {'a': 1} as struct, 1.25::decimal(9, 2) as money, sum(1) as total,
            timestamp '2024-05-01 10:00:00.5' as at, timestamptz '2024-05-01 12:00:00+02' as zoned, interval 1 day as span, null as nothing,
            true as flag, 'x'::blob as raw, uuid '7c9e6679-7425-40de-944b-e07fc1f90ae7' as id, date '0044-03-15' as old, time '10:00' as clock""")
        result = self.run_dbt("run", "--select", "types")
        self.assertEqual(0, result.returncode, result.output)
        self.assertEqual([("[1,2]", '{"a":1}', 1.25, 1, "2024-05-01 10:00:00.5", "2024-05-01 10:00:00+00:00", "1 day", None, 1, b"x",
                           "7c9e6679-7425-40de-944b-e07fc1f90ae7", "0044-03-15", "10:00:00")], self.sql("select * from types"))

    def test_seeds_of_the_sandbox_are_views_and_dbt_loads_only_the_others(self):
        self.write("seeds/customers.csv", "customer_id,name\n1,wrong\n")
        self.write("seeds/regions.csv", "state,region\nMA,North\n")
        self.write("models/marts/from_seeds.sql", "select count(*) as customers, (select count(*) from {{ ref('regions') }}) as regions,\n"
                   " max(signed_up_on - interval 1 day)::date as day from {{ ref('customers') }}")
        result = self.run_dbt("build", "--select", "+from_seeds", "--exclude", "fct_orders")
        self.assertEqual(0, result.returncode, result.output)
        self.assertEqual(["from_seeds", "regions"], sorted(event["name"] for event in result.events if event.get("kind") in ("seed", "model")))
        self.assertEqual([(300, 1, "2024-08-24")], self.sql("select * from from_seeds"))

    def test_dbt_seed_leaves_the_sandboxs_seeds_alone(self):
        self.write("seeds/customers.csv", "customer_id,name\n1,wrong\n")
        result = self.run_dbt("seed")
        self.assertEqual(0, result.returncode, result.output)
        self.assertIn("customers: loaded by devbox", result.stderr)
        self.assertEqual([], [event for event in result.events if event["event"] == "node"])
        self.assertEqual([(300,)], self.sql("select count(*) from customers"))

    def test_a_table_that_a_dag_made_can_be_a_source(self):
        self.sql("create table web_visits (day text, visits integer)")
        self.sql("insert into web_visits values ('2024-01-01', 7)")
        self.write("models/web.yml", "version: 2\nsources:\n  - {name: web, tables: [{name: visits, identifier: web_visits}]}\n")
        self.write("models/marts/visits.sql", "select sum(visits) as visits from {{ source('web', 'visits') }}")
        self.assertEqual(0, self.run_dbt("run", "--select", "visits").returncode)
        self.assertEqual([(7,)], self.sql("select visits from visits"))

    def test_timestamps_with_an_offset_become_utc(self):
        self.sql("create table clicks (clicked_at text, day text, yes text)")
        for at in ("2024-05-01T10:00:00+02:00", "2024-05-01 10:00:00-05", "2024-05-01T10:00:00Z", "2024-05-01 10:00", None):
            self.sql("insert into clicks values (?, '2024-05-01', 'true')", at)
        self.sql("insert into _devbox_tables values ('clicks', 'seed', null, ?)", json.dumps(
            [{"name": name, "storage": "TEXT", "logical": logical} for name, logical in (("clicked_at", "timestamp"), ("day", "date"), ("yes", "boolean"))]))
        self.write("models/web.yml", "version: 2\nsources:\n  - {name: web, tables: [{name: clicks}]}\n")
        self.write("models/marts/hours.sql", "select hour(clicked_at) as hour, year(day) as year, yes and true as yes from {{ source('web', 'clicks') }}")
        result = self.run_dbt("run", "--select", "hours", env={"TZ": "America/New_York"})
        self.assertEqual(0, result.returncode, result.output)
        self.assertEqual([(8, 2024, 1), (15, 2024, 1), (10, 2024, 1), (10, 2024, 1), (None, 2024, 1)], self.sql("select * from hours"))

    def test_short_target_flags_are_replaced_too(self):
        self.write("profiles.yml", UNREACHABLE)
        for flags in (["-t", "production"], ["-tproduction"]):
            result = self.run_dbt("ls", "--resource-type", "model", *flags)
            self.assertEqual(0, result.returncode, result.output)
            self.assertIn("shop.marts.fct_orders", result.stdout)
            self.assertIn("-t replaced", result.stderr)

    def test_databases_of_production_are_mapped_into_the_warehouse(self):
        self.write("models/lake.yml", "version: 2\nsources:\n  - {name: lake, database: prod_lake, schema: raw_lake, tables: [{name: orders}]}\n")
        self.write("models/marts/lake_orders.sql", "{{ config(database='prod_dwh') }} select count(*) as n from {{ source('lake', 'orders') }}")
        self.write("models/marts/lake_report.sql", "select n from {{ ref('lake_orders') }}")
        result = self.run_dbt("run", "--select", "lake_orders+")
        self.assertEqual(0, result.returncode, result.output)
        self.assertEqual([(3000,)], self.sql("select n from lake_report"))

    def test_other_commands_work_without_publishing(self):
        for arguments, expected in ((["compile", "--select", "fct_orders"], "stg_orders"), (["show", "--select", "monthly_revenue"], "2024-01-01"),
                                    (["ls", "--select", "tag:none"], "No nodes selected"), (["docs", "generate"], "Catalog written"),
                                    (["parse"], ""), (["debug"], "OK connection ok"), (["--help"], "Usage"), (["build", "--help"], "--select"),
                                    (["clean"], ""), (["source", "freshness"], ""), (["--no-use-colors", "snapshot"], "")):
            result = self.run_dbt(*arguments)
            self.assertEqual(0, result.returncode, (arguments, result.output))
            self.assertIn(expected, result.output)
        self.assertEqual(sorted(self.before), sorted(path.replace(self.home, self.template) for path in listing(os.path.join(self.home, "dbt"))))

    def test_a_model_that_is_not_built_yet_can_be_compiled_and_shown(self):
        self.write("models/marts/newmodel.sql", "{{ config(materialized='table') }} select 4711 as one")
        for arguments, expected in ((["compile"], "Concurrency"), (["compile", "--select", "newmodel"], "select 4711 as one"),
                                    (["show", "--select", "newmodel"], "4711"), (["docs", "generate"], "Catalog written")):
            result = self.run_dbt(*arguments)
            self.assertEqual(0, result.returncode, (arguments, result.output))
            self.assertIn(expected, result.output)
            self.assertIsNone(self.event(result, "newmodel")["rows"])
        self.assertEqual(1, self.event(self.run_dbt("run", "--select", "newmodel"), "newmodel")["rows"])

    def test_a_table_that_is_gone_when_its_rows_are_counted_has_no_count(self):
        self.write("models/marts/brief.sql", "{{ config(materialized='table', post_hook='drop table {{ this }}') }} select 1 as one")
        result = self.run_dbt("build", "--select", "brief", publish=False)
        self.assertEqual(0, result.returncode, result.output)
        self.assertEqual(("pass", None), (self.event(result, "brief")["status"], self.event(result, "brief")["rows"]))

    def test_retry_runs_what_failed_and_publishes_it(self):
        self.write("models/marts/late.sql", "select no_such_column from {{ ref('fct_orders') }}")
        self.assertEqual(1, self.run_dbt("build", "--select", "late", "payment_methods").returncode)
        self.write("models/marts/late.sql", "select count(*) as n from {{ ref('fct_orders') }}")
        result = self.run_dbt("retry")
        self.assertEqual(0, result.returncode, result.output)
        self.assertEqual(["late"], [event["name"] for event in result.events if event["event"] == "node"])
        self.assertEqual([(3000,)], self.sql("select n from late"))
