"""The door to a warm process (warm_server.py), run by `python -I -S` because it is in the way of every command.

    warm_door.py FOLDER NAME SCRIPT ARGS…     runs what `python SCRIPT ARGS…` would, in a fork of a process that runs `SCRIPT serve`
    warm_door.py FOLDER NAME SCRIPT           only makes sure that this process is there

Its socket is in FOLDER, which no other user may enter. NAME says whose process it is, and what else it depends on is in a key: one with
another key ends, unless NAME begins with "+". Same streams, working folder, environment and exit code. A process that cannot be had costs
time, never the command, which then runs as a plain one.
"""

import fcntl
import marshal
import os
import sys

import _blake2
import _signal
import _socket

KEYED_VARIABLES = (b"AIRFLOW", b"DBT_", b"DO_NOT_TRACK", b"LD_", b"PYTHON")
# Read when they are needed, or given by each command.
FREE_VARIABLES = (
    b"AIRFLOW_HOME",
    b"AIRFLOW_CONN_",
    b"AIRFLOW_VAR_",
    b"AIRFLOW__DATABASE__",
)
FREE_ENDINGS = (b"_DIRECTORY", b"_FILE", b"_FOLDER", b"_KEY", b"_SECRET")
CONNECT_TIMEOUT_S = 5.0
EXIT_LOST = 70
FORWARDED_SIGNALS = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)


def is_private(folder):
    """True when it is there, ours, and closed to others."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    except OSError:
        return False
    found = os.lstat(folder)
    return found.st_uid == os.getuid() and found.st_mode & 0o170077 == 0o040000


def key(script):
    """What a process that imports once must have been started with."""
    digest = _blake2.blake2b(digest_size=8)
    for name, value in sorted(os.environb.items()):
        if name.startswith(KEYED_VARIABLES) and not name.startswith(FREE_VARIABLES) and not name.endswith(FREE_ENDINGS):
            digest.update(name + b"=" + value + b"\0")
    folder = os.path.dirname(script)
    for name in sorted(os.listdir(folder)):
        digest.update(f"{name} {os.stat(os.path.join(folder, name)).st_mtime_ns}\n".encode())
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = os.path.join(os.path.dirname(os.path.dirname(sys.executable)), "lib", version, "site-packages")
    digest.update(f"{sys.executable} {os.stat(packages).st_mtime_ns if os.path.exists(packages) else 0}".encode())
    return digest.hexdigest()


def connect(path):
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.settimeout(CONNECT_TIMEOUT_S)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    connection.settimeout(None)
    return connection


def start_server(folder, name, path, script):
    """Connects to the server, started unless another door was faster; None without one."""
    lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    connection = connect(path)
    if connection is None:
        unlink(path)
        if not name.startswith("+"):
            retire_others(folder, name)
        listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen(64)
        # It ends with the folder that it is in; a pushed commit's is gone in a minute.
        spawn_server(path, script, listener.fileno(), "/" if name.startswith("+") else None)
        listener.close()
        connection = connect(path)
    os.close(lock)
    return connection


def retire_others(folder, name):
    """Servers of the same name were started with something that is no longer so."""
    for entry in os.listdir(folder):
        if entry.startswith(name + "-") and entry.endswith(".sock"):
            path = os.path.join(folder, entry)
            connection = connect(path)
            if connection is not None:
                connection.send(b"Q")
                connection.close()
            else:
                unlink(path[: -len("sock")] + "log")
            unlink(path)


def unlink(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def spawn_server(path, script, listener, folder):
    """The server outlives us: a session of its own, its words in a log beside the socket. Without a folder it stays in ours."""
    if os.fork() != 0:
        os.wait()
        return
    try:
        os.setsid()
        if os.fork() == 0:
            become_server(path, script, listener, folder)
    finally:
        # An error here must not go on as a second door, which would run the command again.
        os._exit(0)


def become_server(path, script, listener, folder):
    log = os.open(path[: -len("sock")] + "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    for descriptor, number in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(descriptor, number)
    os.set_inheritable(listener, True)
    if folder is not None:
        os.chdir(folder)
    # It serves others too: what is ended with this request is told by it.
    os.environb.pop(b"DEVBOX_REQUEST", None)
    os.execv(sys.executable, [sys.executable, script, "serve", str(listener), path])


def hand_over(connection, arguments):
    """Gives our streams and the command away; returns the pid that has them, None when nobody took them."""
    umask = os.umask(0o077)
    os.umask(umask)  # also for a cold process, should nobody take the command
    command = marshal.dumps((arguments, os.getcwd(), dict(os.environb), umask))
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([b"R"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    send_all(connection, len(command).to_bytes(4, sys.byteorder) + command)
    answer = int.from_bytes(receive(connection, 4) or b"\0", sys.byteorder, signed=True)
    return answer if answer > 0 else None  # what was killed before it could say its pid has a negative exit code


def send_all(connection, data):
    while data:
        data = data[connection.send(data) :]


def receive(connection, count):
    """Exactly that many bytes; empty when the other side ended before."""
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            return b""
        data += part
    return data


def forward_signals(pid):
    def forward(number, _):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    for number in FORWARDED_SIGNALS:
        _signal.signal(number, forward)


def run_warm(folder, name, script, arguments):
    """The exit code of the command, None when no warm process took it."""
    if not is_private(folder):
        return None
    path = os.path.join(folder, f"{name.lstrip('+')}-{key(script)}.sock")
    try:
        connection = connect(path) or start_server(folder, name, path, script)
        if connection is None:
            return None
        if not arguments:
            return 0
        pid = hand_over(connection, arguments)
    except OSError:
        return None
    if pid is None:
        return None
    forward_signals(pid)
    status = receive(connection, 4)
    if status:
        return int.from_bytes(status, sys.byteorder, signed=True)
    print("the warm process that ran this has ended with it", file=sys.stderr)
    return EXIT_LOST


def main():
    folder, name, script, *arguments = sys.argv[1:]
    status = run_warm(folder, name, script, arguments)
    if status is None:
        if not arguments:
            sys.exit("no warm process could be started")
        os.execv(sys.executable, [sys.executable, script, *arguments])
    if status < 0:
        end_by_signal(-status)
    os._exit(status)


def end_by_signal(number):
    """As the command ended, so that our caller sees the same."""
    if number != _signal.SIGKILL:
        _signal.signal(number, _signal.SIG_DFL)
    os.kill(os.getpid(), number)


main()
