#!/usr/bin/env python3
"""devbox's host for Airflow, run by the Python of an Airflow environment. docs/PROTOCOL.md is its contract.

    airflow_host.py components     forks Airflow's components from one process that has imported Airflow once
    airflow_host.py request        answers one request about DAG files
"""

import json
import os
import select
import signal
import sys
import time

# User code is imported from the checkout, which must stay clean; and a .pyc is keyed by whole seconds, too coarse for a fast edit.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

import airflow_api  # noqa: E402
import dag_requests  # noqa: E402
from host_process import EventStream, die_with_parent, lasting_imports, take_stdout, thread_count, write_to_log  # noqa: E402

STOP_GRACE_S = 8.0
WAKING_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ComponentHost:
    """The parent of the components: starts them on command and reports their ends."""

    def __init__(self, events):
        self._events = events
        self._services = {}
        self._input = b""
        self._is_stopping = False
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)

    def serve(self):
        """Returns None when the host is to end, and in each forked child the argv of the component that it is to become."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in WAKING_SIGNALS:
            signal.signal(number, lambda *_: None)
        while not self._is_stopping:
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
            self._is_stopping = True

    def _take_commands(self):
        data = os.read(0, 65536)
        if not data:
            self._is_stopping = True
        *lines, self._input = (self._input + data).split(b"\n")
        # A child leaves this loop with its argv; commands behind it stay with the parent's copy.
        for line in filter(None, lines):
            argv = self._start(json.loads(line))
            if argv is not None:
                return argv
        return None

    def _start(self, command):
        if command.get("op") != "start":
            print(f"airflow_host: unknown command {command.get('op')!r}; devbox and its workers must be of one version", file=sys.stderr)
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
        write_to_log(log)

    def _reap(self):
        while self._services:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            service = self._services.pop(pid, None)
            if service is None:
                continue
            was_killed = os.WIFSIGNALED(status)
            self._events.send(
                "exited",
                service=service,
                pid=pid,
                exit_code=None if was_killed else os.WEXITSTATUS(status),
                signal=os.WTERMSIG(status) if was_killed else None,
            )

    def _stop_all(self):
        for number, grace_s in ((signal.SIGTERM, STOP_GRACE_S), (signal.SIGKILL, 2.0)):
            for pid in self._services:
                os.kill(pid, number)
            deadline = time.monotonic() + grace_s
            while self._services and time.monotonic() < deadline:
                select.select([self._wake_read], [], [], 0.05)
                self._reap()


def run_components(events):
    with lasting_imports():
        airflow_api.import_for_components()
    events.send("ready", airflow=airflow_api.version(), pid=os.getpid(), threads=thread_count())
    argv = ComponentHost(events).serve()
    if argv is not None:
        airflow_api.run_component(argv)


def run_request(events):
    line = sys.stdin.buffer.readline()
    if not line.strip():
        sys.exit("airflow_host: no request on stdin; expected one line of JSON")
    dag_requests.answer(json.loads(line), events)
    # The answer is out; taking Airflow apart in order would only make devbox wait.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def main():
    modes = {"components": run_components, "request": run_request}
    if len(sys.argv) != 2 or sys.argv[1] not in modes:
        sys.exit(f"usage: airflow_host.py {'|'.join(modes)}")
    # User code must not find the host's own modules.
    del sys.path[0]
    modes[sys.argv[1]](EventStream(take_stdout()))


if __name__ == "__main__":
    main()
