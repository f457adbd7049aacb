"""What a task wrote to the sandbox: its tables before and after.

Looked at from the process that watches over the tasks: user code may have the file open through another SQLite library (DuckDB's), and
two of them in one process would take each other's locks away.
"""

import os
import sqlite3
from pathlib import Path

BUSY_S = 2.0
SAMPLE_ROWS = 5
CELL_CHARACTERS = 200
# Tables up to this size are compared by content, larger ones by number of rows and place.
COMPARED_ROWS = 2000
TABLES = "SELECT name, rootpage, sql FROM sqlite_master WHERE type = 'table' AND NOT (name GLOB 'sqlite_*' OR name GLOB '_devbox_*')"


class SandboxChanges:
    """Remembers the tables of the database at `path`; a file that is missing or cannot be read has none."""

    def __init__(self, path):
        self._path = path
        self._database = None
        self._version = None
        self._tables = {}
        self.since_last_look()

    def since_last_look(self):
        """What is different now, as `data` of docs/PROTOCOL.md."""
        try:
            if not self._is_open() or not self._was_written():
                return []
            before, self._tables = self._tables, self._look()
            names = sorted(before.keys() | self._tables.keys())
            return [self._describe(name, before.get(name)) for name in names if before.get(name) != self._tables.get(name)]
        except sqlite3.Error:
            return []

    def _is_open(self):
        if self._database is None and self._path and os.path.exists(self._path):
            self._database = sqlite3.connect(Path(self._path).as_uri() + "?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None)
        return self._database is not None

    def _was_written(self):
        before, self._version = self._version, self._query("PRAGMA data_version")[0][0]
        return self._version != before

    def _look(self):
        return {name: self._measure(name, root, sql) for name, root, sql in self._query(TABLES)}

    def _measure(self, name, root, sql):
        table = _quoted(name)
        rows = self._query(f"SELECT count(*) FROM {table}")[0][0]
        has_rowid = "WITHOUT ROWID" not in (sql or "").upper()
        last = self._query(f"SELECT max(rowid) FROM {table}")[0][0] if has_rowid else None
        content = hash(tuple(self._query(f"SELECT * FROM {table}"))) if rows <= COMPARED_ROWS else None
        return {"rows": rows, "root": root, "sql": sql, "last": last, "content": content}

    def _describe(self, name, before):
        now = self._tables.get(name)
        change = {"table": name, "rows_before": before["rows"] if before else 0, "rows_after": now["rows"] if now else 0}
        if now is None:
            return {**change, "is_dropped": True}
        is_appended = before and (before["root"], before["sql"]) == (now["root"], now["sql"]) and now["rows"] > before["rows"]
        condition = f"WHERE rowid > {before['last']}" if is_appended and before["last"] is not None else ""
        cursor = self._database.execute(f"SELECT * FROM {_quoted(name)} {condition} LIMIT {SAMPLE_ROWS}")
        sample = [[_shown(cell) for cell in row] for row in cursor]
        return {**change, "columns": [column[0] for column in cursor.description], "sample": sample}

    def _query(self, sql):
        return self._database.execute(sql).fetchall()


def _quoted(name):
    return '"' + name.replace('"', '""') + '"'


def _shown(cell):
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return f"{len(cell)} bytes"
    text = str(cell)
    return text if len(text) <= CELL_CHARACTERS else text[:CELL_CHARACTERS] + "…"
