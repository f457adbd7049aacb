"""Running one DAG for real, in the process that dag_test.py watches, with one log file and one event per task."""

import os
import re
import signal
import sqlite3
import sys
import time
from contextlib import closing

import airflow_api
import airflow_runs
import airflow_warm
import dag_debugger
import dag_files
from xcom_files import XComFiles

# Raises TimeoutError where the process is; Airflow uses TERM and USR2 itself.
TIMEOUT_SIGNAL = signal.SIGUSR1
FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")


def run_request(request, events, pauses):
    """Find the DAG, run it, send the events; always ends with `done`."""
    started = time.monotonic()
    signal.signal(TIMEOUT_SIGNAL, _raise_timeout)
    airflow_warm.settle(request)
    outcome = _begin_debugger(request, events) or _find(request, events)
    if "dag" in outcome:
        outcome = _run(outcome["dag"], outcome["file"], request, events, pauses)
    events.send("done", **outcome, duration_ms=round((time.monotonic() - started) * 1000))


def _begin_debugger(request, events):
    """None, or why nothing can run."""
    try:
        if request.get("debug"):
            dag_debugger.begin(request, events)
    except dag_debugger.NoDebugger as error:
        return {"state": "no_debugger", "message": str(error)}
    return None


def _raise_timeout(*_):
    raise TimeoutError("told to end")


def _find(request, events):
    """{"dag", "file"} or the fields of a `done` that says why not."""
    folder, dag_id, hint = request["dags_folder"], request["dag_id"], request.get("file")
    seen, errors = [], []
    for path in _candidates(folder, dag_id, hint):
        events.send("importing", file=path)
        found = dag_files.load(path, folder)
        if dag_id in found.dags and found.error is None:
            return {"dag": found.dags[dag_id], "file": found}
        if found.error is not None:
            if path == hint or dag_id in found.dags or _mentions(path, dag_id):
                return {"state": "import_error", "file": path, "error": found.error}
            errors.append({"file": path, "error": found.error})
        seen.extend(found.dags)
    return {"state": "unknown_dag", "dags": sorted(set(seen)), "import_errors": errors}


def _candidates(folder, dag_id, hint):
    """The hinted file, then those that mention the id, then the others: most searches end at the first."""
    paths = [path for path in airflow_api.list_python_files(folder) if path != hint]
    mentions = {path: _mentions(path, dag_id) for path in paths}
    return ([hint] if hint else []) + sorted(paths, key=lambda path: not mentions[path])


def _mentions(path, dag_id):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return re.search(rf"(?<![\w.-]){re.escape(dag_id)}(?![\w.-])", file.read()) is not None
    except OSError:
        return False


def _run(dag, found, request, events, pauses):
    task_ids = list(dag.task_ids)
    warnings = dag_files.pool_warnings(found, dag, airflow_warm.database_of(request))
    events.send("dag", dag_id=dag.dag_id, file=found.path, line=found.lines.get(dag.dag_id), tasks=task_ids, warnings=warnings)
    if request.get("task"):
        if request["task"] not in task_ids:
            return {"state": "unknown_task", "tasks": task_ids}
        dag = airflow_runs.only_task(dag, request["task"])
    airflow_runs.set_retries(dag, request.get("retries") or 0)
    if request.get("debug"):
        airflow_runs.lift_timeouts(dag)
    recorder = _Recorder(dag.dag_id, request, events, pauses)
    run = airflow_runs.run_dag(dag, request.get("logical_date"), request.get("conf") or {}, recorder)
    recorder.send_rest(dag.task_ids)
    return {"state": str(getattr(run.state, "value", run.state))}


class _Recorder:
    """Follows the attempts of tasks: sends stdout to the task's log, and tells the state that the database holds afterwards."""

    def __init__(self, dag_id, request, events, pauses):
        self._dag_id = dag_id
        self._log_dir = request["log_dir"]
        self._database = airflow_warm.database_of(request)
        self._events = events
        self._pauses = pauses
        self._tasks = {}
        self._saved = None
        self._error = None
        self._reason = None
        self._xcoms = XComFiles(self._database, os.path.join(self._log_dir, "xcom"), dag_id)
        self._is_lone_task = bool(request.get("task"))
        os.makedirs(self._log_dir, exist_ok=True)
        if not self._is_lone_task:
            self._xcoms.clear()

    def begin(self, ti):
        key = (ti.task_id, ti.map_index)
        task = self._tasks.get(key)
        if task is None:
            name = ti.task_id if ti.map_index < 0 else f"{ti.task_id}.{ti.map_index}"
            task = self._tasks[key] = {"log": os.path.join(self._log_dir, name + ".log"), "seconds": 0.0, "sent": False}
            open(task["log"], "w").close()
            if self._is_lone_task:
                self._xcoms.restore(ti.task_id, ti.run_id)
        self._error = self._reason = None
        self._events.send("running", task_id=ti.task_id, map_index=ti.map_index, log=task["log"])
        self._saved = _send_output_to(task["log"])
        task["started"] = time.monotonic()

    def failed(self, error):
        self._error = error
        dag_debugger.look_at(error)

    def skipped(self, reason):
        self._reason = reason

    def end(self, ti):
        task = self._tasks[(ti.task_id, ti.map_index)]
        task["seconds"] += time.monotonic() - task["started"]
        _restore_output(self._saved)
        state = self._state(ti)
        if state in FINISHED:
            self._send(ti.task_id, ti.map_index, state, task)

    def _send(self, task_id, map_index, state, task):
        task["sent"] = True
        if state == "success" and not self._is_lone_task:
            self._xcoms.keep(task_id, map_index)
        error = dag_files.describe_error(self._error) if self._error is not None and state == "failed" else None
        self._events.send(
            "task",
            task_id=task_id,
            map_index=map_index,
            state=state,
            duration_ms=round(task["seconds"] * 1000),
            log=task.get("log"),
            xcom=self._xcoms.read(task_id, map_index),
            error=error,
            reason=self._reason if state == "skipped" and self._reason else None,
        )
        # The sandbox is looked at now: the next task may be quick to write to it.
        self._pauses.wait()

    def send_rest(self, task_ids):
        """The tasks that never ran, or that changed state without running (skipped, upstream_failed)."""
        self._error = self._reason = None
        rows = self._query("SELECT task_id, map_index, state FROM task_instance WHERE dag_id = ?", self._dag_id)
        known = {task_id for task_id, _, _ in rows}
        rows += [(task_id, -1, None) for task_id in task_ids if task_id not in known]
        for task_id, map_index, state in rows:
            task = self._tasks.get((task_id, map_index), {"seconds": 0.0, "sent": False})
            if not task["sent"]:
                self._send(task_id, map_index, state, task)

    def _state(self, ti):
        where = "WHERE dag_id = ? AND run_id = ? AND task_id = ? AND map_index = ?"
        rows = self._query("SELECT state FROM task_instance " + where, self._dag_id, ti.run_id, ti.task_id, ti.map_index)
        return rows[0][0] if rows else None

    def _query(self, sql, *parameters):
        with closing(sqlite3.connect(self._database)) as database:
            return database.execute(sql, parameters).fetchall()


def _send_output_to(path):
    """Point descriptors 1 and 2 at the file, for subprocesses too; returns what _restore_output needs."""
    _flush()
    saved = os.dup(1), os.dup(2)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    return saved


def _restore_output(saved):
    _flush()
    for number, descriptor in zip((1, 2), saved):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _flush():
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
