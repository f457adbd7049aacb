"""Small commands that run on every prompt, push or key press: wall time (wait4) and peak resident memory, in turn with git and /bin/true.

Usage: commands.py [--rounds N] [--version V] [--no-airflow]"""
import argparse
import ctypes
import os
import shutil
import signal
import time

import measuring
from measuring import support

MEMORY_ROUNDS = 3
PTRACE_TRACEME, PTRACE_CONT, PTRACE_SETOPTIONS, PTRACE_O_TRACEEXIT = 0, 7, 0x4200, 1 << 6


def spawn_for_time(argv, folder, environment):
    """Milliseconds from spawn to end; stdin is empty, output goes nowhere."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    os.chdir(folder)
    started = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=actions)
    _, status, _ = os.wait4(pid, 0)
    milliseconds = (time.perf_counter() - started) * 1000
    assert os.waitstatus_to_exitcode(status) == 0, "%s: exit code %d" % (" ".join(argv), os.waitstatus_to_exitcode(status))
    return milliseconds


def spawn_for_memory(argv, folder, environment):
    """Peak resident KiB of the program alone, read when it is about to end: the ru_maxrss of wait4 would hold the size of
    the Python that it was forked from."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(folder)
            for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
                os.dup2(os.open(os.devnull, flags), number)
            libc.ptrace(PTRACE_TRACEME, 0, None, None)
            os.execve(argv[0], argv, environment)
        finally:
            os._exit(127)
    peak, status = None, os.waitpid(pid, 0)[1]
    libc.ptrace(PTRACE_SETOPTIONS, pid, None, PTRACE_O_TRACEEXIT)
    while os.WIFSTOPPED(status):
        is_end = status >> 16 == 6
        if is_end:
            peak = read_peak_kib(pid)
        number = os.WSTOPSIG(status)
        libc.ptrace(PTRACE_CONT, pid, None, 0 if number == signal.SIGTRAP else number)
        status = os.waitpid(pid, 0)[1]
    return peak


def read_peak_kib(pid):
    with open("/proc/%d/status" % pid) as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), None)


def measure(commands, rounds, environment):
    """Rows of (name, median, best, peak). Each round runs every command once, so that all see the same machine."""
    times = {name: [] for name, _, _ in commands}
    for _ in range(rounds):
        for name, argv, folder in commands:
            times[name].append(spawn_for_time(argv, folder, environment))
    peaks = {name: [spawn_for_memory(argv, folder, environment) for _ in range(MEMORY_ROUNDS)] for name, argv, folder in commands}
    return [(name, measuring.median(times[name]), min(times[name]), max(peaks[name]) / 1024) for name, _, _ in commands]


def in_running_platform(version, rounds):
    """`status` with services to tell about."""
    platform = measuring.Devbox(version)
    try:
        platform.start()
        root = platform.checkout.root
        commands = [("devbox status (running)", [support.BINARY, "status"], root),
                    ("devbox status --short (running)", [support.BINARY, "status", "--short"], root)]
        return measure(commands, rounds, platform.checkout.environment)
    finally:
        os.chdir("/")
        platform.close()


def in_stopped_checkout(rounds):
    checkout = support.Checkout()
    try:
        root, devbox = checkout.root, support.BINARY
        commands = [("/bin/true", [shutil.which("true")], root),
                    ("git --version", [shutil.which("git"), "--version"], root),
                    ("devbox --version", [devbox, "--version"], root),
                    ("devbox status", [devbox, "status"], root),
                    ("devbox status --short", [devbox, "status", "--short"], root),
                    ("hook, nothing to push", [devbox, "hook", "run", "pre-push", "origin", "file:///nowhere"], root)]
        return measure(commands, rounds, checkout.environment)
    finally:
        os.chdir("/")
        checkout.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--version", default=support.VERSIONS[0])
    parser.add_argument("--no-airflow", action="store_true", help="leave out `status` of a running platform")
    options = parser.parse_args()
    measuring.say_machine("%d runs each (aims: status 5 ms; --version 3 ms, 8 MiB)" % options.rounds)
    rows = in_stopped_checkout(options.rounds)
    if not options.no_airflow:
        measuring.need_environments([options.version])
        rows += in_running_platform(options.version, options.rounds)
    measuring.show(rows, ["", "median ms", "best ms", "peak MiB"])


main()
