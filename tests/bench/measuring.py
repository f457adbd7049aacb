"""What the bench scripts share: the processes of one run and what they use, Airflow's health, `airflow standalone`, a table."""
import ctypes
import glob
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
import support  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
MARKER = "BENCH_RUN"
PR_SET_CHILD_SUBREAPER = 36
HEALTHY_TIMEOUT_S, STOP_TIMEOUT_S = 180, 20
HEALTH_PATHS = {"2": "/health", "3": "/api/v2/monitor/health"}


class Processes:
    """The processes of one run: those whose environment holds its marker, and all their descendants."""

    def __init__(self):
        self.marker = os.urandom(8).hex()
        # Without SPT_NOENV a component that sets its title writes over the environment that /proc shows.
        self.environment = {MARKER: self.marker, "SPT_NOENV": "1"}
        # `airflow standalone` ends before its children; in a container nobody else may collect them.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def pids(self):
        return family(self._is_marked) - {os.getpid()}

    def _is_marked(self, pid):
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                return ("%s=%s" % (MARKER, self.marker)).encode() in file.read().split(b"\0")
        except OSError:
            return False

    def memory_mib(self):
        """Proportional set size of all together: a page that several of them share counts once."""
        return proportional_mib(self.pids())

    def cpu_seconds(self):
        """User and system time of all that live, and of their children that have ended."""
        pids = self.pids()
        return sum(sum(map(int, fields[11:15])) for pid, fields in _all_stats() if pid in pids) / TICKS

    def end(self):
        """Ends what is left, gently first."""
        for number, seconds in ((signal.SIGTERM, STOP_TIMEOUT_S), (signal.SIGKILL, 5)):
            deadline = time.monotonic() + seconds
            while self.pids() and time.monotonic() < deadline:
                for pid in self.pids():
                    _kill(pid, number)
                time.sleep(0.5)
        assert not self.pids(), "processes left behind: %s" % self.pids()
        _collect_ended()


def family(is_member):
    """The processes for which is_member(pid) is true, and all their descendants."""
    parents = {pid: int(fields[1]) for pid, fields in _all_stats() if fields[0] not in "ZX"}
    found = {pid for pid in parents if is_member(pid)}
    grows = True
    while grows:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found, grows = found | more, bool(more)
    return found


def proportional_mib(pids):
    return sum(_pss_kib(pid) for pid in pids) / 1024


def _all_stats():
    """(pid, the fields of /proc/PID/stat from the state on) of every process."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as file:
                yield int(path.split("/")[2]), file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue


def _pss_kib(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def _collect_ended():
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def read_words(pid):
    """The command line."""
    try:
        with open("/proc/%d/cmdline" % pid) as file:
            return file.read().split("\0")
    except OSError:
        return []


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def health(version, port):
    """Airflow's own health JSON; {} while it does not answer."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, HEALTH_PATHS[version[0]]), timeout=10) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, OSError, ValueError):
        return {}


def is_healthy(answer, components, since):
    """`since` (seconds UTC): the JSON stays green for 30 s after a stop, so that only a heartbeat newer than the start counts."""
    earliest = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    for name in components:
        component = answer.get(name, {})
        beats = [value for key, value in component.items() if "heartbeat" in key]
        if component.get("status") != "healthy" or any(beat is None or beat < earliest for beat in beats):
            return False
    return True


