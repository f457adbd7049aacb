"""The Docker runtime against its peers, on a real dockerd and the same containers: `status` against `compose ps` and one raw request; a
start that finds nothing to do against `compose up -d`; a start after a stop against `compose up -d` and the same wait for health.

Usage: docker.py [--rounds N] [--version V]      as root; makes the images first where they are missing"""
import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import time

import measuring
from measuring import support

import docker_stack  # beside support


SETTLE_S = 40


def seconds_of(argv, folder, environment):
    started = time.perf_counter()
    subprocess.run(argv, cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


class Raw(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def raw_list(engine, project):
    """Seconds of one list by the compose project's label, without any start of a program."""
    started = time.perf_counter()
    connection = Raw(engine.socket)
    filters = json.dumps({"label": ["com.docker.compose.project=" + project]}, separators=(",", ":")).replace('"', "%22")
    connection.request("GET", "/v1.41/containers/json?all=1&filters=" + filters)
    connection.getresponse().read()
    connection.close()
    return time.perf_counter() - started


class Platform:
    """One checkout in containers, and compose by hand on the file that devbox rendered."""

    def __init__(self, engine, version):
        self.checkout = support.Checkout()
        self.checkout.environment.update({**engine.environment("v2"), "HOME": self.checkout.home})
        self.checkout.configure(version)
        with open(self.checkout.path("devbox.yaml"), "a") as file:
            file.write("runtime: docker\nairbyte: {enabled: false}\n")
        self.environment = self.checkout.environment
        plugin = os.path.join(self.environment["DOCKER_CONFIG"], "cli-plugins/docker-compose")
        settings = ["--project-directory", self.checkout.root, "--env-file", self.checkout.path(".devbox/.env"), "-f", self.checkout.path(".devbox/compose.yaml")]
        self.compose = [shutil.which("docker", path=self.environment["PATH"]), "compose", *settings]
        self.plugin = [plugin, *settings]

    def devbox(self, *words):
        return seconds_of([support.BINARY, *words], self.checkout.root, self.environment)

    def run(self, argv, *words):
        return seconds_of([*argv, *words], self.checkout.root, self.environment)

    def wait_healthy(self):
        """The same health that devbox waits for: every component, with a heartbeat newer than its container's start."""
        while self.checkout.json("status")["data"]["phase"] != "healthy":
            time.sleep(0.1)

    def start_by_compose(self):
        started = time.perf_counter()
        self.run(self.compose, "up", "-d")
        self.wait_healthy()
        return time.perf_counter() - started


def peak_mib(platform, *words):
    """Of the command and all that it started."""
    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=-3, stderr=-3, check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run(["python3", "-c", script, support.BINARY, *words], cwd=platform.checkout.root, env=platform.environment, check=True,
                          capture_output=True, text=True)
    return int(done.stdout) / 1024


def report(rows):
    table = []
    for name, ours, peer, theirs, aim in rows:
        ratio = measuring.median(theirs) / measuring.median(ours)
        table.append([name, "%.4f" % measuring.median(ours), peer, "%.4f" % measuring.median(theirs), "%.1f×" % ratio, aim])
    measuring.show(table, ["devbox", "s", "peer", "s", "peer / devbox", "aim"])


def measure(engine, version, rounds):
    platform = Platform(engine, version)
    try:
        platform.devbox("start")
        project = platform.checkout.path(".devbox/.env")
        project = open(project).read().split("=", 1)[1].strip()
        figures = {name: [] for name in ("status", "ps", "ps direct", "raw", "noop", "up", "warm", "warm compose")}
        # In the first seconds the engine's own health checks have not had their turn, and status asks Airflow's page, too.
        time.sleep(SETTLE_S)
        for _ in range(rounds * 5):
            figures["status"].append(platform.devbox("status"))
            figures["ps"].append(platform.run(platform.compose, "ps"))
            figures["ps direct"].append(platform.run(platform.plugin, "ps"))
            figures["raw"].append(raw_list(engine, project))
        for _ in range(rounds):
            figures["noop"].append(platform.devbox("start"))
            figures["up"].append(platform.run(platform.compose, "up", "-d"))
            platform.wait_healthy()
        for _ in range(rounds):
            platform.devbox("stop")
            figures["warm"].append(platform.devbox("start"))
            platform.devbox("stop")
            figures["warm compose"].append(platform.start_by_compose())
        print("\nAirflow %s, medians of %d (status: %d)" % (version, rounds, rounds * 5))
        report([["status", figures["status"], "docker compose ps", figures["ps"], "≥ 10×"],
                ["status", figures["status"], "compose's plugin ps", figures["ps direct"], ""],
                ["status", figures["status"], "one raw request", figures["raw"], ""],
                ["start, nothing to do", figures["noop"], "compose up -d", figures["up"], "< 0.15 s"],
                ["start after stop", figures["warm"], "compose up -d + health", figures["warm compose"], "≥ 1.0×"]])
        print("peak memory: status %.1f MiB, start with nothing to do %.1f MiB" % (peak_mib(platform, "status"), peak_mib(platform, "start")))
        timings = platform.checkout.json("start", "--timings")["data"].get("timings")
        print("the last start, by steps:", json.dumps(timings))
    finally:
        platform.checkout.run("stop")
        subprocess.run([*platform.plugin, "down", "-v"], cwd=platform.checkout.root, env=platform.environment, capture_output=True)
        platform.checkout.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--version", default="2.10.3")
    options = parser.parse_args()
    docker_stack.require()
    measuring.say_machine("the Docker runtime")
    with docker_stack.Engine() as engine:
        for name in ("postgres:15", "apache/airflow:%s-python3.11" % options.version):
            engine.image(name)
        measure(engine, options.version, options.rounds)


main()
