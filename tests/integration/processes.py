"""Killing processes and looking at what is left: what the tests of robustness share."""
import concurrent.futures
import contextlib
import errno
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import support

SIDE_BY_SIDE = 3
AIRFLOW_ONLY = ("start", "--only", "airflow")
homes = []  # of the checkouts that this program made


def make_checkout(**options):
    checkout = support.Checkout(**options)
    homes.append(checkout.home)
    return checkout


def clean_up(checkout):
    """Closes a checkout. What is left in spite of its stop fails the test, and is ended here so that nobody else meets it."""
    try:
        checkout.close()
    finally:
        kill(*[int(path[6:]) for path in glob.glob("/proc/[0-9]*") if works_in(int(path[6:]), [checkout.home])])
        shutil.rmtree(checkout.home, ignore_errors=True)


def read_stat(pid):
    """State, parent and start time of a process, None when there is none."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), fields[19]


def command_line(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as file:
            return file.read().replace("\0", " ").strip()
    except OSError:
        return ""


def is_alive(pid):
    stat = read_stat(pid)
    return stat is not None and stat[0] != "Z"


def works_in(pid, folders):
    """Whether a process was started with one of these folders in its command line or stays in one of them."""
    where = command_line(pid)
    with contextlib.suppress(OSError):
        where += os.readlink("/proc/%d/cwd" % pid)
    return any(folder in where for folder in folders)


def is_ours(pid):
    """Whether a process works in a checkout of this test program or was started by it."""
    while pid > 1:
        if pid == os.getpid() or works_in(pid, homes):
            return True
        pid = (read_stat(pid) or ("", 0))[1]
    return False


def descendants(pid):
    """Living processes below `pid`."""
    if pid <= 1:
        raise AssertionError("there is no such process: %d" % pid)
    parents = {}
    for path in glob.glob("/proc/[0-9]*"):
        stat = read_stat(int(path[6:]))
        if stat is not None and stat[0] != "Z":
            parents.setdefault(stat[1], []).append(int(path[6:]))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def is_free(port, family=socket.AF_INET):
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
            return True
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise


def kill(*pids):
    """SIGKILL; nothing but processes of the checkouts under test can be meant."""
    for pid in pids:
        # Whose it is cannot be read while it becomes another program, or ends.
        support.wait_until(lambda: pid > 1 and (is_ours(pid) or not is_alive(pid)), 2, "%d %s as a process of this test" % (pid, command_line(pid)))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Case(unittest.TestCase):
    """Tests of one version; each test gets checkouts that leave nothing behind."""

    version = "2.10.3"

    def checkout(self, version=None, dags=None, extra=""):
        checkout = make_checkout(dags=dags)
        self.addCleanup(clean_up, checkout)
        checkout.configure(version or self.version, extra)
        return checkout

    def services(self, checkout):
        return {service["name"]: service for service in checkout.status()["services"]}

    def supervisor(self, checkout):
        with open(checkout.path(".devbox/run/supervisor.lock")) as file:
            return int(file.read().split()[0])

    def host(self, checkout):
        """The process that all components are forked from."""
        found = [pid for pid in descendants(self.supervisor(checkout)) if read_stat(pid)[1] == self.supervisor(checkout)]
        hosts = [pid for pid in found if command_line(pid).endswith("airflow_host.py components")]
        self.assertEqual(len(hosts), 1, [command_line(pid) for pid in found])
        return hosts[0]

    def wait_healthy(self, checkout, seconds=60):
        support.wait_until(lambda: checkout.status()["phase"] == "healthy", seconds, "healthy again")

    def wait_gone(self, pids, seconds=15):
        support.wait_until(lambda: not [pid for pid in pids if is_alive(pid)], seconds, "the end of %s" % pids)

    def assert_healthy(self, checkout):
        status = checkout.status()
        self.assertEqual(status["phase"], "healthy", status)
        self.assertEqual({service["state"] for service in status["services"]}, {"healthy"})
        self.assertTrue(support.Airflow(checkout).login())

    def assert_nothing_left(self, checkout):
        """But for Python's tracker of semaphores, which sees the end of the warm dbt a moment later."""
        is_tracker = lambda pid: "multiprocessing.resource_tracker" in command_line(pid) or not command_line(pid)
        left = support.marked_processes(checkout.instance)
        self.assertEqual([command_line(pid) for pid in left if not is_tracker(pid)], [])
        self.wait_gone(left, 5)
        self.assertTrue(is_free(checkout.port), "port %d is held" % checkout.port)

    def assert_start_converges(self, checkout):
        """One start brings it up, one more finds nothing to do, one stop ends all of it."""
        checkout.run(*AIRFLOW_ONLY).check()
        self.assert_healthy(checkout)
        self.assertIn("running already", checkout.run(*AIRFLOW_ONLY).check().err)
        supervisors = [path for path in glob.glob("/proc/[0-9]*") if "-C %s __supervise" % checkout.root in command_line(int(path[6:]))]
        self.assertEqual(len(supervisors), 1)
        checkout.run("stop").check()
        self.assert_nothing_left(checkout)


def run_class(name):
    done = subprocess.run([sys.executable, os.path.abspath(sys.argv[0]), "-v", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return name, done.returncode, done.stdout


def main(classes):
    """Most of the time something is awaited, so classes run side by side, in this order; words on the command line choose tests."""
    if len(sys.argv) > 1:
        support.main()
    classes = [one.__name__ for one in classes]
    is_good = True
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_class, name) for name in classes]):
            name, code, output = done.result()
            print("== %s\n%s" % (name, output), flush=True)
            is_good = is_good and code == 0
    sys.exit(not is_good)
