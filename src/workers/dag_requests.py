"""Answers one request of devbox: sets up its private database and environment, then checks or tests DAG files."""

import os
import shutil
import sqlite3
import sys
from pathlib import Path

import airflow_api
import airflow_warm
import dag_check
import dag_test
import warm_command
from host_process import lasting_imports
from user_process import nothing_left_behind

OPERATIONS = {"check_dags": dag_check.check_dags, "test_dag": dag_test.test_dag}
USER_TABLES = ("connection", "variable", "slot_pool")


def answer(request, events):
    """Answer `request` on `events`; the last event is `done`."""
    if request.get("protocol") != 1 or request.get("op") not in OPERATIONS:
        asked = f"protocol {request.get('protocol')}, op {request.get('op')!r}"
        sys.exit(f"airflow_host: cannot answer {asked}; devbox and its workers must be of one version")
    _prepare(request)
    if warm_command.mode == "cold":
        with lasting_imports():
            airflow_api.import_for_requests()
    airflow_warm.settle(request)
    with nothing_left_behind(has_reaping_parent=warm_command.mode == "warm"):
        OPERATIONS[request["op"]](request, events)


def _prepare(request):
    """The environment and database of this request; must come before Airflow is imported, which reads both."""
    folder = request["dags_folder"]
    database = airflow_warm.database_of(request)
    shutil.copyfile(request["template"], database)
    live = request.get("live")
    if live and live.startswith("postgresql://"):
        _copy_from_postgres(live, database)
    elif live and os.path.exists(live):
        _copy_user_tables(live, database)
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:///" + database
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = folder
    os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = os.path.join(request["work_dir"], "logs")
    os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = str(request["timeout_ms"] / 1000)
    if folder not in sys.path:
        sys.path.append(folder)


def _copy_from_postgres(live, database):
    """The same from the containers' database; while nobody serves it, there is nothing that the user could have made."""
    import psycopg2

    try:
        source = psycopg2.connect(live, connect_timeout=2)
    except psycopg2.OperationalError:
        return
    connection = sqlite3.connect(database)
    try:
        for table in USER_TABLES:
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            cursor = source.cursor()
            cursor.execute(f"SELECT {', '.join(names)} FROM {table}")
            connection.execute(f"DELETE FROM {table}")
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", cursor.fetchall())
        connection.commit()
    finally:
        connection.close()
        source.close()


def _copy_user_tables(live, database):
    """What the user made in the UI; the template knows none of it."""
    connection = sqlite3.connect(database, uri=True)
    try:
        connection.execute("ATTACH ? AS live", (Path(live).as_uri() + "?mode=ro",))
        for table in USER_TABLES:
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM live.{table}")
        connection.commit()
    finally:
        connection.close()
