"""A forked process for user code, which may hang, exit or crash without losing the host's answer."""

import contextlib
import json
import os
import signal
import sys
import time
import traceback

from host_process import EventStream, die_with_parent

# What a process gets beyond its limit, to report the timeout itself with the place where it hung.
GRACE_S = 2.0


class UserProcess:
    """Runs work(events) in a fork; its events arrive here."""

    def __init__(self, work, timeout_s):
        read, write = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(read)
            _run(work, write, parent)
        os.close(write)
        self.descriptor = read
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

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self):
        """Says how the process ended, as the reason why it sent no more."""
        os.close(self.descriptor)
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            return f"the Python process was killed by signal {number} ({signal.Signals(number).name})"
        return f"the Python process ended at once with exit code {os.WEXITSTATUS(status)} (os._exit?)"


def _run(work, descriptor, parent):
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
