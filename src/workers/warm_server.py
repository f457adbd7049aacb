"""A process that has imported something slow once, and forks for each command that a door (warm_door.py) hands over.

It ends when nobody came for a while, when its socket or its checkout is gone, or when it is told to; commands under way are ended by their doors alone.
"""

import array
import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import time

import spare_process
import warm_command
from host_process import adopt_orphans, children_apart, die_with_parent, thread_count

IDLE_S = 30 * 60
LOOK_S = 20.0
END_GRACE_S = 4.0
LAST_WAIT_S = 1.0
WAKING_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class WarmServer:
    """`warm_up` is called as soon as nothing else is to be done: once, or again after commands as long as it returns True.

    `rehearse` is called in each fork that waits for its command, with the socket where it waits: what it touches need not be copied later.
    """

    def __init__(self, listener, path, warm_up, rehearse=lambda _: None):
        self._listener = socket.socket(fileno=listener)
        self._path = path
        self._inode = os.stat(path).st_ino
        self._warm_up = warm_up
        self._rehearse = rehearse
        self._is_warm = self._cools = False
        self._commands, self._kills = {}, {}
        self._spare, self._may_fork_ahead = None, True
        self._last_use = time.monotonic()
        self._is_ending = False

    def serve(self):
        """Returns None at the end, and in each process that is to run a command its arguments."""
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._catch_signals()
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # the shell that starts a successor has it ignored
        while not self._is_over():
            if (connection := self._use_idle_time()) is not None:
                return warm_command.begin(connection, "warm")
            ready = self._wait()
            for pid, connection in list(self._commands.items()):
                if connection is not None and connection.fileno() in ready:
                    self._lose_door(pid)
            if self._wake_read in ready:
                self._take_signals()
            if self._listener.fileno() in ready:
                if (arguments := self._accept()) is not None:
                    return arguments
            self._kill_late()
        self._stop_listening()
        self._end_spare()
        if not os.path.exists(self._path):
            with contextlib.suppress(OSError):
                os.unlink(os.path.splitext(self._path)[0] + ".log")
        return None

    def _stop_listening(self):
        """Whoever comes from now on finds a successor, or makes one."""
        if self._is_ending:  # the place may be the successor's already
            return
        self._is_ending = True
        with contextlib.suppress(OSError):
            if os.stat(self._path).st_ino == self._inode:
                os.unlink(self._path)
        self._listener.close()

    def _end_spare(self):
        """Waited for, because in a container nobody else may do that."""
        self._dismiss_spare()
        deadline = time.monotonic() + LAST_WAIT_S
        while children_apart() and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.005)

    def _wait(self):
        """The descriptors with news. Of a door's connection only its end is news: what it sends is for the command's own process."""
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        if not self._is_ending:
            poll.register(self._listener, select.POLLIN)
        for connection in filter(None, self._commands.values()):
            poll.register(connection, 0)
        return {descriptor for descriptor, _ in poll.poll((0.1 if self._kills else LOOK_S) * 1000)}

    def _catch_signals(self):
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in WAKING_SIGNALS:
            signal.signal(number, lambda *_: None)

    def _is_idle(self):
        return not self._commands and not self._is_ending and not select.select([self._listener, self._wake_read], [], [], 0)[0]

    def _use_idle_time(self):
        """Returns None in the server, and in a spare process the connection of its door."""
        if not self._is_warm and self._is_idle():
            self._get_warm()
        if self._spare is None and self._may_fork_ahead and self._is_idle() and _is_fork_safe():
            self._may_fork_ahead = False
            return self._fork_spare()
        return None

    def _get_warm(self):
        self._is_warm = True
        self._cools = bool(self._warm_up())
        # A task that ran here has left handlers of its own behind, and an event loop none.
        self._catch_signals()
        gc.collect()
        gc.freeze()

    def _fork_spare(self):
        near, far = socket.socketpair()
        try:
            pid = self._fork()
        except OSError:  # too many processes
            near.close()
            far.close()
            return None
        if pid == 0:
            near.close()
            return spare_process.wait_for_door(far, self._rehearse)
        far.close()
        self._spare = spare_process.Spare(pid, near)
        return None

    def _dismiss_spare(self):
        if self._spare is not None:
            self._spare.dismiss()
            self._spare = None

    def _is_over(self):
        if self._commands:
            return False
        if self._is_ending or time.monotonic() - self._last_use > IDLE_S:
            return True
        try:
            os.getcwd()  # fails once the checkout is deleted
            return os.stat(self._path).st_ino != self._inode
        except OSError:
            return True

    def _take_signals(self):
        numbers = os.read(self._wake_read, 4096)
        self._reap()
        if any(number != signal.SIGCHLD for number in numbers):
            self._stop_listening()

    def _reap(self):
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                self._note_end(*ended)
        self._kill_strays()

    def _note_end(self, pid, status):
        if self._spare is not None and pid == self._spare.pid:
            self._dismiss_spare()
        if pid not in self._commands:
            return
        connection = self._commands.pop(pid)
        self._may_fork_ahead = True
        self._kills.pop(pid, None)
        self._last_use = time.monotonic()
        self._is_warm = self._is_warm and not self._cools
        code = os.waitstatus_to_exitcode(status)
        if connection is not None:
            with contextlib.suppress(OSError):
                if code != warm_command.NEVER_BEGAN:  # which the door takes for no answer
                    connection.sendall(code.to_bytes(4, sys.byteorder, signed=True))
            connection.close()

    def _kill_strays(self):
        """A server that adopts orphans gets what a killed command left behind."""
        known = {self._spare.pid, *self._commands} if self._spare is not None else set(self._commands)
        for pid in children_apart() - known:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _lose_door(self, pid):
        """Nobody waits for this command any more."""
        self._commands[pid].close()
        self._commands[pid] = None
        self._kills[pid] = time.monotonic() + END_GRACE_S
        os.kill(pid, signal.SIGTERM)

    def _kill_late(self):
        for pid, deadline in list(self._kills.items()):
            if time.monotonic() > deadline:
                del self._kills[pid]
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)

    def _accept(self):
        connection, _ = self._listener.accept()
        wish = _first_byte(connection) if _is_same_user(connection) else b""
        if wish == b"R":
            return self._run(connection)
        if wish == b"Q":
            self._end_for(connection)
        else:
            connection.close()
        return None

    def _run(self, connection):
        if not _is_fork_safe():
            return self._become(connection)
        spare, self._spare = self._spare, None
        if spare is not None and spare.give(connection):
            self._commands[spare.pid] = connection
            return None
        try:
            pid = self._fork()
        except OSError:  # too many processes
            connection.close()
            return None
        if pid == 0:
            return warm_command.begin(connection, "warm")
        self._commands[pid] = connection
        return None

    def _fork(self):
        """Returns 0 in the new process, which is fit to run a command."""
        # A signal that came before the fork has its own handlers would wake this process instead.
        signal.pthread_sigmask(signal.SIG_BLOCK, WAKING_SIGNALS)
        parent = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                self._stop_serving()
                os.setsid()
                die_with_parent(parent)
            return pid
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, WAKING_SIGNALS)

    def _end_for(self, connection):
        """Who wishes our end sees it as the end of its connection, but need not wait for commands."""
        self._stop_listening()
        connection.recv(1)  # unread bytes would make its end an error
        if any(self._commands.values()):  # one whose client has its answer ends at once
            connection.close()
        else:
            connection.detach()  # open until this process is gone

    def _become(self, connection):
        """Runs the command here; a process that imports anew takes the next one."""
        os.set_inheritable(self._listener.fileno(), True)
        words = [sys.executable, *sys.argv[:2], str(self._listener.fileno()), self._path]
        # No child of ours: it would end with what the command leaves behind.
        adopt_orphans(False)
        subprocess.run(["/bin/sh", "-c", '"$@" &', "sh", *words], close_fds=False, stdin=subprocess.DEVNULL, start_new_session=True)
        self._stop_serving()
        return warm_command.begin(connection, "standby")

    def _stop_serving(self):
        signal.set_wakeup_fd(-1)
        for number in WAKING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        self._dismiss_spare()
        for other in (*filter(None, self._commands.values()), self._listener):
            other.close()
        os.close(self._wake_read)
        os.close(self._wake_write)


def _is_fork_safe():
    """Another thread may hold any lock of this process, for ever in a fork."""
    return sys.platform == "linux" and thread_count() == 1


def _is_same_user(connection):
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the socket's folder lets nobody else in
    ids = array.array("i")
    ids.frombytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 3 * ids.itemsize))
    return ids[1] == os.getuid()


def _first_byte(connection):
    """R: run a command; Q: end; nothing from a door that only looked whether we are here."""
    connection.settimeout(1.0)
    try:
        return connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return b""