class Standalone:
    """`airflow standalone` with the Python and a copy of the database of a devbox that was started before: a second morning too."""

    def __init__(self, devbox):
        self.version, self.port, self.processes = devbox.version, support.free_port(), Processes()
        # Airflow 2 runs the DAG processor in the scheduler here, and its health JSON then has none.
        self.components = ["metadatabase", "scheduler", "triggerer"] + (["dag_processor"] if self.version[0] == "3" else [])
        self.home = tempfile.mkdtemp(prefix="devbox-bench-standalone-")
        self.bin = devbox.python_folder
        shutil.copy(devbox.checkout.path(".devbox/airflow/%s/airflow.db" % self.version), self.home)
        self.environment = {**support.environment(HOME=self.home), **self.processes.environment,
                            **self._settings(devbox.checkout.path("dags")), "PATH": self.bin + ":" + os.environ["PATH"]}

    def _settings(self, dags):
        """Only what devbox sets too and what makes standalone faster or smaller: the comparison is not about defaults."""
        settings = {"AIRFLOW_HOME": self.home, "AIRFLOW__CORE__DAGS_FOLDER": dags, "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False", "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname"}
        port, log_ports = str(self.port), (str(support.free_port()), str(support.free_port()))
        settings.update(AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT=log_ports[0], AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT=log_ports[1])
        if self.version[0] == "2":
            settings.update(AIRFLOW__WEBSERVER__WEB_SERVER_PORT=port, AIRFLOW__WEBSERVER__WORKERS="1")
        else:
            settings.update(AIRFLOW__API__PORT=port, AIRFLOW__API__WORKERS="1", AIRFLOW__API__BASE_URL="http://localhost:" + port,
                            AIRFLOW__CORE__EXECUTION_API_SERVER_URL="http://127.0.0.1:%s/execution/" % port)
        return settings

    def start(self):
        """Returns (wall seconds, CPU seconds) from the command to healthy."""
        started, since = time.monotonic(), time.time()
        with open(os.path.join(self.home, "standalone.log"), "wb") as log:
            command = subprocess.Popen([os.path.join(self.bin, "airflow"), "standalone"], cwd=self.home, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

        def look():
            assert command.poll() is None, "airflow standalone ended, exit code %s" % command.returncode
            return is_healthy(health(self.version, self.port), self.components, since)

        self.command = command
        support.wait_until(look, HEALTHY_TIMEOUT_S, "airflow standalone healthy")
        return time.monotonic() - started, self.processes.cpu_seconds()

    def stop(self):
        if hasattr(self, "command"):
            self.command.terminate()
            try:
                self.command.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.command.kill()
                self.command.wait()
        self.processes.end()

    def close(self):
        self.stop()
        shutil.rmtree(self.home)


class Devbox:
    """The same with devbox: a checkout of its own whose processes carry a marker."""

    components = ["metadatabase", "scheduler", "triggerer", "dag_processor"]

    def __init__(self, version, dags=None):
        self.version, self.processes = version, Processes()
        self.checkout = support.Checkout(version, example=dags is None, dags=dags)
        self.checkout.environment.update(self.processes.environment)

    def start(self):
        """Returns (wall seconds, CPU seconds) from the command until it says that all is healthy, which the health JSON must confirm."""
        started, since = time.monotonic(), time.time()
        command = subprocess.Popen([support.BINARY, "start", "--only", "airflow"], cwd=self.checkout.root, env=self.checkout.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = command.stderr.read()
        _, status, usage = os.wait4(command.pid, 0)
        seconds = time.monotonic() - started
        command.returncode = os.waitstatus_to_exitcode(status)
        assert command.returncode == 0, errors.decode()
        cpu = self.processes.cpu_seconds() + usage.ru_utime + usage.ru_stime
        self.python_folder = self._find_python()
        assert is_healthy(health(self.version, self.checkout.port), self.components, since), "devbox start said healthy, Airflow does not"
        return seconds, cpu

    def _find_python(self):
        for pid in self.processes.pids():
            words = read_words(pid)
            if any(word.endswith("airflow_host.py") for word in words):
                return os.path.dirname(words[0])
        raise AssertionError("no airflow_host.py among the processes of devbox")

    def stop(self):
        self.checkout.run("stop").check()
        # A warm process may still be importing when it is told to end.
        support.wait_until(lambda: not self.processes.pids(), STOP_TIMEOUT_S, "the end of all processes")

    def close_after_start(self):
        """A start that nobody measures: it may install, and makes the database and the files that later ones find."""
        try:
            self.start()
        finally:
            self.close()

    def close(self):
        try:
            self.checkout.close()
        finally:
            self.processes.end()


def need_environments(versions):
    """Makes what is missing, so that no figure holds an installation."""
    for version in versions:
        if support.find_venv("airflow-" + version) is None:
            print("preparing Airflow %s in %s" % (version, support.CACHE), file=sys.stderr)
            Devbox(version).close_after_start()


def median(values):
    return statistics.median(values)


def show(rows, headings):
    """Prints a table; the first column is text."""
    lines = [headings] + [[row[0]] + ["%.2f" % value if isinstance(value, float) else str(value) for value in row[1:]] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        print("  " + line[0].ljust(widths[0]) + "".join("  " + cell.rjust(width) for cell, width in zip(line[1:], widths[1:])), flush=True)


def say_machine(what):
    print("%s · %d CPUs · load %.1f at the start · %s" % (what, os.cpu_count(), os.getloadavg()[0], support.BINARY), flush=True)
