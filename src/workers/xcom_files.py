"""XComs of a DAG's test run: read for the events, and kept beside the logs so that one task can be run again alone."""

import json
import os
import shutil
import sqlite3
from contextlib import closing

MAX_SHOWN_BYTES = 64 * 1024
COLUMNS = "task_id, map_index, key, value"


class XComFiles:
    """The XComs of one DAG in `database`; those of its last whole run are in `folder`."""

    def __init__(self, database, folder, dag_id):
        self._database = database
        self._folder = folder
        self._dag_id = dag_id

    def clear(self):
        shutil.rmtree(self._folder, ignore_errors=True)

    def read(self, task_id, map_index):
        """What the task left, as `xcom` of docs/PROTOCOL.md."""
        return [{"key": key, **_shown(value)} for _, _, key, value in self._rows(task_id, map_index)]

    def keep(self, task_id, map_index):
        rows = [row for row in self._rows(task_id, map_index) if _as_text(row[3]) is not None]
        if rows:
            os.makedirs(self._folder, exist_ok=True)
            with open(os.path.join(self._folder, f"{task_id}.{map_index}.json"), "w", encoding="utf-8") as file:
                json.dump([[*row[:3], _as_text(row[3]), isinstance(row[3], bytes)] for row in rows], file)

    def restore(self, task_id, run_id):
        """Give the run of a lone task what the others left in their last run."""
        files = sorted(os.listdir(self._folder)) if os.path.isdir(self._folder) else []
        with closing(sqlite3.connect(self._database)) as database, database:
            for name in files:
                with open(os.path.join(self._folder, name), encoding="utf-8") as file:
                    for *place, text, is_bytes in json.load(file):
                        if place[0] == task_id:
                            continue
                        database.execute(
                            f"INSERT OR IGNORE INTO xcom ({COLUMNS}, dag_run_id, dag_id, run_id, timestamp)"
                            " SELECT ?, ?, ?, ?, id, dag_id, run_id, start_date FROM dag_run WHERE dag_id = ? AND run_id = ?",
                            (*place, text.encode() if is_bytes else text, self._dag_id, run_id),
                        )

    def _rows(self, task_id, map_index):
        where = "dag_id = ? AND task_id = ? AND map_index = ? ORDER BY key"
        with closing(sqlite3.connect(self._database)) as database:
            return database.execute(f"SELECT {COLUMNS} FROM xcom WHERE {where}", (self._dag_id, task_id, map_index)).fetchall()


def _as_text(stored):
    """Airflow 2 stores JSON as bytes, Airflow 3 as text (SQLite turns a lone number into one); None for a pickle."""
    if isinstance(stored, bytes):
        try:
            return stored.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return None if stored is None else str(stored)


def _shown(stored):
    text = _as_text(stored)
    if text is None:
        return {"value": None if stored is None else repr(stored[:1024])}
    if len(text) > MAX_SHOWN_BYTES:
        return {"value": text[:1024], "truncated": True}
    try:
        return {"value": json.loads(text)}
    except ValueError:
        return {"value": text}
