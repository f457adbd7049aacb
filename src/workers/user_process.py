"""A forked process for user code, which may hang, exit or crash without losing the host's answer."""

import contextlib
import json
import os
import signal
import sys
import time
import traceback

import user_limits
from host_process import EventStream, adopt_orphans, die_with_parent

# What a process gets beyond its limit, to report the timeout itself with the place where it hung: much, for a machine that is busy.
GRACE_S = 4.0
# What tasks get to cancel what they started elsewhere (on_kill), when nobody wants their result any more.
FAREWELL_S = 1.2
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
CHILDREN = "/proc/thread-self/children"


@contextlib.contextmanager
def nothing_left_behind():
    """Whatever user code starts, in whatever session, ends with the block, or when this process is told to end."""
    adopt_orphans()
    for number in ENDING_SIGNALS:
        signal.signal(number, _say_farewell)
    try:
        yield
    finally:
        _kill_children()


def _say_farewell(number, _):
    for again in ENDING_SIGNALS:
        signal.signal(again, signal.SIG_IGN)
    deadline = time.monotonic() + FAREWELL_S
    for pid in _children():
        os.kill(pid, signal.SIGTERM)
    while _children() and time.monotonic() < deadline:
        _reap()
        time.sleep(0.01)
    _kill_children()
    os._exit(128 + number)


def _kill_children():
    """The children of a killed child become ours."""
    while pids := _children():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        _reap()


def _children():
    try:
        with open(CHILDREN, encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass


class Pauses:
    """The process's side of let_go_on()."""

    def __init__(self, descriptor):
        self._descriptor = descriptor

    def wait(self):
        """Until the other side has seen what was sent; not any longer than it lives."""
        os.read(self._descriptor, 1)


class UserProcess:
    """Runs work(events, pauses) in a fork; its events arrive here."""

    def __init__(self, work, timeout_s):
        read, write = os.pipe()
        pause_read, pause_write = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(read)
            os.close(pause_write)
            _run(lambda events: work(events, Pauses(pause_read)), write, parent)
        os.close(write)
        os.close(pause_read)
        self.descriptor = read
        self._pauses = pause_write
        self._buffer = b""
        self.give(timeout_s)

    def give(self, seconds):
        self._deadline = time.monotonic() + seconds

    def time_left_s(self):
        return max(0.0, self._deadline - time.monotonic())

    def read_events(self):
        """The events that have arrived; None at the end of the process."""
        data = os.read(self.descriptor, 1 << 16)
        if not data:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def let_go_on(self):
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pauses, b".")

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self):
        """Says how the process ended, as the reason why it sent no more."""
        os.close(self.descriptor)
        os.close(self._pauses)
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            why = ", as the system does when memory runs out" if number == signal.SIGKILL else ""
            return f"the Python process was killed by signal {number} ({signal.Signals(number).name}){why}"
        return f"the Python process ended at once with exit code {os.WEXITSTATUS(status)} (os._exit?)"


def _read_nothing():
    """Stdin belongs to whoever asked; a task that reads must find an end."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _run(work, descriptor, parent):
    status = 70
    try:
        os.setsid()
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(parent, signal.SIGKILL)
        _read_nothing()
        user_limits.limit_memory()
        work(EventStream(descriptor))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
