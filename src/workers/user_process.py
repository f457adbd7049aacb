"""A forked process for user code, which may hang, exit or crash without losing the host's answer."""

import contextlib
import json
import os
import pickle
import select
import signal
import socket
import sys
import time
import traceback

import user_limits
from host_process import MOST_DESCRIPTORS, EventStream, adopt_orphans, children, die_with_parent, enter, thread_count

# What a process gets beyond its limit, to report the timeout itself with the place where it hung: much, for a machine that is busy.
GRACE_S = 4.0
# What tasks get to cancel what they started elsewhere (on_kill), when nobody wants their result any more.
ON_KILL_S = 1.2
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# The last line of a process that leaves nothing behind but its memory, which to take back costs the system milliseconds.
FAREWELL = b""
FAREWELL_WAIT_S = 0.1

# Those who said farewell; None where nobody but us would take note of their ends.
_leaving = None


@contextlib.contextmanager
def nothing_left_behind(has_reaping_parent):
    """Whatever user code starts, in whatever session, ends with the block, or when this process is told to end."""
    global _leaving
    _leaving = set() if has_reaping_parent else None
    adopt_orphans()
    for number in ENDING_SIGNALS:
        signal.signal(number, _end_all)
    try:
        yield
    finally:
        _kill_children()


def _end_all(number, _):
    for again in ENDING_SIGNALS:
        signal.signal(again, signal.SIG_IGN)
    deadline = time.monotonic() + ON_KILL_S
    for pid in children() or ():
        _signal(pid, signal.SIGTERM)
    while children() and time.monotonic() < deadline:
        _reap()
        time.sleep(0.01)
    _kill_children()
    os._exit(128 + number)


def _kill_children():
    """The children of a killed child become ours."""
    beyond_us = set(_leaving or ())
    while pids := set(children() or ()) - beyond_us:
        beyond_us.update(pid for pid in pids if not _signal(pid, signal.SIGKILL))
        _reap()
        time.sleep(0.001)


def _signal(pid, number):
    """False for a process that is not ours, as what sudo starts."""
    try:
        os.kill(pid, number)
    except PermissionError:
        return False
    except ProcessLookupError:
        pass
    return True


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
    """Runs work(events, pauses), a function or a partial one of a module, in a process of its own; its events arrive here."""

    def __init__(self, work, timeout_s):
        read, write = os.pipe()
        pause_read, pause_write = os.pipe()
        self.pid = _order_reserve(work, write, pause_read) or _fork()
        if self.pid == 0:
            os.close(read)
            os.close(pause_write)
            _run(work, write, pause_read)
        os.close(write)
        os.close(pause_read)
        self.descriptor = read
        self._pauses = pause_write
        self._buffer = b""
        self._has_left = False
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
        self._has_left = FAREWELL in lines
        return [json.loads(line) for line in lines if line != FAREWELL]

    def says_farewell(self):
        """Whether it has nothing more to do than to end; what it still says is lost."""
        while not self._has_left:
            ready, _, _ = select.select([self.descriptor], [], [], FAREWELL_WAIT_S)
            if not ready or self.read_events() is None:
                return False
        return True

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
        """Says how the process ended, as the reason why it sent no more; one that said farewell is not waited for."""
        os.close(self.descriptor)
        os.close(self._pauses)
        if self._has_left and _leaving is not None:
            _leaving.add(self.pid)
            return "the Python process has ended"
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


def _fork():
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(parent, signal.SIGKILL)
        _read_nothing()
    return pid


# A process that was forked before there was work, and the socket where it waits for it.
_reserve = None


def keep_reserve(rehearse, line):
    """Fork the first user process now, when nobody waits; what it touches in rehearse() need not be copied later.

    `line` leads to whoever keeps this process in reserve.
    """
    global _reserve
    near, far = socket.socketpair()
    pid = _fork()
    if pid == 0:
        near.close()
        line.close()
        rehearse()
        _wait_for_order(far)
    far.close()
    _reserve = (pid, near)


def _order_reserve(work, write, pause_read):
    """Its pid; None when there is none any more."""
    global _reserve
    if _reserve is None:
        return None
    pid, line = _reserve
    _reserve = None
    umask = os.umask(0o077)
    os.umask(umask)
    order = pickle.dumps(((dict(os.environb), os.getcwd(), umask), work))
    with line:
        try:
            socket.send_fds(line, [len(order).to_bytes(4, sys.byteorder)], [1, 2, write, pause_read])
            line.sendall(order)
        except OSError:  # it was killed
            return None
    return pid


def _wait_for_order(line):
    with line:
        count, descriptors, _, _ = socket.recv_fds(line, 4, 4)
        if not descriptors:
            os._exit(0)
        order = line.recv(int.from_bytes(count, sys.byteorder), socket.MSG_WAITALL)
    stdout, stderr, write, pause_read = descriptors
    for descriptor in (write, pause_read):
        os.set_inheritable(descriptor, False)
    for descriptor, number in ((stdout, 1), (stderr, 2)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    surroundings, work = pickle.loads(order)
    enter(*surroundings)
    _run(work, write, pause_read)


def _run(work, descriptor, pause_read):
    status = 70
    try:
        user_limits.limit_memory()
        _keep_from_forks([descriptor, pause_read])
        work(EventStream(descriptor), Pauses(pause_read))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if status == 0 and thread_count() == 1 and children() == []:
            _say_farewell(descriptor)
        os._exit(status)


def _keep_from_forks(descriptors):
    """What the user forks lives on when this process is killed, and would hide its end. The numbers stay taken there."""

    def cover():
        if not descriptors:  # a fork's fork
            return
        nothing = os.open(os.devnull, os.O_RDWR)
        while descriptors:
            os.dup2(nothing, descriptors.pop(), inheritable=False)
        os.close(nothing)

    os.register_at_fork(after_in_child=cover)


def _say_farewell(descriptor):
    """Also lets go of all that others wait for."""
    with contextlib.suppress(OSError):
        os.write(descriptor, FAREWELL + b"\n")
        os.closerange(0, MOST_DESCRIPTORS)
