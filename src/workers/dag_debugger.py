"""Debuggers for the process that runs a DAG: one that editors attach to, and pdb on the terminal of whoever asked."""

import bdb
import os
import pdb
import socket
import sys
import traceback

PREFERRED_PORT = 5678
RELAY_DEADLINE_S = 60


_terminal = None


class NoDebugger(Exception):
    """There can be none; says why."""


def begin(request, events):
    """Before the DAG's file is imported."""
    global _terminal
    wish = request["debug"]
    if wish["kind"] == "pdb":
        _terminal = _Terminal(_open_terminal(wish), request["dags_folder"])
    else:
        _wait_for_editor(wish, events)


def look_at(error):
    """What a task failed with."""
    if _terminal is not None:
        _terminal.look_at(error)


def _wait_for_editor(wish, events):
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    sys.path.append(wish["packages"])
    try:
        import debugpy
    except ImportError as error:
        raise NoDebugger(f"debugpy cannot be imported from {wish['packages']}: {error}") from None

    port = _free_port()
    # A program that a task starts is not to wait for an editor of its own.
    debugpy.configure(subProcess=False)
    debugpy.listen(("127.0.0.1", port))
    _tell_relay(wish, port)
    events.send("debugger", port=port)
    debugpy.wait_for_client()
    events.send("attached")


def _free_port():
    for port in (PREFERRED_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise NoDebugger("no port is free on 127.0.0.1")


def _tell_relay(wish, port):
    if "port_file" in wish:
        with open(wish["port_file"] + ".new", "w", encoding="utf-8") as file:
            file.write(str(port))
        os.replace(wish["port_file"] + ".new", wish["port_file"])


def _open_terminal(wish):
    """By its name, as stdin and stdout of a task are nothing and its log; in a container what a relay connects with it."""
    if "terminal" in wish:
        try:
            return os.open(wish["terminal"], os.O_RDWR | os.O_NOCTTY)
        except PermissionError:
            raise NoDebugger(f"{wish['terminal']} is another user's terminal, as it is after su or sudo; to get one of your own: script -q /dev/null") from None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(RELAY_DEADLINE_S)
        _tell_relay(wish, listener.getsockname()[1])
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            raise NoDebugger(f"the terminal did not connect within {RELAY_DEADLINE_S} s") from None
    connection.settimeout(None)
    return connection.detach()


class _Terminal:
    """pdb on a terminal."""

    def __init__(self, descriptor, folder):
        self._streams = {"stdin": os.fdopen(descriptor, "r"), "stdout": os.fdopen(os.dup(descriptor), "w")}
        self._folder = folder.rstrip("/") + "/"
        self._has_looked = False
        sys.breakpointhook = pdb.set_trace = lambda *_, **__: self._new().set_trace(sys._getframe(1))

    def _new(self):
        return pdb.Pdb(nosigint=True, **self._streams)

    def look_at(self, error):
        """The first failure of the run, from the user's last line on the way to it."""
        if self._has_looked or isinstance(error, bdb.BdbQuit):
            return
        self._has_looked = True
        print(f"\n{type(error).__name__}: {error}", file=self._streams["stdout"], flush=True)
        debugger = self._new()
        files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
        depth = next((depth for depth, file in enumerate(reversed(files)) if file.startswith(self._folder)), 0)
        if depth > 0:
            debugger.cmdqueue.append(f"up {depth}")
        debugger.reset()
        debugger.interaction(None, error.__traceback__)
