"""test_dag: watches over the process that runs one DAG (dag_run.py)."""

import select
import signal
import sys
import time
from functools import partial

import dag_files
import dag_run
from sandbox_changes import SandboxChanges
from user_limits import LogWatch
from user_process import GRACE_S, UserProcess

# How long a task can fill the disk unseen.
LOOK_S = 0.1
# What on_kill gets to end what the task started elsewhere, before the place where the task hangs is asked for.
TERM_S = 1.0


def test_dag(request, events):
    """The events of the run as they happen; the last one is `done`, whatever the DAG does to its process."""
    watch = _Watch(request, events)
    process = UserProcess(partial(dag_run.run_request, request), request["timeout_ms"] / 1000)
    while not watch.is_done:
        ready, _, _ = select.select([process.descriptor], [], [], min(LOOK_S, process.time_left_s()))
        watch.log.look()
        if not ready and process.time_left_s() > 0:
            continue
        arrived = process.read_events() if ready else watch.time_out(process)
        if arrived is None:
            break
        for event in arrived:
            watch.take(event)
            if event["event"] == "task" and not watch.is_done:
                process.let_go_on()
    if not process.says_farewell():
        process.kill()
    ending = process.wait()
    if not watch.is_done:
        watch.finish(ending)


class _Watch:
    """Passes the events on, and knows what was going on when they stop."""

    def __init__(self, request, events):
        self._limit = f"still running after {request['timeout_ms'] / 1000:g} s"
        self._events = events
        self._started = time.monotonic()
        self._file = None
        self._running = None
        self._running_since = self._started
        self._steps = None
        self.log = LogWatch()
        self._sandbox = SandboxChanges(request.get("sandbox"))
        self.is_done = False

    def take(self, event):
        kind = event["event"]
        if self._is_late():
            self._take_late(event)
        elif kind == "importing":
            self._file = event["file"]
        else:
            self._follow(kind, event)
            self._events.forward(event)
            self.is_done = kind == "done"

    def _follow(self, kind, event):
        if kind == "dag":
            self._file = None
        elif kind == "running":
            self._running, self._running_since = event, time.monotonic()
            self.log.follow(event["log"])
        elif kind == "task":
            self._running = None
            event["log_cut_bytes"] = self.log.cut_bytes
            self.log.follow(None)
            event["data"] = self._sandbox.since_last_look()

    def _take_late(self, event):
        """The last word of a process that was told to end: it knows the place where it hung."""
        if event.get("error"):
            event["error"].update(type="Timeout", message=self._limit)
        if event["event"] == "task":
            event["log_cut_bytes"] = self.log.cut_bytes
            self._events.forward(event)
            self._send_done("timeout", task=event["task_id"], map_index=event["map_index"])
        elif event["event"] == "done":
            self._send_done("timeout", file=event.get("file"), error=event.get("error"))

    def _is_late(self):
        return self._steps is not None

    def time_out(self, process):
        """Asks the process in steps to end by itself; None when it had its time.

        TERM has Airflow end what the task started (on_kill), the other signal then raises TimeoutError where the process is.
        """
        if self._steps is None:
            self._steps = [dag_run.TIMEOUT_SIGNAL] if self._running is None else [signal.SIGTERM, dag_run.TIMEOUT_SIGNAL]
        if not self._steps:
            return None
        process.signal(self._steps.pop(0))
        process.give(TERM_S if self._steps else GRACE_S)
        return []

    def finish(self, ending):
        """The process ended without `done`: say so for the task or file that it was at."""
        running = self._running
        if running is not None:
            kind, message = ("Timeout", self._limit) if self._is_late() else ("ProcessExit", ending)
            fields = {name: running[name] for name in ("task_id", "map_index", "log")}
            fields["log_cut_bytes"] = self.log.cut_bytes
            error = dag_files.process_error(kind, message)
            self._events.send("task", **fields, state="failed", duration_ms=_elapsed_ms(self._running_since), xcom=[], error=error)
        if self._is_late():
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
