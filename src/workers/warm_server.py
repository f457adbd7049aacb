"""A process that has imported something slow once, and forks for each command that a door (warm_door.py) hands over.

It ends when nobody came for a while, when its socket or its checkout is gone, or when it is told to; commands under way are ended by their doors alone.
"""

import array
import contextlib
import gc
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import time

from host_process import die_with_parent, end_with, thread_count

IDLE_S = 30 * 60
LOOK_S = 20.0
RECEIVE_TIMEOUT_S = 5.0
END_GRACE_S = 4.0
MOST_DESCRIPTORS = 256  # one more only costs its caller time
WAKING_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# How the current command is run: "cold" in a process of its own, "warm" in a fork, "standby" in a process that waited for just one.
mode = "cold"
_door = None


class WarmServer:
    """`warm_up` is called as soon as nothing else is to be done: once, or again after commands as long as it returns True."""

    def __init__(self, listener, path, warm_up):
        self._listener = socket.socket(fileno=listener)
        self._path = path
        self._inode = os.stat(path).st_ino
        self._warm_up = warm_up
        self._is_warm = False
        self._cools = False
        self._commands = {}
        self._kills = {}
        self._last_use = time.monotonic()
        self._is_ending = False

    def serve(self):
        """Returns None at the end, and in each process that is to run a command its arguments."""
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self._catch_signals()
        while not self._is_over():
            ready = self._wait()
            for pid, connection in list(self._commands.items()):
                if connection is not None and connection.fileno() in ready:
                    self._lose_door(pid)
            if self._wake_read in ready:
                self._take_signals()
            if self._listener.fileno() in ready:
                arguments = self._accept()
                if arguments is not None:
                    return arguments
            self._kill_late()
        self._remove_files()
        return None

    def _remove_files(self):
        """A server that was told to end may have a successor at its place already."""
        with contextlib.suppress(OSError):
            if os.path.exists(self._path) and os.stat(self._path).st_ino == self._inode:
                os.unlink(self._path)
            if not os.path.exists(self._path):
                os.unlink(os.path.splitext(self._path)[0] + ".log")

    def _wait(self):
        """The descriptors with news. Of a door's connection only its end is news: what it sends is for the command's own process."""
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        if not self._is_ending:
            poll.register(self._listener, select.POLLIN)
        for connection in filter(None, self._commands.values()):
            poll.register(connection, 0)
        return {descriptor for descriptor, _ in poll.poll(self._wait_s() * 1000)}

    def _catch_signals(self):
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in WAKING_SIGNALS:
            signal.signal(number, lambda *_: None)

    def _wait_s(self):
        """Also where the time without commands is used."""
        if not self._is_warm and not self._commands and not select.select([self._listener], [], [], 0)[0]:
            self._is_warm = True
            self._cools = bool(self._warm_up())
            # A task that ran here has left handlers of its own behind, and an event loop none.
            self._catch_signals()
            gc.collect()
            gc.freeze()
        return 0.1 if self._kills else LOOK_S

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
            self._is_ending = True

    def _reap(self):
        while self._commands:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self._commands.pop(pid, None)
            self._kills.pop(pid, None)
            self._last_use = time.monotonic()
            self._is_warm = self._is_warm and not self._cools
            if connection is not None:
                with contextlib.suppress(OSError):
                    connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, sys.byteorder, signed=True))
                connection.close()

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
        # Another thread may hold any lock of this process, for ever in a fork.
        if sys.platform != "linux" or thread_count() > 1:
            return self._become(connection)
        # A signal that came before the fork has its own handlers would wake this process instead.
        signal.pthread_sigmask(signal.SIG_BLOCK, WAKING_SIGNALS)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            return self._begin(connection, "warm", parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAKING_SIGNALS)
        self._commands[pid] = connection
        return None

    def _end_for(self, connection):
        """Who wishes our end sees it as the end of its connection, but need not wait for commands."""
        self._is_ending = True
        connection.recv(1)  # unread bytes would make its end an error
        if any(self._commands.values()):  # one whose client has its answer ends at once
            connection.close()
        else:
            connection.detach()  # open until this process is gone

    def _become(self, connection):
        """Runs the command here; a process that imports anew takes the next one."""
        os.set_inheritable(self._listener.fileno(), True)
        words = [sys.executable, *sys.argv[:2], str(self._listener.fileno()), self._path]
        subprocess.Popen(words, close_fds=False, stdin=subprocess.DEVNULL, start_new_session=True)
        return self._begin(connection, "standby")

    def _begin(self, connection, kind, parent=None):
        """Makes this process the command's own; returns its arguments."""
        global mode
        mode = kind
        signal.set_wakeup_fd(-1)
        for number in WAKING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAKING_SIGNALS)
        for other in (*filter(None, self._commands.values()), self._listener):
            other.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        if kind == "warm":
            os.setsid()
            die_with_parent(parent)
        received = _receive_command(connection)
        if received is None:
            os._exit(0)
        return _take_over(connection, received)


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


def _receive_command(connection):
    """(streams, command) of a door, None when it makes no sense."""
    connection.settimeout(RECEIVE_TIMEOUT_S)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    if len(streams) != 3:
        return None
    count = int.from_bytes(_receive(connection, 4), sys.byteorder)
    return streams, marshal.loads(_receive(connection, count))


def _receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(min(count - len(data), 1 << 16))
        if not part:
            os._exit(0)
        data += part
    return data


def _take_over(connection, received):
    global _door
    streams, (arguments, folder, environment, umask) = received
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.umask(umask)
    os.chdir(folder)
    for name in set(os.environb) - set(environment):
        del os.environb[name]
    os.environb.update(environment)
    time.tzset()  # C's functions look at TZ only once
    connection.sendall(os.getpid().to_bytes(4, sys.byteorder))
    connection.settimeout(None)
    _door = connection
    if mode == "standby":
        # Nobody else watches the door.
        end_with(connection.fileno())
    return arguments


def finish(status):
    """Ends the process of a command; taking everything apart in order would only make its caller wait."""
    sys.stdout.flush()
    sys.stderr.flush()
    if _door is not None:
        # Giving back a large process's memory takes milliseconds; until then it would hold streams that the caller reads to their end.
        os.closerange(0, _door.fileno())
        os.closerange(_door.fileno() + 1, MOST_DESCRIPTORS)
        with contextlib.suppress(OSError):
            _door.sendall(status.to_bytes(4, sys.byteorder, signed=True))
    os._exit(status)
