"""Answers one request of devbox. User code runs in forked children: it may hang, exit or crash without losing the answer."""

import json
import os
import select
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections import deque

import airflow_api
import dag_files
import dag_run
from host_process import EventStream, die_with_parent

# What a child gets beyond the request's own limit, to report its timeout itself with the place where it hung.
GRACE_S = 2.0
FILES_PER_CHILD = 25
USER_TABLES = ("connection", "variable", "slot_pool")


def answer(request, events):
    """Answer `request` on `events`; the last event is `done`."""
    operations = {"check_dags": _check_dags, "test_dag": _test_dag}
    if request.get("protocol") != 1 or request.get("op") not in operations:
        asked = f"protocol {request.get('protocol')}, op {request.get('op')!r}"
        sys.exit(f"airflow_host: cannot answer {asked}; devbox and its workers must be of one version")
    _prepare(request)
    airflow_api.import_for_requests()
    operations[request["op"]](request, events)


def _prepare(request):
    """The environment and database of this request; must come before Airflow is imported, which reads both."""
    folder = request["dags_folder"]
    database = os.path.join(request["work_dir"], "airflow.db")
    shutil.copyfile(request["template"], database)
    if request.get("live") and os.path.exists(request["live"]):
        _copy_user_tables(request["live"], database)
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:///" + database
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = folder
    os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = os.path.join(request["work_dir"], "logs")
    os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = str(request["timeout_ms"] / 1000)
    if folder not in sys.path:
        sys.path.append(folder)


def _copy_user_tables(live, database):
    """What the user made in the UI; the template knows none of it."""
    connection = sqlite3.connect(database, uri=True)
    try:
        connection.execute("ATTACH ? AS live", (f"file:{live.replace('?', '%3f').replace('#', '%23')}?mode=ro",))
        for table in USER_TABLES:
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM live.{table}")
        connection.commit()
    finally:
        connection.close()


