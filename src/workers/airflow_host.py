#!/usr/bin/env python3
"""devbox's host for Airflow, run by the Python of an Airflow environment. docs/PROTOCOL.md is its contract.

    airflow_host.py components     forks Airflow's components from one process that has imported Airflow once
    airflow_host.py request        answers one request about DAG files
    airflow_host.py serve …        answers requests in forks of a process that has imported Airflow once (warm_server.py)
"""

import json
import os
import select
import shutil
import signal
import sys
import time

# User code is imported from the checkout, which must stay clean; and a .pyc is keyed by whole seconds, too coarse for a fast edit.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

import airflow_api  # noqa: E402
import airflow_warm  # noqa: E402
import dag_requests  # noqa: E402
import user_process  # noqa: E402
import warm_command  # noqa: E402
import warm_server  # noqa: E402
from host_process import EventStream, adopt_orphans, die_with_parent, end_with, lasting_imports, take_stdout, thread_count, write_to_log  # noqa: E402

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


def run_components():
    events = EventStream(take_stdout())
    with lasting_imports():
        airflow_api.import_for_components()
    events.send("ready", airflow=airflow_api.version(), pid=os.getpid(), threads=thread_count())
    argv = ComponentHost(events).serve()
    if argv is not None:
        airflow_api.run_component(argv)


def run_request():
    events = EventStream(take_stdout())
    line = sys.stdin.buffer.readline()
    if not line.strip():
        sys.exit("airflow_host: no request on stdin; expected one line of JSON")
    events.send("host", mode=warm_command.mode, pid=os.getpid())
    request = json.loads(line)
    if request.get("attended"):
        end_with(0)
    dag_requests.answer(request, events)
    warm_command.finish(0)


def _get_ready(line):
    """In a process that will run one request: what can be done before it comes through `line`."""
    user_process.keep_reserve(airflow_warm.rehearse, line)
    airflow_warm.rehearse()


def run_server(listener, path):
    """Forks inherit what is imported here; the first command need not wait for what only later ones are faster with."""
    home = airflow_warm.prepare_home(os.path.splitext(path)[0] + ".home")
    server = warm_server.WarmServer(int(listener), path, lambda: airflow_warm.warm_up(home), _get_ready)
    adopt_orphans()
    with lasting_imports(), airflow_warm.without_web_frameworks():
        airflow_api.import_for_requests()
        airflow_warm.redirect_connections()
    if server.serve() is not None:
        run_request()  # in a fork; does not return
    if not os.path.exists(path):  # else it is a successor's
        shutil.rmtree(home, ignore_errors=True)
    warm_command.finish(0)


def main():
    modes = {"components": (run_components, 0), "request": (run_request, 0), "serve": (run_server, 2)}
    run, count = modes.get(sys.argv[1] if len(sys.argv) > 1 else None, (None, 0))
    if run is None or len(sys.argv) != 2 + count:
        sys.exit(f"usage: airflow_host.py {'|'.join(modes)}")
    # User code must not find the host's own modules.
    del sys.path[0]
    run(*sys.argv[2:])


if __name__ == "__main__":
    main()
