"""check_dags: import and serialise DAG files, several processes at a time."""

import os
import select
import time
from collections import deque
from functools import partial

import airflow_api
import airflow_warm
import dag_files
from file_uses import FileUses
from user_process import GRACE_S, UserProcess

FILES_PER_PROCESS = 25


def check_dags(request, events):
    """One event `file` per file, then `done`."""
    started = time.monotonic()
    left = _Check(request, events).run()
    events.send("done", state="success", duration_ms=round((time.monotonic() - started) * 1000), left=left)


def _check_files(request, paths, events, _):
    airflow_warm.settle(request)
    for path in paths:
        with FileUses(path, request.get("uses_below") or []) as uses:
            found = dag_files.load(path, request["dags_folder"])
            if found.error is None:
                dag_files.check_dags(found, airflow_warm.database_of(request))
        events.send("file", **found.as_event(), **uses.as_event())


class _Check:
    """Shares the files out to processes; a file that ends or hangs its process is answered for it."""

    def __init__(self, request, events):
        self._request = request
        self._limit_s = request["timeout_ms"] / 1000
        self._wanted = request.get("files") or []
        self._is_fail_fast = bool(request.get("fail_fast"))
        self._left = 0
        self._events = events
        self._processes = {}

    def run(self):
        """The number of files that were left out after a red one."""
        files = self._choose_files()
        jobs = max(1, min(os.cpu_count() or 1, len(files) // FILES_PER_PROCESS))
        for job in range(jobs):
            self._start(deque(files[job::jobs]))
        while self._processes:
            wait_s = min(process.time_left_s() for process, _ in self._processes.values())
            ready, _, _ = select.select(list(self._processes), [], [], wait_s)
            # What comes before may have stopped all.
            for descriptor in ready:
                if descriptor in self._processes:
                    self._take(descriptor)
            for descriptor, (process, _) in list(self._processes.items()):
                if descriptor in self._processes and process.time_left_s() == 0.0:
                    process.kill()
                    self._end(descriptor, "ImportTimeout", f"the import did not end within {self._limit_s:g} s")
        return self._left

    def _choose_files(self):
        """The candidates; a file that was asked for by name but that Airflow would not see is answered here."""
        candidates = airflow_api.list_python_files(self._request["dags_folder"])
        if not self._wanted:
            return candidates
        known = set(candidates)
        for path in self._wanted:
            if path not in known:
                found = dag_files.DagFile(path)
                found.skipped = "airflowignore" if os.path.exists(path) else "missing"
                self._events.send("file", **found.as_event())
        return [path for path in self._wanted if path in known]

    def _start(self, queue):
        if queue:
            process = UserProcess(partial(_check_files, self._request, list(queue)), self._limit_s + GRACE_S)
            self._processes[process.descriptor] = (process, queue)

    def _take(self, descriptor):
        process, queue = self._processes[descriptor]
        arrived = process.read_events()
        if arrived is None:
            self._end(descriptor, "ProcessExit", None)
            return
        for event in arrived:
            queue.popleft()
            process.give(self._limit_s + GRACE_S)
            self._events.forward(event)
            if event["error"] and self._is_fail_fast:
                self._stop()
                return

    def _stop(self):
        for process, queue in self._processes.values():
            self._left += len(queue)
            process.kill()
            process.wait()
        self._processes.clear()

    def _end(self, descriptor, kind, message):
        """The process is gone: what it had not answered is the file that ended it, then files for a new process."""
        process, queue = self._processes.pop(descriptor)
        ending = process.wait()
        if queue:
            found = dag_files.DagFile(queue.popleft())
            found.error = dag_files.process_error(kind, message or f"{ending} while the file was imported")
            self._events.send("file", **found.as_event())
            if self._is_fail_fast:
                self._left += len(queue)
                self._stop()
            else:
                self._start(queue)
