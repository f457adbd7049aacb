#!/usr/bin/env python3
"""The sandbox database for devbox on the host, where SQLite's locks do not cross the engine's file sharing: sandbox_door.py, with one request
as JSON on stdin and one answer as JSON on stdout. All requests have `op`, `database` (its path) and `busyMs`.

op query     sql, mayWrite, limitBytes              → columns, rows, changes (of a statement that wrote and gives no rows; else null)
op execute   attach, prepare, guard, statements     → isStale: true when the guard's query no longer gives the guard's rows; then nothing was changed
op backup    to                                     → {}
op overwrite from                                   → {}: the database becomes what that one is, in one transaction
op copy      lock, lockMs, files of [from, to]      → {}: copies those that are there, while dbt's lock is ours

A cell of a row is null, an integer, a text, or for a real [as SQLite writes it, with all digits]. Trouble with the database is an answer too:
{"error": {"kind", "words", "code", "sql"}}, with kind open, refused, none, many (statements), writes (though it may not), tooLarge, copy, lock.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import sqlite3
import sys
import time
import uuid

NOTHING = re.compile(r"(\s|;|--[^\n]*(\n|$)|/\*.*?(\*/|$))*", re.S)
READONLY, OTHER = 8, 1
CODES = {"locked": 5, "readonly": READONLY, "full": 13}  # Python before 3.11 does not tell the code
READING = {sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_PRAGMA,
           sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}


class Trouble(Exception):
    def __init__(self, kind, words="", code=0, sql=""):
        super().__init__(words)
        self.answer = {"error": {"kind": kind, "words": words, "code": code, "sql": sql}}


def code_of(error):
    words = str(error)
    return getattr(error, "sqlite_errorcode", None) or next((code for word, code in CODES.items() if word in words), OTHER)


def decode(value):
    return value.decode("utf-8", "replace").split("\0")[0]


def open_database(request, mode):
    path = "file:" + request["database"].replace("%", "%25").replace("?", "%3f").replace("#", "%23") + "?mode=" + mode
    try:
        database = sqlite3.connect(path, uri=True, timeout=request["busyMs"] / 1000, isolation_level=None)
        database.text_factory = decode
        database.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise Trouble("open", str(error), code_of(error)) from None
    return contextlib.closing(database)


class Watch:
    """Sees whether a statement changes the database, before it does; stops it when it may not."""

    def __init__(self, sql, may_write):
        words = sql.split(None, 1)
        self.is_explained = bool(words) and words[0].upper() == "EXPLAIN"
        self.may_write, self.wrote, self.is_off = may_write, False, False

    def __call__(self, action, *_):
        if action in READING or self.is_explained or self.is_off:
            return sqlite3.SQLITE_OK
        self.wrote = True
        return sqlite3.SQLITE_OK if self.may_write else sqlite3.SQLITE_DENY


def run_statement(database, sql, parameters=()):
    """The cursor; parameters that nobody gave are NULL, as in SQLite itself."""
    try:
        return database.execute(sql, parameters)
    except sqlite3.ProgrammingError as error:
        missing = re.search(r"uses (\d+), and there are 0", str(error))
        if not missing:
            raise
    return database.execute(sql, (None,) * int(missing[1]))


def cell(value, database):
    if isinstance(value, float):
        return [database.execute("SELECT CAST(? AS TEXT)", (value,)).fetchone()[0], repr(value)]
    return decode(value) if isinstance(value, bytes) else value


def read_rows(cursor, database, limit):
    rows, size = [], 0
    for row in cursor:
        cells = [cell(value, database) for value in row]
        size += len(json.dumps(cells, ensure_ascii=False).encode("utf-8", "replace"))
        if size > limit:
            raise Trouble("tooLarge")
        rows.append(cells)
    return rows


def query(request):
    sql = request["sql"]
    if NOTHING.fullmatch(sql):
        raise Trouble("none", sql=sql)
    with open_database(request, "rw" if request["mayWrite"] else "ro") as database:
        watch = Watch(sql, request["mayWrite"])
        database.set_authorizer(watch)
        try:
            cursor = run_statement(database, sql)
            watch.is_off = True  # taken away, it would have the statement prepared again
            columns = [column[0] for column in cursor.description or []]
            rows = read_rows(cursor, database, request["limitBytes"])
            changes = database.execute("SELECT changes()").fetchone()[0] if watch.wrote and not columns else None
        except (sqlite3.Warning, sqlite3.Error) as error:
            if "one statement at a time" in str(error):
                raise Trouble("many", sql=sql) from None
            if not watch.may_write and (watch.wrote or code_of(error) & 0xFF == READONLY):
                raise Trouble("writes") from None
            raise Trouble("refused", str(error), code_of(error), sql) from None
    return {"columns": columns, "rows": rows, "changes": changes}


def is_stale(database, guard):
    found = [list(row) for row in database.execute(guard["sql"])]
    return sorted(found, key=repr) != sorted(guard["rows"], key=repr)


def execute(request):
    """One transaction; what ends it early, a KILL too, takes everything back."""
    sql = ""
    with open_database(request, "rw") as database:
        try:
            for sql, parameters in (("PRAGMA journal_mode = WAL", []), ("ATTACH ?1 AS loaded", [request["attach"]]), ("BEGIN IMMEDIATE", [])):
                database.execute(sql, parameters).fetchall()
            for sql in request["prepare"]:
                database.execute(sql)
            sql = request["guard"]["sql"]
            if is_stale(database, request["guard"]):
                return {"isStale": True}
            for statement in request["statements"]:
                sql = statement["sql"]
                database.execute(sql, statement["parameters"])
            sql = "COMMIT"
            database.execute(sql)
        except sqlite3.Error as error:
            raise Trouble("refused", str(error), code_of(error), sql) from None
    return {"isStale": False}


@contextlib.contextmanager
def new_file(to):
    """A private file of a new name that becomes `to`: what the engine's file sharing remembers of an old one does not matter then."""
    made = "%s.%s" % (to, uuid.uuid4().hex)
    try:
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield made
        os.replace(made, to)
    except (sqlite3.Error, OSError) as error:
        raise Trouble("copy", str(error), code_of(error)) from None
    finally:
        with contextlib.suppress(OSError):
            os.remove(made)


