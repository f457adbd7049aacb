"""What the integration tests share: the devbox under test, a cache of environments made once, checkouts that leave nothing behind."""
import base64
import glob
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
# A job in the background is started with SIGINT ignored, and so would be every devbox that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("DEVBOX_TEST_BINARY", os.path.join(ROOT, "build/dev/bin/devbox")))
CACHE = os.path.abspath(os.environ.get("DEVBOX_TEST_CACHE", os.path.join(ROOT, "build/dev/test-cache")))
VERSIONS = ("2.10.3", "2.11.2", "3.0.6")
# How many times longer than alone a test may take when others run beside it on a small machine.
PATIENCE = 3


def find_venv(name):
    """Path of an environment that devbox made in the test cache ("airflow-2.10.3", "dbt"), None when it is not there."""
    found = [path for path in glob.glob(os.path.join(CACHE, "devbox/venvs", name + "-*")) if os.path.exists(path + "/.devbox-ready")]
    return found[0] if found else None


def environment(**extra):
    """A newcomer's environment: a home of its own, the test cache, nothing that bends Python or git."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "DEVBOX_", "AIRFLOW", "AWS_"))}
    # An engine of the machine must not decide where Airflow runs; tests of the Docker runtime bring their own.
    kept.update(DOCKER_HOST="unix:///nowhere/docker.sock", XDG_CACHE_HOME=CACHE, LANG="C.UTF-8", GIT_AUTHOR_NAME="Test", GIT_AUTHOR_EMAIL="test@localhost",
                GIT_COMMITTER_NAME="Test", GIT_COMMITTER_EMAIL="test@localhost")
    kept.update(extra)
    return kept


def wait_within(condition, seconds, what):
    """Polls until `condition()` is true and returns its value; fails with `what`, or what that then says, after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        begun = time.monotonic()
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("%s: not within %d s" % (what() if callable(what) else what, seconds))
        # Airflow 2 hashes the password for 0.3 s at each request: the looks must not be what keeps the machine busy.
        now = time.monotonic()
        time.sleep(min(max(0.1, 2 * (now - begun)), max(0, deadline - now)))


def wait_until(condition, seconds, what):
    """The same where being quick is not what is tested: `seconds` is what it may take on a machine with nothing else to do."""
    return wait_within(condition, seconds * PATIENCE, what)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def remove_folder(folder):
    """Also while a process that was told to end still writes there."""
    def is_removed():
        shutil.rmtree(folder, ignore_errors=True)
        return not os.path.exists(folder)

    wait_until(is_removed, 10, "%s removed" % folder)


def marked_processes(instance):
    """Living processes of one checkout, found by the marker that devbox gives all of them."""
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file, open(os.path.dirname(path) + "/stat") as stat:
                if ("DEVBOX_INSTANCE=" + instance).encode() in file.read().split(b"\0") and stat.read().rsplit(")", 1)[1].split()[0] != "Z":
                    found.append(int(path.split("/")[2]))
        except OSError:
            continue
    return found


