"""A fork that was made in advance and waits for its command: nobody waits for the fork."""

import os
import socket
import traceback

from warm_command import NEVER_BEGAN


class Spare:
    """Where it is waited with: the parent's side."""

    def __init__(self, pid, line):
        self.pid = pid
        self._line = line

    def give(self, connection):
        """Whether it runs this door's command from now on."""
        try:
            socket.send_fds(self._line, [b"."], [connection.fileno()])
        except OSError:  # it was killed
            return False
        finally:
            self._line.close()
        return True

    def dismiss(self):
        self._line.close()


def wait_for_door(line, rehearse):
    """In the spare process: the connection that it is given. Does not return when there is none to come."""
    try:
        rehearse(line)
        _, descriptors, _, _ = socket.recv_fds(line, 1, 1)
    except Exception:
        traceback.print_exc()
        os._exit(NEVER_BEGAN)
    if not descriptors:
        os._exit(0)
    line.close()
    os.set_inheritable(descriptors[0], False)
    return socket.socket(fileno=descriptors[0])
