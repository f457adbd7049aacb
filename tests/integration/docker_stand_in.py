"""A platform in miniature for tests of the Docker runtime: devbox as it is, on images of busybox that take a second to start.

    with docker_stack.Engine() as engine, docker_stand_in.Checkout(engine) as checkout:
        checkout.configure(env={"STAND_IN": "scheduler:crash"})       what goes wrong: see images/stand-in/stand-in
        checkout.run("start").check(6)

The binary is copied beside a copy of the data folder whose profile names the stand-in's image instead of Airflow's and PostgreSQL's;
compose template, Dockerfile and all else are those that are shipped.
"""
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import docker_compose_program
import docker_images
import docker_stack
import support

VERSION = "2.10.3"
RECIPE = os.path.join(docker_images.RECIPES, "stand-in")
# The engine keeps what devbox builds on it, under a key that has only this name in it.
IMAGE = "devbox-test/stand-in:" + hashlib.sha256(docker_images.read(RECIPE + "/stand-in") + docker_images.read(RECIPE + "/Dockerfile")).hexdigest()[:8]
SERVICES = ("webserver", "scheduler", "dag-processor", "triggerer", "postgres")


def make_image(engine):
    docker_images.ensure(engine, "busybox:latest")
    engine.docker("build", "--network", "none", "-t", IMAGE, RECIPE)
    return IMAGE


def rewrite_profile(product, *changes):
    """Puts texts in the places of patterns, each of which has to be there once."""
    path = product + "/share/devbox/compose/profiles/%s/profile.yaml" % VERSION
    with open(path) as file:
        text = file.read()
    for pattern, wanted in changes:
        text, count = re.subn(pattern, wanted, text)
        assert count == 1, "the profile has %s %d times" % (pattern, count)
    os.remove(path)
    with open(path, "w") as file:
        file.write(text)


def copy_product(folder, image=IMAGE, database=None):
    """Copies devbox to `folder`, with a profile on these images; returns the binary's path."""
    binary = folder + "/bin/devbox"
    os.makedirs(folder + "/bin")
    shutil.copy2(support.BINARY, binary)
    share = os.path.join(os.path.dirname(os.path.dirname(support.BINARY)), "share/devbox")
    shutil.copytree(share, folder + "/share/devbox")
    rewrite_profile(folder, (r"(?m)^  image: .*$", "  image: " + image), (r"(?m)^  database_image: .*$", "  database_image: " + (database or image)))
    return binary


