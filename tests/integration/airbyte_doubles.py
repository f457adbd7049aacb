"""What stands in for Airbyte in tests: a real container named and labelled as kind's node, whose kubectl answers from files; its page; abctl.

No image of Airbyte or Kubernetes is needed. What abctl says is what abctl v0.30.4 really printed (tests/fixtures/abctl-v0.30.4)."""
import contextlib
import http.server
import json
import os
import shutil
import stat
import threading
import time
import urllib.parse

from support import ROOT

NODE = "airbyte-abctl-control-plane"
ABCTL_FIXTURES = os.path.join(ROOT, "tests/fixtures/abctl-v0.30.4")
AIRBYTE_FIXTURES = os.path.join(ROOT, "tests/fixtures/airbyte")
KUBECTL = """#!/bin/sh
case "$*" in
*"get pods"*) exec cat /cluster/pods.json ;;
*"get secrets"*) exec cat /cluster/helm_status ;;
*"get secret airbyte-auth-secrets"*) exec cat /cluster/secret.json ;;
*logs*) exec cat /cluster/bootloader.log ;;
esac
echo "unknown: $*" >&2
exit 1
"""


class Cluster:
    """The node, in the real engine. Its files say what its Kubernetes answers; without a file it does not answer."""

    def __init__(self, engine, folder, port):
        self.engine, self.folder, self.port = engine, os.path.join(folder, "cluster"), port
        os.makedirs(self.folder)
        self.write("kubectl", KUBECTL)
        os.chmod(os.path.join(self.folder, "kubectl"), 0o755)
        self.has_kubernetes()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def has_kubernetes(self, pods="pods_ready.json", helm_status="deployed"):
        shutil.copy(os.path.join(AIRBYTE_FIXTURES, pods), os.path.join(self.folder, "pods.json"))
        shutil.copy(os.path.join(AIRBYTE_FIXTURES, "secret.json"), os.path.join(self.folder, "secret.json"))
        self.write("helm_status", helm_status)

    def words(self, port="{port}"):
        """What makes it, as words of the docker program: with the published port in its settings, as kind's node has, though without a
        network nothing listens there but what the test puts there."""
        return ["run", "-d", "--name", NODE, "--label", "io.x-k8s.kind.cluster=airbyte-abctl", "--label", "io.x-k8s.kind.role=control-plane",
                "--network", "none", "-p", "0.0.0.0:%s:80" % port, "-v", self.folder + ":/cluster:ro",
                "-v", self.folder + "/kubectl:/bin/kubectl:ro", "busybox:latest", "sh", "-c",
                "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"]

    def create(self):
        self.engine.docker(*self.words(str(self.port)))

    def remove(self):
        self.engine.docker("rm", "-f", NODE, check=False)

    def state(self):
        return self.engine.api("GET", "/containers/%s/json" % NODE)[1]["State"]["Status"]


class Page:
    """Airbyte's page and API as far as devbox asks them. `mode`: healthy, unavailable, starting (as the ingress answers), foreign."""

    def __init__(self, port, mode="healthy"):
        self.port, self.mode, self.requests, self.client = port, mode, [], ("cid-1", "csec-1")
        self.syncs = []  # ids of the connections that were to be synced
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, body, kind="application/json"):
                text = body if isinstance(body, str) else json.dumps(body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_GET(self):
                page.requests.append("GET " + self.path)
                if page.mode == "starting":
                    self.answer(503, "<html><center><h1>503 Service Temporarily Unavailable</h1></center><hr>nginx</html>", "text/html")
                elif page.mode == "foreign":
                    self.answer(200, "<html>another page</html>", "text/html")
                elif self.path == "/api/v1/health":
                    self.answer(200, {"available": page.mode == "healthy"})
                elif self.path == "/api/v1/instance_configuration":
                    self.answer(200, {"version": "2.0.1", "edition": "community", "initialSetupComplete": True,
                                      "defaultOrganizationEmail": "dana@example.org"})
                elif self.path == "/api/public/v1/health":
                    self.answer(200, "Successful operation", "text/plain")
                elif self.path.startswith("/api/public/v1/jobs/"):
                    self.answer(*((200, page.job("succeeded")) if self.is_allowed() else (401, {"status": 401})))
                else:
                    self.answer(404, {"status": 404, "type": "https://reference.airbyte.com/reference/errors"})

            def is_allowed(self):
                return self.headers.get("Authorization") == "Bearer ey.token"

            def read_body(self):
                """devbox sends JSON, the SDK of Airflow's provider a form for the token."""
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                return json.loads(text) if text.startswith("{") else {name: values[0] for name, values in urllib.parse.parse_qs(text).items()}

            def do_POST(self):
                page.requests.append("POST " + self.path)
                body = self.read_body()
                if self.path == "/api/public/v1/jobs" and page.mode == "healthy":
                    page.syncs.append(body["connectionId"])
                    self.answer(*((200, page.job("running")) if self.is_allowed() else (401, {"status": 401})))
                elif self.path != "/api/public/v1/applications/token" or page.mode != "healthy":
                    self.answer(404, {"status": 404})
                elif (body["client_id"], body["client_secret"], body["grant_type"]) != (*page.client, "client_credentials"):
                    self.answer(400, {"message": "Invalid client id or token"})
                else:
                    self.answer(200, {"access_token": "ey.token", "token_type": "Bearer", "expires_in": 900})

        self.handler, self.server, self.thread = Handler, None, None

    def job(self, status):
        return {"jobId": 7, "status": status, "jobType": "sync", "connectionId": self.syncs[-1], "startTime": "2026-01-01T00:00:00Z"}

    def start(self):
        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", self.port), self.handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def start_when(self, is_due, seconds=60):
        """Comes up by itself once `is_due()`, as the page of a cluster does that is being installed."""
        def wait():
            deadline = time.monotonic() + seconds
            while not is_due() and time.monotonic() < deadline:
                time.sleep(0.05)
            self.start()

        threading.Thread(target=wait, daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Abctl:
    """A program `abctl` in a folder for PATH; see tests/helpers/fake_abctl.py for what it can be told."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "bin")
        self.path = os.path.join(self.folder, "abctl")
        self.record = os.path.join(folder, "abctl-calls")
        os.makedirs(self.folder, exist_ok=True)
        shutil.copy(os.path.join(ROOT, "tests/helpers/fake_abctl.py"), self.path)
        os.chmod(self.path, os.stat(self.path).st_mode | stat.S_IXUSR)

    def plays(self, name, **told):
        for stream in ("out", "err"):
            path = os.path.join(ABCTL_FIXTURES, "%s.%s" % (name, stream))
            if os.path.exists(path):
                told.setdefault(stream, path)
        with open(self.path + ".json", "w") as file:
            json.dump({"record": self.record, **told}, file)
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.record)

    def calls(self):
        if not os.path.exists(self.record):
            return []
        with open(self.record) as file:
            return [json.loads(line) for line in file]