class _Child:
    """A forked process that runs work(events) and whose events arrive here."""

    def __init__(self, work, timeout_s):
        read, write = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(read)
            _run_child(work, write, parent)
        os.close(write)
        self.descriptor = read
        self.timeout_s = timeout_s
        self._buffer = b""
        self.extend()

    def extend(self):
        self.deadline = time.monotonic() + self.timeout_s

    def read_events(self):
        """The events that have arrived; None at the end of the child."""
        data = os.read(self.descriptor, 1 << 16)
        if not data:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def wait(self):
        """Says how the child ended, as the reason why it sent no more."""
        os.close(self.descriptor)
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            return f"the Python process was killed by signal {os.WTERMSIG(status)} ({signal.Signals(os.WTERMSIG(status)).name})"
        return f"the Python process ended at once with exit code {os.WEXITSTATUS(status)} (os._exit?)"

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _run_child(work, descriptor, parent):
    status = 70
    try:
        os.setsid()
        die_with_parent(parent)
        work(EventStream(descriptor))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _check_dags(request, events):
    started = time.monotonic()
    files = _files_to_check(request, events)
    children = {}
    jobs = max(1, min(os.cpu_count() or 1, len(files) // FILES_PER_CHILD))
    for job in range(jobs):
        _start_check(deque(files[job::jobs]), request, children)
    while children:
        now = time.monotonic()
        wait = max(0.0, min(child.deadline for child, _ in children.values()) - now)
        ready, _, _ = select.select(list(children), [], [], wait)
        for descriptor in ready:
            _take_checked(descriptor, children, request, events)
        for descriptor, (child, _) in list(children.items()):
            if time.monotonic() > child.deadline:
                child.kill()
                message = f"the import did not end within {request['timeout_ms'] / 1000:g} s"
                _end_check(descriptor, children, request, events, "ImportTimeout", message)
    events.send("done", state="success", duration_ms=_elapsed_ms(started))


def _files_to_check(request, events):
    """The candidates; a file that was asked for by name but that Airflow would ignore is answered here."""
    candidates = airflow_api.list_python_files(request["dags_folder"])
    if not request.get("files"):
        return candidates
    known = set(candidates)
    for path in request["files"]:
        if path not in known:
            found = dag_files.DagFile(path)
            found.skipped = "airflowignore" if os.path.exists(path) else "missing"
            events.send("file", **found.as_event())
    return [path for path in request["files"] if path in known]


def _start_check(queue, request, children):
    def work(events):
        for path in list(queue):
            found = dag_files.load(path, request["dags_folder"])
            if found.error is None:
                dag_files.check_serializable(found)
            events.send("file", **found.as_event())

    if queue:
        child = _Child(work, request["timeout_ms"] / 1000 + GRACE_S)
        children[child.descriptor] = (child, queue)


def _take_checked(descriptor, children, request, events):
    child, queue = children[descriptor]
    arrived = child.read_events()
    if arrived is None:
        _end_check(descriptor, children, request, events, "ProcessExit", None)
        return
    for event in arrived:
        queue.popleft()
        child.extend()
        events.forward(event)


def _end_check(descriptor, children, request, events, kind, message):
    """The child is gone: what it had not answered is the file that ended it, then files for a new child."""
    child, queue = children.pop(descriptor)
    ending = child.wait()
    if queue:
        found = dag_files.DagFile(queue.popleft())
        found.error = dag_files.process_error(kind, message or f"{ending} while the file was imported")
        events.send("file", **found.as_event())
        _start_check(queue, request, children)


def _test_dag(request, events):
    watch = _TestWatch(request, events)
    child = _Child(lambda child_events: dag_run.test_dag(request, child_events), request["timeout_ms"] / 1000)
    while not watch.is_done:
        ready, _, _ = select.select([child.descriptor], [], [], max(0.0, child.deadline - time.monotonic()))
        arrived = child.read_events() if ready else watch.time_out(child)
        if arrived is None:
            break
        for event in arrived:
            watch.take(event)
    child.kill()
    ending = child.wait()
    if not watch.is_done:
        watch.finish(ending)


class _TestWatch:
    """Passes on the events of a DAG's run, and knows what was going on when they stop."""

    def __init__(self, request, events):
        self._request = request
        self._events = events
        self._started = time.monotonic()
        self._file = None
        self._running = None
        self._running_since = self._started
        self._is_late = False
        self._steps = []
        self.is_done = False

    def take(self, event):
        kind = event["event"]
        if self._is_late:
            self._take_late(event)
            return
        if kind == "importing":
            self._file = event["file"]
            return
        if kind == "dag":
            self._file = None
        elif kind == "running":
            self._running = event
            self._running_since = time.monotonic()
        elif kind == "task":
            self._running = None
        self._events.forward(event)
        self.is_done = kind == "done"

    def _take_late(self, event):
        """The last word of a child that was told to end: it knows the place where it hung."""
        if event.get("error"):
            event["error"].update(type="Timeout", message=self._too_long())
        if event["event"] == "task":
            self._events.forward(event)
            self._send_done("timeout", task=event["task_id"], map_index=event["map_index"])
        elif event["event"] == "done":
            self._send_done("timeout", file=event.get("file"), error=event.get("error"))

    def _too_long(self):
        return f"still running after {self._request['timeout_ms'] / 1000:g} s"

    def time_out(self, child):
        """Asks the child in steps to end by itself; None when it had its time.

        TERM has Airflow end what the task started (on_kill), the child's own signal then raises TimeoutError where it is.
        """
        if not self._is_late:
            self._steps = [dag_run.TIMEOUT_SIGNAL] if self._running is None else [signal.SIGTERM, dag_run.TIMEOUT_SIGNAL]
            self._is_late = True
        if not self._steps:
            return None
        child.timeout_s = GRACE_S / 2
        child.extend()
        try:
            os.kill(child.pid, self._steps.pop(0))
        except ProcessLookupError:
            return None
        return []

    def finish(self, ending):
        """The child ended without `done`: say so for the task or file that it was at."""
        running = self._running
        if running is not None:
            kind, message = ("Timeout", self._too_long()) if self._is_late else ("ProcessExit", ending)
            error = dag_files.process_error(kind, message)
            fields = {name: running[name] for name in ("task_id", "map_index", "log")}
            duration_ms = _elapsed_ms(self._running_since)
            self._events.send("task", **fields, state="failed", duration_ms=duration_ms, xcom=[], error=error)
        if self._is_late:
            where = {"task": running["task_id"], "map_index": running["map_index"]} if running else {"file": self._file}
            self._send_done("timeout", **where)
        elif self._file is not None:
            error = dag_files.process_error("ProcessExit", f"{ending} while the file was imported")
            self._send_done("import_error", file=self._file, error=error)
        elif running is not None:
            self._send_done("failed")
        else:
            sys.exit(f"airflow_host: {ending} before the DAG had ended; see the traceback above")

    def _send_done(self, state, **fields):
        self.is_done = True
        self._events.send("done", state=state, **fields, duration_ms=_elapsed_ms(self._started))


def _elapsed_ms(since):
    return round((time.monotonic() - since) * 1000)
