"""The process side of the Airflow host: its stream of events, its standard streams, its bond to its parent."""

import contextlib
import ctypes
import fcntl
import functools
import gc
import json
import os
import select
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
MOST_DESCRIPTORS = 256  # one more only costs somebody time


class EventStream:
    """Writes events, one line of JSON each, as they happen."""

    def __init__(self, descriptor):
        self._descriptor = descriptor

    def send(self, event, **fields):
        self.forward({"event": event, **fields})

    def forward(self, event):
        data = (json.dumps(event, ensure_ascii=False, default=str) + "\n").encode("utf-8", "replace")
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self):
        os.close(self._descriptor)


def take_stdout():
    """What stdout was at start; from then on stdout is stderr, so that no library can break the stream of events."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor


def die_with_parent(parent, number=signal.SIGTERM):
    """Ask the kernel (Linux) to end this process with its parent; elsewhere devbox itself ends what is left."""
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)


_bonds = []


def end_with(descriptor):
    """Have this process told to end (TERM) once nobody holds the other end of this pipe or socket."""
    _bonds.append(descriptor)
    signal.signal(signal.SIGIO, _look_at_bonds)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    _look_at_bonds()


def _look_at_bonds(*_):
    poll = select.poll()
    for descriptor in _bonds:
        poll.register(descriptor, 0)
    if poll.poll(0):
        os.kill(os.getpid(), signal.SIGTERM)


def adopt_orphans(wanted=True):
    """Have the kernel (Linux) make this process the parent of whatever its descendants leave behind, or no more."""
    if sys.platform == "linux":
        _prctl(PR_SET_CHILD_SUBREAPER, int(wanted))


@functools.cache
def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option, value):
    _libc().prctl(option, value, 0, 0, 0)


def children():
    """The pids of this process's children, dead ones that nobody waited for too; None where the system does not tell."""
    try:
        with open("/proc/thread-self/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return None


def children_apart():
    """Children in sessions of their own; helpers of libraries stay in ours."""
    found = set()
    for pid in children() or ():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(pid) != os.getsid(0):
                found.add(pid)
    return found


def enter(environment, folder, umask):
    """Be where somebody else is."""
    os.umask(umask)
    os.chdir(folder)
    for name in set(os.environb) - set(environment):
        del os.environb[name]
    os.environb.update(environment)
    time.tzset()  # C's functions look at TZ only once


def write_to_log(log):
    """Read nothing, and append stdout and stderr to the file `log`."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, number)
    os.close(nothing)
    os.close(output)
    sys.stdout.reconfigure(line_buffering=True)


def thread_count():
    """All threads of this process, those of C libraries too where the system tells."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


@contextlib.contextmanager
def lasting_imports():
    """Modules stay: looking for garbage while they are imported takes a seventh of that time, and in forked processes copies their pages."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()