class Checkout(support.Checkout):
    """A checkout with one DAG file and nothing else; gone with its containers at the end."""

    def __init__(self, engine, compose="v2", port=True):
        self.engine = engine
        self.product = tempfile.mkdtemp(prefix="devbox-product-")
        super().__init__(example=False)
        self.binary = copy_product(self.product + "/installed")
        self.use_compose(compose)
        self.write("dags/hello.py", "# airflow dag\n")
        self.configure(with_port=port)

    def use_compose(self, kind):
        self.environment.update(self.engine.environment(kind))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def configure(self, env=None, with_port=True, extra=""):
        """Writes devbox.yaml. `env` are variables of Airflow, `extra` more lines of its section."""
        self.version, self.port = VERSION, getattr(self, "port", None) or support.free_port()
        lines = ["runtime: docker", "airflow:", '  version: "%s"' % VERSION, "  build_network: none"]
        lines += ["  port: %d" % self.port] if with_port else []
        lines += ["  env:"] + ['    %s: "%s"' % item for item in env.items()] if env else []
        self.write("devbox.yaml", "\n".join(lines + [extra]) + "\n")

    def limit_services(self, limits):
        """The seconds that services have to become healthy, of this checkout's own devbox."""
        rewrite_profile(self.product + "/installed", ("ready_within: .*", "ready_within: " + limits))

    def remove_override(self):
        if os.path.exists(self.path("devbox.compose.yaml")):
            os.remove(self.path("devbox.compose.yaml"))

    @property
    def project(self):
        """compose's name of it."""
        return "devbox-platform-" + self.instance[:6]

    def containers(self):
        """What the engine says of each service's container, by the service's short name."""
        found = {}
        query = '/containers/json?all=1&filters={"label":["com.docker.compose.project=%s"]}' % self.project
        for one in self.engine.api("GET", query)[1]:
            name = one["Labels"]["com.docker.compose.service"].replace("airflow-", "")
            found[name] = self.engine.api("GET", "/containers/%s/json" % one["Id"])[1]
        return found

    def volumes(self):
        return self.engine.docker("volume", "ls", "-q", "--filter", "label=com.docker.compose.project=" + self.project).split()

    def database_mark(self):
        """Written once into the database's volume: the same value says that nothing was lost."""
        return self.engine.docker("exec", self.containers()["postgres"]["Id"], "cat", "/var/lib/postgresql/data/made").strip()

    def start_in_background(self, *words, env=None):
        """`devbox start` as a child whose output is kept; see finish()."""
        return self.run_in_background("start", *words, env=env)

    def run_in_background(self, *words, env=None, stdout=subprocess.PIPE):
        """Where tests run as a job in the background, SIGINT is ignored."""
        return subprocess.Popen([self.binary, *words], cwd=self.root, env={**self.environment, **(env or {})}, stdin=subprocess.DEVNULL,
                                stdout=stdout, stderr=subprocess.PIPE, text=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def finish(self, child, seconds=120):
        started = time.monotonic()
        out, err = child.communicate(timeout=seconds)
        return support.Answer(child.args, subprocess.CompletedProcess(child.args, child.returncode, out, err), time.monotonic() - started)

    def remove_stack(self):
        """Removes containers, networks and volumes, as nobody but a test does."""
        for kind, words in (("container", ["rm", "-f", "-v"]), ("network", ["rm"]), ("volume", ["rm", "-f"])):
            left = self.engine.things_of(kind, self.project, self.instance)
            if left:
                self.engine.docker(kind, *words, *left)

    def close(self):
        if self.engine.daemon is None:
            self.engine.start()
        self.remove_override()
        self.configure()
        self.remove_stack()
        shutil.rmtree(self.home)
        shutil.rmtree(self.product)


ENGINE = None


def set_up_module():
    global ENGINE
    ENGINE = docker_stack.Engine().__enter__()
    unittest.addModuleCleanup(ENGINE.__exit__, None)
    unittest.addModuleCleanup(remove_built)
    make_image(ENGINE)


def default_compose():
    return "v1" if docker_compose_program.reason_without_v2(docker_stack.cache_folder()) else "v2"


def remove_built():
    """What devbox built on the stand-in: it must not push out images that take minutes."""
    for image in ENGINE.api("GET", '/images/json?filters={"label":["dev.devbox.base=%s"]}' % IMAGE)[1]:
        ENGINE.api("DELETE", "/images/%s?force=1" % image["Id"])


class FaultTest(unittest.TestCase):
    """What tests of faults share. Each test has a checkout of its own, of which nothing runs yet; they share the image that devbox builds."""

    def make_checkout(self, compose=None, **options):
        checkout = Checkout(ENGINE, compose or default_compose(), **options)
        self.addCleanup(checkout.close)
        return checkout

    def setUp(self):
        self.checkout = self.make_checkout()

    def fail_with(self, code, *words, command=("start",), checkout=None, within=60, **options):
        """Runs a command that must end with this exit code and these words in message or hint; returns the error of the envelope."""
        answer = (checkout or self.checkout).run("--json", *command, **options)
        envelope = json.loads(answer.out.splitlines()[-1])
        self.assertEqual(answer.code, code, answer.out + answer.err)
        self.assertLess(answer.seconds, within, answer.out)
        error = envelope["error"]
        for word in words:
            self.assertIn(word, "%s\n%s" % (error["message"], error["hint"]))
        return error

    def converge(self, checkout=None):
        """The next start ends well, and the one after it has nothing to do."""
        checkout = checkout or self.checkout
        checkout.run("start").check()
        self.assertEqual(checkout.status()["phase"], "healthy")
        before = self.traces(checkout)
        again = checkout.run("start").check()
        self.assertIn("running already", again.err)
        self.assertEqual(self.traces(checkout), before)

    def traces(self, checkout):
        return {name: (one["Id"], one["State"]["StartedAt"], one["RestartCount"]) for name, one in checkout.containers().items()}

    def check_log_lines(self, error, name):
        """The card ends in the last 15 lines of the stand-in's 20, and the file has all of them."""
        lines = ["%s line %d of 20" % (name, number) for number in range(1, 21)]
        shown = [line for line in error["detail"].splitlines() if " of 20" in line]
        self.assertEqual(shown[-15:], lines[5:])
        self.assertLessEqual(len(error["detail"].splitlines()), 15)
