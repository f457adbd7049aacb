#!/usr/bin/env python3
"""devbox's host for Airflow, run by the Python of an Airflow environment. docs/PROTOCOL.md is its contract.

    airflow_host.py components     forks Airflow's components from one process that has imported Airflow once
    airflow_host.py request        answers one request about DAG files
"""

import ctypes
import gc
import json
import os
import select
import signal
import sys
import threading
import time

# User code is imported from the checkout, which must stay clean; and a .pyc is keyed by whole seconds, too coarse for a fast edit.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

PR_SET_PDEATHSIG = 1
STOP_GRACE_S = 8.0
WAKING_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class EventStream:
    """Writes events to what stdout was at start; from then on stdout is stderr, so that no library can break the stream."""

    def __init__(self):
        self._descriptor = os.dup(1)
        os.dup2(2, 1)

    def send(self, event, **fields):
        line = json.dumps({"event": event, **fields}, ensure_ascii=False, default=str) + "\n"
        data = line.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self):
        os.close(self._descriptor)


class ComponentHost:
    """The parent of the components: starts them on command and reports their ends."""

    def __init__(self, events):
        self._events = events
        self._services = {}
        self._input = b""
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)

    def serve(self):
        """Returns None when the host is to end, and in each forked child the argv of the component that it is to become."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in WAKING_SIGNALS:
            signal.signal(number, lambda *_: None)
        while not self._stopping:
            ready, _, _ = select.select([0, self._wake_read], [], [])
            if self._wake_read in ready:
                self._take_signals()
            if 0 in ready:
                argv = self._take_commands()
                if argv is not None:
                    return argv
        self._stop_all()
        return None

    def _take_signals(self):
        numbers = os.read(self._wake_read, 4096)
        self._reap()
        if any(number != signal.SIGCHLD for number in numbers):
            self._stopping = True

    def _take_commands(self):
        data = os.read(0, 65536)
        if not data:
            self._stopping = True
        self._input += data
        while b"\n" in self._input:
            line, self._input = self._input.split(b"\n", 1)
            if line.strip():
                argv = self._start(json.loads(line))
                if argv is not None:
                    return argv
        return None

    def _start(self, command):
        if command.get("op") != "start":
            print(f"airflow_host: unknown command {command.get('op')!r}; update devbox and its workers together", file=sys.stderr)
            return None
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(parent, command["log"])
            return command["argv"]
        self._services[pid] = command["service"]
        self._events.send("started", service=command["service"], pid=pid)
        return None

    def _become_child(self, parent, log):
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in WAKING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(parent)
        self._events.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        redirect_standard_streams(log)

    def _reap(self):
        while self._services:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            service = self._services.pop(pid, None)
            if service is not None:
                killed = os.WIFSIGNALED(status)
                self._events.send(
                    "exited",
                    service=service,
                    pid=pid,
                    exit_code=None if killed else os.WEXITSTATUS(status),
                    signal=os.WTERMSIG(status) if killed else None,
                )

    def _stop_all(self):
        for number, grace in ((signal.SIGTERM, STOP_GRACE_S), (signal.SIGKILL, 2.0)):
            for pid in self._services:
                os.kill(pid, number)
            deadline = time.monotonic() + grace
            while self._services and time.monotonic() < deadline:
                select.select([self._wake_read], [], [], 0.1)
                self._reap()


def die_with_parent(parent):
    """Ask the kernel (Linux) to end this process with its parent; elsewhere devbox itself ends what is left."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)


def redirect_standard_streams(log):
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)
    sys.stdout.reconfigure(line_buffering=True)


def thread_count():
    """All threads of this process, those of C libraries too where the system tells."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def run_components(events):
    import airflow_api

    airflow_api.import_for_components()
    gc.collect()
    gc.freeze()
    events.send("ready", airflow=airflow_api.version(), pid=os.getpid(), threads=thread_count())
    argv = ComponentHost(events).serve()
    if argv is not None:
        airflow_api.run_component(argv)


def run_request(events):
    import dag_requests

    line = sys.stdin.buffer.readline()
    if not line.strip():
        sys.exit("airflow_host: no request on stdin; expected one line of JSON")
    dag_requests.answer(json.loads(line), events)


def main():
    modes = {"components": run_components, "request": run_request}
    if len(sys.argv) != 2 or sys.argv[1] not in modes:
        sys.exit(f"usage: airflow_host.py {'|'.join(modes)}")
    modes[sys.argv[1]](EventStream())


if __name__ == "__main__":
    main()
