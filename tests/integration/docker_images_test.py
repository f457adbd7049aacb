# needs: docker
"""Makes what all tests of the Docker runtime share, images and compose, and shows that each behaves as the official one would."""
import contextlib
import functools
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import docker_compose_program
import docker_images
import docker_stack
import support

docker_stack.require()
NO_V2 = docker_compose_program.reason_without_v2(docker_stack.cache_folder())
COMPOSE = """
services:
  postgres:
    image: postgres:15
    environment: {POSTGRES_USER: airflow, POSTGRES_PASSWORD: secret, POSTGRES_DB: metadata}
    ports: ["127.0.0.1:%(port)d:5432"]
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD, pg_isready, -U, airflow, -h, 127.0.0.1], interval: 1s, timeout: 5s, retries: 60}
  client:
    image: busybox:latest
    command: ["wget", "-q", "-O", "-", "http://host.docker.internal:%(host_port)d/"]
    extra_hosts: ["host.docker.internal:host-gateway"]
    depends_on: {postgres: {condition: service_healthy}}
volumes: {data: {}}
"""


class Greeter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the host greets")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def host_server():
    """A server of the host on all addresses; gives its port."""
    with http.server.HTTPServer(("0.0.0.0", 0), Greeter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = docker_stack.Engine().__enter__()
        cls.addClassCleanup(cls.engine.__exit__, None)
        build_compose = functools.partial(docker_compose_program.build_v2, cls.engine.cache)
        docker_images.ensure_all(cls.engine, [] if NO_V2 else [build_compose])
        cls.folder = tempfile.mkdtemp(prefix="devbox-images-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def run_image(self, image, *words, options=()):
        return self.engine.docker("run", "--rm", "--network", "host", *options, image, *words).strip()

    def each_airflow(self):
        for image, profile in docker_images.AIRFLOW.items():
            with self.subTest(image):
                yield image, os.path.basename(profile)

    def test_airflow_has_its_version_and_the_bare_subcommand(self):
        for image, version in self.each_airflow():
            no_wait = ("-e", "CONNECTION_CHECK_MAX_COUNT=0")
            self.assertEqual(self.run_image(image, "version", options=no_wait).splitlines()[-1], version)
        self.assertEqual(self.run_image(image, "airflow", "version").splitlines()[-1], version)

    def test_airflow_runs_as_a_user_of_the_host_and_writes_its_folders(self):
        script = "touch /opt/airflow/a /opt/airflow/logs/b /home/airflow/.local/c && whoami && echo $HOME && id -g && umask"
        for image, _ in self.each_airflow():
            out = self.run_image(image, "bash", "-c", script, options=("--user", "1234:0", "-e", "CONNECTION_CHECK_MAX_COUNT=0"))
            self.assertEqual(out.split(), ["default", "/home/airflow", "0", "0002"])

    def test_airflow_refuses_another_group(self):
        image = docker_images.NAMES[-1]
        done = self.engine.docker("run", "--rm", "--user", "1234:1234", image, "bash", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("GID=0", done.stdout)

    # The releases are made by one recipe: what it alone decides is looked at in one of them.

    def test_airflow_gives_up_on_a_database_that_never_answers(self):
        options = ("-e", "CONNECTION_CHECK_MAX_COUNT=2", "-e", "CONNECTION_CHECK_SLEEP_TIME=0", "-e",
                   "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql+psycopg2://airflow@127.0.0.1:1/airflow")
        done = self.engine.docker("run", "--rm", *options, docker_images.NAMES[-1], "scheduler", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("Maximum number of retries (2) reached", done.stdout)
        self.assertIn("refused", done.stdout)

    def test_an_image_is_derived_by_pip_as_airflow_and_root_is_refused(self):
        image, profile = list(docker_images.AIRFLOW.items())[-1]
        context = os.path.join(self.folder, "derived")
        os.makedirs(context)
        with open(os.path.join(context, "Dockerfile"), "w") as file:
            file.write("FROM %s\nRUN pip install --no-cache-dir apache-airflow==%s cowsay==6.1\n" % (image, os.path.basename(profile)))
        self.engine.docker("build", "-t", "devbox-derived", context)
        out = self.run_image("devbox-derived", "python", "-c", "import cowsay; print(cowsay.__file__)", options=("--user", "1234:0"))
        self.assertIn("/home/airflow/.local/", out)
        done = self.engine.docker("run", "--rm", "--user", "0:0", "--entrypoint", "pip", image, "list", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("as root", done.stdout)

    def test_postgres_wants_a_password(self):
        done = self.engine.docker("run", "--rm", "postgres:15", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("superuser password is not specified", done.stdout)

    def check_compose(self, kind, *command):
        project = os.path.join(self.folder, kind)
        os.makedirs(project)
        port = support.free_port()
        environment = {**os.environ, **self.engine.environment(kind)}

        def compose(*words, code=0):
            done = subprocess.run([*command, "-p", "images", *words], cwd=project, env=environment, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=300)
            self.assertEqual(done.returncode, code, done.stdout)
            return done.stdout

        with host_server() as host_port:
            with open(project + "/docker-compose.yaml", "w") as file:
                file.write(COMPOSE % {"port": port, "host_port": host_port})
            try:
                compose("up", "-d")
                query = compose("exec", "-T", "postgres", "psql", "-U", "airflow", "-d", "metadata", "-Atc", "select current_user, 6 * 7")
                self.assertIn("airflow|42", query)
                clients = self.engine.api("GET", "/containers/json?all=1&filters=" + support.urllib.request.quote(
                    json.dumps({"label": ["com.docker.compose.service=client"]})))[1]
                self.assertEqual(self.engine.api("POST", "/containers/%s/wait" % clients[0]["Id"])[1]["StatusCode"], 0)
                self.assertIn("the host greets", self.engine.docker("logs", clients[0]["Id"]))
                with support.socket.create_connection(("127.0.0.1", port), timeout=5):
                    pass
            finally:
                compose("down", "-v")

    def test_compose_v1_brings_up_postgres_and_reaches_the_host(self):
        self.check_compose("v1", "docker-compose")

    @unittest.skipIf(NO_V2, "compose v2: %s" % NO_V2)
    def test_compose_v2_brings_up_postgres_and_reaches_the_host(self):
        self.check_compose("v2", "docker", "compose")

    def test_a_child_finds_exactly_the_compose_that_it_was_given(self):
        probe = "docker-compose version --short; docker compose version --short"
        kinds = {"none": [], "v1": ["1."]}
        if not NO_V2:
            kinds.update(v2=["2."], standalone=["2."])
        for kind, expected in kinds.items():
            done = subprocess.run(["sh", "-c", probe], env={**os.environ, **self.engine.environment(kind)}, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.assertEqual([line[:2] for line in done.stdout.split()], expected, kind)

    def test_the_daemon_can_be_stopped_and_started_under_a_container(self):
        container = self.engine.docker("run", "-d", "--network", "none", "--stop-timeout", "1", "busybox:latest", "sleep", "600").strip()
        self.addCleanup(self.engine.docker, "rm", "-f", container)
        self.engine.stop()
        self.assertFalse(self.engine.is_up())
        self.engine.start()
        self.assertFalse(self.engine.api("GET", "/containers/%s/json" % container)[1]["State"]["Running"])


KILLED = """
import os, signal, docker_stack
with docker_stack.Engine() as engine:
    engine.docker("run", "-d", "--network", "none", engine.image("busybox:latest"), "sleep", "600")
    os.kill(os.getpid(), signal.SIGKILL)
"""


class EngineTest(unittest.TestCase):
    def test_what_a_killed_run_left_is_ended_by_the_next(self):
        done = subprocess.run([sys.executable, "-c", KILLED], cwd=os.path.dirname(os.path.abspath(__file__)))
        self.assertEqual(done.returncode, -signal.SIGKILL)
        left = docker_stack.Engine().processes()
        self.assertTrue(any(command.startswith("sleep 600") for command in left.values()), left)
        with docker_stack.Engine() as engine:
            self.assertEqual(engine.api("GET", "/containers/json?all=1")[1], [])
            self.assertFalse(set(left) & set(engine.processes()))
        self.assertEqual(engine.processes(), {})
        self.assertFalse(os.path.exists(engine.folder))

    def test_a_container_left_by_a_test_is_removed_and_named(self):
        with self.assertRaisesRegex(AssertionError, "container forgotten"):
            with docker_stack.Engine() as engine:
                engine.docker("run", "-d", "--name", "forgotten", "--network", "none", engine.image("busybox:latest"), "sleep", "600")
        self.assertEqual(engine.processes(), {})

    def test_a_killed_daemon_comes_back_or_ends_with_its_containers(self):
        engine = docker_stack.Engine()
        with self.assertRaisesRegex(AssertionError, "container orphan"):
            with engine:
                engine.docker("run", "-d", "--name", "orphan", "--network", "none", engine.image("busybox:latest"), "sleep", "600")
                engine.kill()
                self.assertTrue(any(command.startswith("sleep 600") for command in engine.processes().values()))
        self.assertEqual(engine.processes(), {})

    def test_another_engine_keeps_its_bridge_and_its_rules(self):
        with tempfile.TemporaryDirectory(prefix="devbox-engine-") as folder, docker_stack.Engine() as engine:
            done = subprocess.run([sys.executable, "-c", "import docker_stack\nwith docker_stack.Engine(): pass"], text=True,
                                  cwd=os.path.dirname(os.path.abspath(__file__)), env={**os.environ, "DEVBOX_TEST_DOCKER_CACHE": folder},
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout)
            with host_server() as port:
                out = engine.docker("run", "--rm", "--add-host", "host.docker.internal:host-gateway", engine.image("busybox:latest"),
                                    "wget", "-q", "-O", "-", "http://host.docker.internal:%d/" % port)
            self.assertIn("the host greets", out)

    def test_the_firewall_is_as_before(self):
        if docker_stack.other_daemons():
            self.skipTest("another dockerd runs on this machine")
        before = [docker_stack.iptables("-t", table, "-S") for table in ("filter", "nat")]
        with docker_stack.Engine():
            self.assertIn("DOCKER", docker_stack.iptables("-S"))
            self.assertTrue(docker_stack.firewall_rules("nat"))
        self.assertEqual([docker_stack.iptables("-t", table, "-S") for table in ("filter", "nat")], before)


if __name__ == "__main__":
    support.main()