class Checkout:
    """A checkout in a temporary folder; close() stops what runs in it and checks that nothing is left."""

    binary = BINARY
    user = {}  # user, group and extra_groups that devbox runs as, when it is not who runs the tests

    def __init__(self, version=None, example=True, dags=None):
        self.home = tempfile.mkdtemp(prefix="devbox-test-")
        if self.user:
            os.chown(self.home, self.user["user"], self.user["group"])
        self.root = os.path.join(self.home, "platform")
        self.environment = environment(HOME=self.home)
        if example:
            self.run("init", self.root, "--example", folder=self.home).check()
        else:
            os.makedirs(os.path.join(self.root, "dags"))
        for name, text in (dags or {}).items():
            self.write("dags/" + name, text)
        if version:
            self.configure(version)

    def configure(self, version, extra=""):
        """Writes a devbox.yaml with a free port of its own, so that tests do not meet on 8080."""
        self.version, self.port = version, free_port()
        seeds = "seeds: {columns: {orders: {amount: real}, payments: {amount: real}}}\n"
        self.write("devbox.yaml", 'airflow:\n  version: "%s"\n  port: %d\n%s%s' % (version, self.port, extra, seeds))

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text)

    def run(self, *words, folder=None, seconds=300, env=None, text_input=None):
        command = [self.binary, *words]
        started = time.monotonic()
        done = subprocess.run(command, cwd=folder or self.root, env={**self.environment, **(env or {})}, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, input=text_input, text=True, **self.user)
        return Answer(command, done, time.monotonic() - started)

    def spawn(self, *words, env=None):
        return subprocess.Popen([self.binary, *words], cwd=self.root, env={**self.environment, **(env or {})}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def git(self, *words):
        subprocess.run(["git", *words], cwd=self.root, env=self.environment, check=True, capture_output=True, **self.user)

    def json(self, *words, **options):
        return json.loads(self.run("--json", *words, **options).out.splitlines()[-1])

    def status(self):
        return self.json("status")["data"]

    @property
    def instance(self):
        """The marker's value, as devbox gives it to children."""
        return self.json("env")["data"]["instance"]

    def close(self):
        if os.path.isdir(self.path(".devbox")):
            self.run("stop").check()
            # Warm processes end by themselves once they heard of it.
            wait_until(lambda: not marked_processes(self.instance), 10, "the end of all processes: %s" % marked_processes(self.instance))
        shutil.rmtree(self.home)


class Answer:
    def __init__(self, command, done, seconds):
        self.command, self.code, self.out, self.err, self.seconds = command, done.returncode, done.stdout, done.stderr, seconds

    def check(self, code=0):
        if self.code != code:
            raise AssertionError("%s: exit code %d, not %d\n%s\n%s" % (" ".join(self.command), self.code, code, self.out, self.err))
        return self


class Airflow:
    """The REST API of a running Airflow as admin; one face for both majors."""

    def __init__(self, checkout):
        self.base, self.is_v2 = "http://localhost:%d" % checkout.port, not checkout.version.startswith("2.")
        self.token = None

    def request(self, method, path, body=None, password="admin"):
        request = urllib.request.Request(self.base + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())
        if not self.is_v2:
            request.add_header("Authorization", "Basic " + base64.b64encode(("admin:" + password).encode()).decode())
        elif self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}") if error.headers.get_content_type() == "application/json" else {}

    def login(self, password="admin"):
        """True when admin may come in with this password."""
        if not self.is_v2:
            return self.request("GET", "/api/v1/dags", password=password)[0] == 200
        status, answer = self.request("POST", "/auth/token", {"username": "admin", "password": password})
        self.token = answer.get("access_token", self.token)
        return status == 201

    def api(self, method, path, body=None):
        if self.is_v2 and self.token is None:
            self.login()
        return self.request(method, ("/api/v2" if self.is_v2 else "/api/v1") + path, body)

    def dag_ids(self):
        answer = self.api("GET", "/dags?limit=500" + ("" if self.is_v2 else "&only_active=true"))[1]
        return {dag["dag_id"] for dag in answer.get("dags", [])}

    def run_count(self):
        return self.api("GET", "/dags/~/dagRuns")[1]["total_entries"]

    def trigger(self, dag_id, seconds=90):
        """Runs a DAG through the scheduler and returns the state it ended in."""
        self.api("PATCH", "/dags/" + dag_id, {"is_paused": False})
        status, run = self.api("POST", "/dags/%s/dagRuns" % dag_id, {"logical_date": None} if self.is_v2 else {})
        assert status == 200, (status, run)
        path = "/dags/%s/dagRuns/%s" % (dag_id, urllib.request.quote(run["dag_run_id"]))
        return wait_until(lambda: (lambda state: state if state in ("success", "failed") else None)(self.api("GET", path)[1].get("state")),
                          seconds, "run of " + dag_id)


class FakeAws(http.server.ThreadingHTTPServer):
    """Answers everything that comes to it with 200, and remembers it with what the caller shows to be let in."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            self.server.requests.append("%s %s %s" % (self.command, self.path, self.headers.get("Authorization")))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>")

        do_GET = do_POST = do_PUT = do_HEAD = answer

        def log_message(self, *_):
            pass

    def __init__(self, host="127.0.0.1"):
        self.requests = []
        super().__init__((host, 0), self.Handler)
        self.url = "http://%s:%d" % self.server_address
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


def main():
    unittest.main(verbosity=2)
