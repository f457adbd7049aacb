"""The process that runs the one command of a door: becomes what the door was, and tells it the end."""

import contextlib
import marshal
import os
import socket
import sys
import traceback

from host_process import MOST_DESCRIPTORS, end_with, enter

RECEIVE_TIMEOUT_S = 5.0
NEVER_BEGAN = 69

# How this process runs its command: "cold" as a process of its own, "warm" as a fork, "standby" as one that waited for just one.
mode = "cold"
_door = None


def begin(connection, kind):
    """Makes this process the command's own; returns its arguments."""
    global mode
    mode = kind
    try:
        return _take_over(connection, _receive_command(connection))
    except Exception:
        traceback.print_exc()
        os._exit(NEVER_BEGAN)


def _receive_command(connection):
    """(streams, command) of a door."""
    connection.settimeout(RECEIVE_TIMEOUT_S)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    if len(streams) != 3:
        raise ValueError(f"{len(streams)} streams instead of 3")
    count = int.from_bytes(_receive(connection, 4), sys.byteorder)
    return streams, marshal.loads(_receive(connection, count))


def _receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(min(count - len(data), 1 << 16))
        if not part:
            raise EOFError("the door is gone")
        data += part
    return data


def _take_over(connection, received):
    global _door
    streams, (arguments, folder, environment, umask) = received
    enter(environment, folder, umask)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
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
