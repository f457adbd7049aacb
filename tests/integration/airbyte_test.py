# needs: docker
"""Airbyte through abctl: a real engine and a real container in place of kind's node, abctl's recorded words, a page that speaks Airbyte's API."""
import hashlib
import http.server
import io
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest

import docker_stack
import support
from airbyte_doubles import NODE, Abctl, Cluster, Page
from support import BINARY, ROOT, Answer, Checkout, free_port, wait_until

docker_stack.require()
READY = "11 of 11 pods ready"


def golden(name):
    with open(os.path.join(ROOT, "tests/golden", name)) as file:
        return file.read()


class WithEngine(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.engine = docker_stack.Engine()
        cls.engine.__enter__()
        cls.addClassCleanup(cls.engine.__exit__, None, None, None)
        cls.engine.image("busybox:latest")

    def setUp(self):
        self.checkout = Checkout(example=False)
        self.addCleanup(self.checkout.close)
        self.port = free_port()
        self.checkout.write("devbox.yaml", "runtime: native\nairbyte: {port: %d}\n" % self.port)
        self.cluster = Cluster(self.engine, self.checkout.home, self.port)
        self.addCleanup(self.cluster.remove)
        self.page = Page(self.port)
        self.addCleanup(self.page.stop)
        self.abctl = Abctl(self.checkout.home)
        self.checkout.environment.update(self.engine.environment(), PATH=self.abctl.folder + ":" + os.environ["PATH"])

    def devbox(self, *words, **options):
        return self.checkout.run(*words, **options)

    def transcript(self, *words):
        """What a user sees, without what differs from run to run."""
        done = self.devbox(*words)
        text = (done.err + done.out).replace(str(self.port), "8000").replace(self.checkout.root + "/", "")
        return "$ devbox %s\n%s" % (" ".join(words), re.sub(r" +\d+\.\ds", "      0.0s", text))

    def result(self, *words, code=0, **options):
        return json.loads(self.devbox("--json", *words, **options).check(code).out.splitlines()[-1])


class Day(WithEngine):
    def test_a_day_reads_as_in_the_golden_transcript(self):
        self.cluster.create()
        self.page.start()
        said = [self.transcript("airbyte", word) for word in ("status", "credentials", "start", "stop")]
        self.page.stop()
        self.assertEqual("exited", self.cluster.state())
        said.append(self.transcript("airbyte", "status"))
        self.page.start_when(lambda: self.cluster.state() == "running")
        said.append(self.transcript("airbyte", "start"))
        self.assertEqual(golden("airbyte_day.txt"), "\n".join(said))
        self.assertEqual([], self.abctl.calls())

    def test_a_paused_node_is_woken_and_a_paused_one_can_be_stopped(self):
        self.cluster.create()
        self.engine.docker("pause", NODE)
        self.page.start()
        self.assertIn("paused", self.devbox("airbyte", "status").check().out)
        self.assertIn("woken; " + READY, self.devbox("airbyte", "start").check().err)
        self.engine.docker("pause", NODE)
        done = self.devbox("airbyte", "stop").check()
        self.assertEqual("exited", self.cluster.state())
        self.assertLess(done.seconds, 15)

    def test_health_is_what_the_body_says(self):
        self.cluster.create()
        self.cluster.has_kubernetes(pods="pods_starting.json")
        self.page.mode = "starting"
        self.page.start()
        for mode in ("starting", "unavailable", "foreign"):
            self.page.mode = mode
            data = self.result("airbyte", "status")["data"]
            self.assertEqual(("running", False, 7, 11), (data["state"], data["isHealthy"], data["podsReady"], data["pods"]))
        seen = []
        with subprocess.Popen([BINARY, "--json", "--timeout", "30s", "__step", "airbyte"], cwd=self.checkout.root, env=self.checkout.environment,
                              stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout:
                seen.append(json.loads(line))
                if "7 of 11" in seen[-1].get("text", ""):
                    self.page.mode = "healthy"
        self.assertEqual("ok", seen[-1]["status"], seen[-1])
        self.assertIn("starting: 7 of 11 pods ready", [event.get("text") for event in seen])

    def test_a_stuck_pod_is_named_at_the_deadline(self):
        self.cluster.create()
        self.cluster.has_kubernetes(pods="pods_stuck.json")
        self.page.mode = "starting"
        self.page.start()
        error = self.result("airbyte", "start", "--timeout", "2s", code=7)["error"]
        self.assertIn("still starting after 2.0s: 7 of 11 pods ready", error["message"])
        self.assertIn("connector-rollout-worker-7d9c: ImagePullBackOff", error["detail"])

    def test_a_node_that_dies_ends_the_wait(self):
        self.cluster.create()
        self.page.mode = "starting"
        self.page.start()
        threading.Timer(1.0, lambda: self.engine.docker("kill", NODE)).start()
        done = self.devbox("airbyte", "start").check(6)
        self.assertIn("Airbyte's node ended while it was starting (exited, exit code 137", done.err)
        self.assertLess(done.seconds, 12)

    def test_credentials_are_masked_and_reach_no_file(self):
        self.cluster.create()
        self.page.start()
        data = self.result("airbyte", "credentials")["data"]
        self.assertEqual(("****", "****", "cid-1"), (data["password"], data["clientSecret"], data["clientId"]))
        revealed = self.result("airbyte", "credentials", "--reveal")["data"]
        self.assertEqual(("p@ss: w$rd", "csec-1", "granted"), (revealed["password"], revealed["clientSecret"], revealed["token"]))
        self.page.client = ("cid-2", "csec-2")
        self.assertIn("refused", self.result("airbyte", "credentials")["data"]["token"])
        left = subprocess.run(["grep", "-rlE", "csec-1|p@ss", self.checkout.path(".devbox")], capture_output=True, text=True).stdout
        self.assertEqual("", left)

    def test_credentials_of_what_does_not_run_say_what_to_do(self):
        self.assertIn("Airbyte is not installed", self.devbox("airbyte", "credentials").check(6).err)
        self.cluster.create()
        self.engine.docker("stop", "-t", "1", NODE)
        done = self.devbox("airbyte", "credentials").check(6)
        self.assertIn("Airbyte is exited", done.err)
        self.assertIn("devbox airbyte start", done.err)

    def test_a_foreign_container_of_that_name_is_not_touched(self):
        self.engine.docker("run", "-d", "--name", NODE, "--network", "none", "busybox:latest", "sleep", "600")
        for word in ("start", "stop", "status"):
            self.assertIn("is no cluster of abctl's", self.devbox("airbyte", word).check(6).err)
        self.assertEqual("running", self.cluster.state())

    def test_two_checkouts_share_one_cluster(self):
        self.cluster.create()
        self.engine.docker("stop", "-t", "1", NODE)
        self.page.start_when(lambda: self.cluster.state() == "running")
        other = Checkout(example=False)
        self.addCleanup(other.close)
        other.environment.update(self.engine.environment())
        other.write("devbox.yaml", "runtime: native\n")
        children = [one.spawn("airbyte", "start") for one in (self.checkout, other)]
        self.assertEqual([0, 0], [child.wait(60) for child in children])
        self.assertIn(":%d " % self.port, other.run("airbyte", "status").check().out)


class Installing(WithEngine):
    def plays_success(self, **told):
        self.abctl.plays("install_success", node=self.cluster.words(), **told)
        self.page.start_when(lambda: self.engine.api("GET", "/containers/%s/json" % NODE)[0] == 200)

    def test_an_installation_reads_as_in_the_golden_transcript(self):
        self.plays_success()
        self.checkout.environment.update(AWS_SECRET_ACCESS_KEY="x", ABCTL_LOCAL_INSTALL_DOCKER_PASSWORD="hub")
        said = [self.transcript("airbyte", "start"), self.transcript("airbyte", "start", "--yes")]
        said[1] = said[1].replace(", low-resource mode", "")  # as this machine's memory has it
        self.assertEqual(golden("airbyte_install.txt"), "\n".join(said))
        (call,) = self.abctl.calls()
        words, variables = call["arguments"], call["environment"]
        self.assertEqual(["local", "install", "--no-browser", "--port", str(self.port), "--chart-version", "2.0.19"], words[:7])
        self.assertEqual(("1", "1", "hub"), tuple(variables[name] for name in ("DO_NOT_TRACK", "NO_COLOR", "ABCTL_LOCAL_INSTALL_DOCKER_PASSWORD")))
        self.assertEqual("unix://" + self.engine.socket, variables["DOCKER_HOST"])
        self.assertNotIn("AWS_SECRET_ACCESS_KEY", variables)
        self.assertEqual("/dev/null", call["stdin"])
        with open(self.checkout.path(".devbox/logs/airbyte-install.log")) as file:
            log = file.read()
        self.assertIn("Installed Helm Chart airbyte/airbyte", log)
        self.assertIn("Airbyte installation complete.", log)
        self.assertIn("running already", self.devbox("airbyte", "start", "--yes").check().err)
        self.assertEqual(1, len(self.abctl.calls()))

    def test_phases_and_pods_are_progress(self):
        self.cluster.has_kubernetes(pods="pods_starting.json")
        self.plays_success(line_delay=0.05)
        self.checkout.write("devbox.yaml", "runtime: native\nairbyte: {enabled: true, port: %d, version: 2.2.0, low_resource: true}\n" % self.port)
        events = self.devbox("--json", "--yes", "__step", "airbyte").check().out
        for phase in ("creating the Kubernetes node", "pulling airbyte/server:2.0.1", "installing Airbyte's chart", "waiting for the web page"):
            self.assertIn(phase, events)
        self.assertEqual(["--chart-version", "2.2.0", "--low-resource-mode"], self.abctl.calls()[0]["arguments"][-3:])

    def test_a_failed_installation_reads_as_in_the_golden_transcript(self):
        self.abctl.plays("install_docker_nonet", exit=1)
        self.assertEqual(golden("airbyte_install_failed.txt"), self.transcript("airbyte", "start", "--yes"))
        self.devbox("airbyte", "start", "--yes").check(8)

    def test_ctrl_c_waits_for_an_abctl_that_does_not_listen_at_once(self):
        self.abctl.plays("sigterm", hangs=True, deaf_seconds=3)
        self.interrupt(2, 10)

    def test_an_abctl_that_never_listens_is_killed(self):
        self.abctl.plays("sigterm", hangs=True, deaf_seconds=600)
        self.interrupt(11, 20)

    def interrupt(self, at_least, at_most):
        child = subprocess.Popen([BINARY, "airbyte", "start", "--yes"], cwd=self.checkout.root, env=self.checkout.environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_until(self.abctl.calls, 20, "abctl is run")
        time.sleep(0.3)
        started = time.monotonic()
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=at_most)[1]
        self.assertEqual(130, child.returncode, said)
        self.assertIn("interrupted while installing Airbyte (", said)
        self.assertGreater(time.monotonic() - started, at_least)
        self.assertEqual("", subprocess.run(["pgrep", "-f", self.abctl.path], capture_output=True, text=True).stdout)

    def test_after_a_kill_the_next_start_meets_no_second_abctl(self):
        self.abctl.plays("sigterm", hangs=True)
        child = self.checkout.spawn("airbyte", "start", "--yes")
        wait_until(self.abctl.calls, 20, "abctl is run")
        child.kill()
        child.wait()
        error = self.result("airbyte", "start", "--yes", code=9)["error"]
        self.assertIn("still installs Airbyte (pid ", error["message"])
        os.kill(int(re.search(r"pid (\d+)", error["message"])[1]), signal.SIGKILL)
        self.plays_success()
        self.assertIn("installed: chart 2.0.19", self.devbox("airbyte", "start", "--yes").check().err)

    def test_an_abctl_that_hangs_has_a_deadline(self):
        self.abctl.plays("install_docker_nonet", hangs=True)
        done = self.devbox("airbyte", "start", "--yes", "--timeout", "2s").check(7)
        self.assertIn("Airbyte was not installed within 2.0s; the last that abctl did: creating the Kubernetes node", done.err)
        self.assertLess(done.seconds, 10)

    def test_an_installation_that_was_cut_short_goes_on(self):
        self.cluster.create()
        self.cluster.has_kubernetes(pods="pods_starting.json", helm_status="pending-install")
        self.abctl.plays("install_success", node=["exec", NODE, "true"])
        self.assertIn("its installation was cut short; devbox airbyte start goes on", self.devbox("start", "--only", "airbyte", "--yes").check().err)
        self.devbox("airbyte", "start").check(3)
        self.assertEqual([], self.abctl.calls())
        self.page.start_when(self.abctl.calls)
        self.assertIn("installed: chart 2.0.19", self.devbox("airbyte", "start", "--yes").check().err)

    def test_a_busy_port_is_replaced_or_named(self):
        self.plays_success()
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", self.port))
            holder.listen()
            self.assertIn("port %d, which devbox.yaml wants for Airbyte, is held" % self.port, self.devbox("airbyte", "start", "--yes").check(6).err)
        self.assertEqual([], self.abctl.calls())

    def test_on_a_terminal_the_user_is_asked(self):
        self.plays_success()
        self.assertEqual(3, self.answer("n"))
        self.assertEqual([], self.abctl.calls())
        self.assertEqual(0, self.answer("yes"))
        self.assertEqual(1, len(self.abctl.calls()))

    def answer(self, word):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.checkout.root)
            os.execve(BINARY, [BINARY, "airbyte", "start"], self.checkout.environment)
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(terminal, 4096)
        os.write(terminal, word.encode() + b"\n")
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:  # the terminal's other end is closed
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Sync(WithEngine):
    def test_airflow_s_own_operator_triggers_a_sync(self):
        """The real provider and the real SDK, with the connection that devbox puts into Airflow."""
        self.cluster.create()
        self.page.start()
        example = Checkout("2.10.3")
        self.addCleanup(example.close)
        os.makedirs(example.home + "/.airbyte/abctl")  # as abctl leaves it
        example.environment.update(self.engine.environment())
        example.configure("2.10.3", "  variables: {airbyte_connection_id: 5f0e-1}\nruntime: native\n")
        example.write("requirements.txt", "apache-airflow-providers-airbyte==5.2.5\n")
        self.assertIn("skipped: Airbyte is off", example.run("test", "dag", "airbyte_sync", seconds=600).check().out)
        example.run("start", "--only", "airflow,airbyte").check()
        self.assertEqual("success", support.Airflow(example).trigger("airbyte_sync"))
        self.assertEqual(["5f0e-1"], self.page.syncs)
        self.assertRegex(example.run("test", "dag", "airbyte_sync").check().out, "✓ sync .* 7\n")
        self.page.mode = "starting"
        self.assertIn("skipped: Airbyte is off", example.run("test", "dag", "airbyte_sync").check().out)
        self.page.mode = "healthy"
        # The line for .env does the same, where Airflow does not run.
        connection = example.json("airbyte", "credentials", "--reveal")["data"]["airflowConnection"]
        example.write(".env", "AIRFLOW_CONN_AIRBYTE_DEFAULT=%s\n" % connection)
        os.chmod(example.path(".env"), 0o600)
        example.run("stop").check()
        shutil.rmtree(example.path(".devbox/airflow"))
        self.assertRegex(example.run("test", "dag", "airbyte_sync").check().out, "✓ sync .* 7\n")
        self.assertEqual(3, len(self.page.syncs))


class Morning(WithEngine):
    def test_airflow_is_reported_before_airbyte_is_up(self):
        self.cluster.create()
        self.engine.docker("stop", "-t", "1", NODE)
        self.page.mode = "starting"
        self.page.start()
        example = Checkout("2.10.3")
        self.addCleanup(example.close)
        example.environment.update(self.engine.environment())
        example.configure("2.10.3", "runtime: native\n")
        said = []
        with subprocess.Popen([BINARY, "start"], cwd=example.root, env=example.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as child:
            for line in child.stdout:
                said.append(line)
                if line.startswith("Airflow is ready: ") and self.page.mode == "starting":
                    self.assertFalse(any("✓ airbyte" in earlier for earlier in said), said)
                    self.assertTrue(support.Airflow(example).login())
                    self.page.mode = "healthy"
        self.assertEqual(0, child.returncode, said)
        self.assertEqual("healthy", self.page.mode, said)
        self.assertTrue(any("✓ airbyte" in line and "started; " in line for line in said), said)
        self.assertEqual(2, sum(line.startswith("Airflow is ready: ") for line in said), said)


class Start(WithEngine):
    def said(self, code=0, config=None, env=None, words=()):
        if config is not None:
            self.checkout.write("devbox.yaml", config)
        done = self.devbox("start", "--only", "airbyte", *words, env=env).check(code)
        return done.err + done.out

    def test_what_is_installed_is_brought_up(self):
        self.cluster.create()
        self.engine.docker("stop", "-t", "1", NODE)
        self.page.start_when(lambda: self.cluster.state() == "running")
        self.assertIn("started; %s · http://localhost:%d" % (READY, self.port), " ".join(self.said().split()))
        self.assertIn("running already", self.said())
        os.makedirs(self.checkout.home + "/.airbyte/abctl")
        self.assertIn("Airbyte runs on, for all checkouts; to end it: devbox airbyte stop", self.devbox("stop").check().err)
        self.assertEqual("running", self.cluster.state())

    def test_nothing_is_installed_by_itself(self):
        self.abctl.plays("install_success")
        self.assertIn("not installed; devbox airbyte start installs it", " ".join(self.said().split()))
        self.assertIn("Airbyte is not installed on this machine yet", " ".join(self.said(3, "runtime: native\nairbyte: {enabled: true}\n").split()))
        self.assertIn("off: airbyte.enabled is false", self.said(0, "runtime: native\nairbyte: {enabled: false}\n"))
        self.assertNotIn("airbyte", self.devbox("start", "--only", "sandbox", "--no-airbyte").check().err)
        self.assertEqual([], self.abctl.calls())

    def test_without_an_engine_the_rest_goes_on(self):
        nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
        self.assertIn("off: ", self.said(env=nowhere))
        self.said(5, "runtime: native\nairbyte: {enabled: true}\n", nowhere)

    def test_an_engine_that_hangs_holds_nobody_up(self):
        path = self.checkout.home + "/hung.sock"
        with socket.socket(socket.AF_UNIX) as hung:
            hung.bind(path)
            hung.listen()
            started = time.monotonic()
            self.assertIn("off: ", self.said(env={"DOCKER_HOST": "unix://" + path}))
            self.assertLess(time.monotonic() - started, 10)


class Fetching(WithEngine):
    """abctl from a release server of our own, by a devbox whose data names that server."""

    def setUp(self):
        super().setUp()
        self.checkout.environment["PATH"] = os.environ["PATH"]
        self.prefix = os.path.join(self.checkout.home, "prefix")
        os.makedirs(self.prefix + "/bin")
        os.makedirs(self.prefix + "/share/devbox/compose/airbyte")
        self.binary = shutil.copy(BINARY, self.prefix + "/bin/devbox")
        self.checkout.environment["XDG_CACHE_HOME"] = self.checkout.home + "/cache"
        self.files, self.requests = {}, []
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                test.requests.append(self.path)
                status, headers, body = test.files.get(self.path, (404, {}, b"Not Found"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.base = "http://127.0.0.1:%d" % server.server_port
        machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
        self.asset = "abctl-v0.30.4-linux-%s.tar.gz" % machine

    def pin(self, archive, digest=None):
        digest = digest or hashlib.sha256(archive).hexdigest()
        with open(self.prefix + "/share/devbox/compose/airbyte/abctl.yaml", "w") as file:
            file.write('abctl: v0.30.4\nchart: "2.0.19"\ndownload: %s/v0.30.4\nsha256: {%s: %s}\n' % (self.base, self.asset, digest))

    def archive(self, name=None):
        """An archive as goreleaser packs it, whose program is the stand-in."""
        with open(self.abctl.path, "rb") as file:
            program = file.read()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for path, content in (("README.md", b"abctl"), ("abctl", program)):
                info = tarfile.TarInfo(name or "%s/%s" % (self.asset[: -len(".tar.gz")], path))
                info.size, info.mode = len(content), 0o755
                tar.addfile(info, io.BytesIO(content))
        return packed.getvalue()

    def start(self, code):
        done = subprocess.run([self.binary, "airbyte", "start", "--yes"], cwd=self.checkout.root, env=self.checkout.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        answer = Answer([self.binary], done, 0).check(code)
        return " ".join((answer.err + answer.out).split())

    def left(self):
        folder = self.checkout.home + "/cache/devbox/tools"
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def test_a_release_is_fetched_checked_unpacked_and_used(self):
        archive = self.archive()
        self.pin(archive)
        self.files["/v0.30.4/" + self.asset] = (302, {"Location": self.base + "/storage/1"}, b"")
        self.files["/storage/1"] = (200, {}, archive)
        self.abctl.plays("install_success", node=self.cluster.words())
        self.checkout.environment["FAKE_ABCTL"] = self.abctl.path + ".json"
        self.page.start_when(lambda: self.engine.api("GET", "/containers/%s/json" % NODE)[0] == 200)
        self.assertIn("installed: chart 2.0.19", self.start(0))
        self.assertEqual(["/v0.30.4/" + self.asset, "/storage/1"], self.requests)
        self.assertEqual(["abctl-v0.30.4"], self.left())
        self.assertEqual(0o700, os.stat(self.checkout.home + "/cache/devbox/tools/abctl-v0.30.4/abctl").st_mode & 0o777)

    def test_a_checksum_of_devbox_yaml_lets_a_release_be_fetched(self):
        archive = self.archive()
        self.pin(b"", "~")
        digest = hashlib.sha256(archive).hexdigest()
        self.checkout.write("devbox.yaml", "runtime: native\nairbyte: {port: %d, abctl_sha256: [%s]}\n" % (self.port, digest))
        self.files["/v0.30.4/" + self.asset] = (200, {}, archive[:-1])
        self.assertIn("its checksum differs", self.start(8))
        self.files["/v0.30.4/" + self.asset] = (200, {}, archive)
        self.abctl.plays("install_success", node=self.cluster.words())
        self.checkout.environment["FAKE_ABCTL"] = self.abctl.path + ".json"
        self.page.start_when(lambda: self.engine.api("GET", "/containers/%s/json" % NODE)[0] == 200)
        self.assertIn("installed: chart 2.0.19", self.start(0))

    def test_what_is_not_the_pinned_release_is_refused(self):
        archive = self.archive()
        outside = self.archive("../../outside")
        cases = [
            ("wrong checksum", archive, "0" * 64, (200, {}, archive), 8, "its checksum differs"),
            ("truncated", archive, None, (200, {}, archive[:-100]), 8, "its checksum differs"),
            ("cut in transfer", archive, None, (200, {"Content-Length": str(len(archive) + 5)}, archive), 8, "abctl could not be fetched"),
            ("not found", archive, None, (404, {}, b""), 8, "answered with status 404"),
            ("server error", archive, None, (500, {}, b""), 8, "answered with status 500"),
            ("a page of a proxy", archive, None, (200, {}, b"<html>sign in</html>"), 8, "its checksum differs"),
            ("leads round in circles", archive, None, (302, {"Location": self.base + "/v0.30.4/" + self.asset}, b""), 8, "status 302"),
            ("leads to a file", archive, None, (302, {"Location": "file:///etc/passwd"}, b""), 4, "is no http"),
            ("leads out of the folder", outside, None, (200, {}, outside), 6, "abctl could not be unpacked"),
            ("damaged", archive[:-100], None, (200, {}, archive[:-100]), 6, "abctl could not be unpacked"),
            ("without the program", self.archive("other"), None, (200, {}, self.archive("other")), 6, "holds no program"),
        ]
        for name, pinned, digest, answer, code, message in cases:
            with self.subTest(name):
                self.pin(pinned, digest)
                self.files["/v0.30.4/" + self.asset] = answer
                self.assertIn(message, self.start(code))
                self.assertEqual([], self.left())
        self.assertFalse(os.path.exists(self.checkout.home + "/cache/outside"))

    def test_without_a_checksum_nothing_is_fetched(self):
        self.pin(b"", "~")
        self.assertIn("this devbox has no checksum for " + self.asset, self.start(5))
        self.assertEqual([], self.requests)


if __name__ == "__main__":
    support.main()