def backup(request):
    with open_database(request, "ro") as database, new_file(request["to"]) as made:
        with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as target:
            database.backup(target)
        for end in ("-wal", "-shm", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(request["to"] + end)
    return {}


def overwrite(request):
    deadline = time.monotonic() + request["busyMs"] / 1000

    def watch(*_):
        if time.monotonic() > deadline:
            raise Trouble("copy", "database is locked", CODES["locked"])

    with contextlib.suppress(FileExistsError):
        os.close(os.open(request["database"], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with open_database({**request, "database": request["from"]}, "ro") as source, open_database(request, "rw") as database:
        try:
            source.backup(database, progress=watch)  # which waits for whoever has it locked, by itself for ever
            database.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.Error as error:
            raise Trouble("copy", str(error), code_of(error)) from None
    return {}


def take_lock(path, timeout_ms):
    """As dbt_run.py takes it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Trouble("lock", "dbt is busy: something in a container holds %s, waited %.0f s" % (path, timeout_ms / 1000)) from None
            time.sleep(0.05)


def copy(request):
    take_lock(request["lock"], request["lockMs"])  # until this process ends
    for source, to in request["files"]:
        if os.path.exists(source):
            with new_file(to) as made:
                shutil.copyfile(source, made)
    return {}


def main():
    request = json.load(sys.stdin.buffer)
    try:
        answer = {"query": query, "execute": execute, "backup": backup, "overwrite": overwrite, "copy": copy}[request["op"]](request)
    except Trouble as trouble:
        answer = trouble.answer
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


if __name__ == "__main__":
    main()
