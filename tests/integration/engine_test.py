# needs: docker
"""The container engine's client against a real dockerd."""
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

import docker_stack
import support

docker_stack.require()
CLIENT = os.path.abspath(os.environ.get("DEVBOX_TEST_ENGINE_CLIENT", os.path.join(support.ROOT, "build/dev/tests/devbox_engine_client")))
LABEL = "devbox.test=engine"
IMAGE = "busybox:latest"


def setUpModule():
    global ENGINE
    stack = contextlib.ExitStack()
    ENGINE = stack.enter_context(docker_stack.Engine())
    unittest.addModuleCleanup(stack.close)
    ENGINE.image(IMAGE)


class EngineCase(unittest.TestCase):
    def environment(self, **extra):
        return {**os.environ, **ENGINE.environment(), **extra}

    def call(self, *words, **extra):
        done = subprocess.run([CLIENT, *words], env=self.environment(**extra), capture_output=True, text=True, timeout=120)
        self.assertTrue(done.stdout, done)
        return done.returncode, json.loads(done.stdout.splitlines()[-1])

    def must(self, *words, **extra):
        code, answer = self.call(*words, **extra)
        self.assertEqual(code, 0, answer)
        return answer

    def container(self, name, *command, options=()):
        ENGINE.docker("run", "-d", "--name", name, "--label", LABEL, "--network", "none", *options, IMAGE, *command)
        self.addCleanup(ENGINE.docker, "rm", "-f", name, check=False)
        return name

    def inspect(self, name):
        return self.must("inspect", name)["container"]

    def wait_for(self, name, **expected):
        def is_so():
            found = self.inspect(name)
            return all(found[key] == value for key, value in expected.items()) and found
        return support.wait_until(is_so, 20, "%s with %s" % (name, expected))


class Containers(EngineCase):
    def test_the_engine_is_found_and_described(self):
        found = self.must("find")
        self.assertEqual((found["provider"], found["reason"], found["api"]), ("Docker", "DOCKER_HOST", "1.41"))
        described = self.must("describe")
        self.assertRegex(described["name"], r"^Docker [\d.]+$")
        self.assertEqual(described["processors"], os.cpu_count())
        self.assertGreater(described["memory"], 2 ** 30)

    def test_states_health_and_ends_are_seen(self):
        self.container("engine-sick", "sleep", "60", options=["--health-cmd=false", "--health-interval=1s", "--health-retries=1"])
        self.container("engine-well", "sleep", "60", options=["--health-cmd=true", "--health-interval=1s"])
        self.container("engine-gone", "sh", "-c", "exit 3")
        self.wait_for("engine-sick", health="unhealthy")
        self.wait_for("engine-well", health="healthy", state="running")
        gone = self.wait_for("engine-gone", state="exited")
        self.assertEqual((gone["exitCode"], gone["isOutOfMemory"]), (3, False))
        # The clock of a virtual machine may be set while the test runs.
        for moment in ("startedMs", "finishedMs"):
            self.assertAlmostEqual(gone[moment] / 1000, time.time(), delta=60)
        listed = {one["name"]: (one["state"], one["health"]) for one in self.must("list", LABEL)["containers"]}
        self.assertEqual(listed, {"engine-sick": ("running", "unhealthy"), "engine-well": ("running", "healthy"), "engine-gone": ("exited", "")})

    def test_a_list_takes_milliseconds(self):
        self.container("engine-one", "sleep", "60")
        self.must("list", LABEL)
        times = []
        for _ in range(10):
            started = time.monotonic()
            self.must("list", LABEL)
            times.append(time.monotonic() - started)
        self.assertLess(min(times), 0.05)

    def test_out_of_memory_and_restart_loops_are_told(self):
        self.container("engine-greedy", "tail", "/dev/zero", options=["--memory=16m", "--memory-swap=16m"])
        greedy = self.wait_for("engine-greedy", state="exited")
        self.assertEqual((greedy["exitCode"], greedy["isOutOfMemory"], greedy["memoryLimit"]), (137, True, 16 * 2 ** 20))
        self.container("engine-loop", "sh", "-c", "exit 1", options=["--restart=always"])
        support.wait_until(lambda: self.inspect("engine-loop")["restarts"] >= 2, 20, "restarts")

    def test_changes_of_state_can_be_repeated(self):
        self.container("engine-one", "sleep", "600")
        self.must("stop", "engine-one")
        self.must("stop", "engine-one")
        self.assertEqual(self.inspect("engine-one")["state"], "exited")
        self.must("start", "engine-one")
        self.must("start", "engine-one")
        ENGINE.docker("pause", "engine-one")
        self.assertEqual(self.inspect("engine-one")["state"], "paused")
        self.must("unpause", "engine-one")
        self.must("unpause", "engine-one")
        before = self.inspect("engine-one")["startedMs"]
        self.must("restart", "engine-one")
        self.assertGreater(self.inspect("engine-one")["startedMs"], before)
        self.must("remove", "engine-one")
        self.must("remove", "engine-one")
        self.assertEqual(self.must("inspect", "engine-one"), {"container": None})
        self.assertEqual(self.call("start", "engine-one")[0], 6)

    def test_who_publishes_a_port_is_found(self):
        port = support.free_port()
        ENGINE.docker("network", "create", "engine-net")
        self.addCleanup(ENGINE.docker, "network", "rm", "engine-net")
        ENGINE.docker("run", "-d", "--name", "engine-web", "--label", LABEL, "--network", "engine-net", "-p", "127.0.0.1:%d:80" % port, IMAGE, "sleep", "60")
        self.addCleanup(ENGINE.docker, "rm", "-f", "engine-web")
        self.assertEqual(self.must("port", str(port)), {"name": "engine-web"})
        self.assertEqual(self.must("port", "1"), {})
        self.assertEqual(self.inspect("engine-web")["ports"], ["127.0.0.1:%d:80" % port])


class Logs(EngineCase):
    def test_both_streams_with_and_without_a_terminal(self):
        for name, options in (("engine-plain", []), ("engine-tty", ["-t"])):
            self.container(name, "sh", "-c", "echo one; sleep 0.1; echo two >&2; sleep 0.1; seq 3 200", options=options)
            self.wait_for(name, state="exited")
            lines = self.must("log", name)["lines"]
            self.assertEqual([line["text"] for line in lines][:4], ["one", "two", "3", "4"])
            self.assertEqual(len(lines), 200)
            self.assertEqual([line["text"] for line in self.must("log", name, "2")["lines"]], ["199", "200"])
            newer = self.must("log", name, "0", lines[197]["stamp"])["lines"]
            self.assertEqual([line["text"] for line in newer], ["199", "200"])
            self.assertAlmostEqual(lines[0]["timeMs"], time.time() * 1000, delta=60000)

    def test_a_long_line_is_one(self):
        self.container("engine-long", "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end")
        self.wait_for("engine-long", state="exited")
        texts = [line["text"] for line in self.must("log", "engine-long")["lines"]]
        self.assertEqual("".join(texts[:-1]), "x" * 100000)
        self.assertEqual(texts[-1], "end")

    def test_nobody_has_no_log(self):
        code, answer = self.call("log", "nobody")
        self.assertEqual(code, 6)
        self.assertIn("No such container: nobody", answer["error"]["message"])


class Programs(EngineCase):
    def setUp(self):
        self.container("engine-one", "sleep", "600")

    def processes(self, word):
        return [line for line in ENGINE.docker("top", "engine-one").splitlines() if word in line]

    def test_output_errors_and_exit_code_come_back(self):
        answer = self.must("run", "engine-one", "sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertEqual(answer, {"exitCode": 3, "output": "out\n", "errors": "err\n"})
        answer = self.must("run", "engine-one", "sh", "-c", "seq 1 20000")
        self.assertEqual(answer["output"].split()[-1], "20000")

    def test_what_cannot_run_is_said(self):
        code, answer = self.call("run", "engine-one", "no-such-program")
        self.assertEqual((code, answer["error"]["message"]), (6, "cannot run no-such-program in the container engine-one: it is not there"))
        code, answer = self.call("run", "nobody", "ls")
        self.assertEqual((code, answer["error"]["message"]), (6, "there is no container nobody"))
        ENGINE.docker("kill", "engine-one")
        self.wait_for("engine-one", state="exited")
        code, answer = self.call("run", "engine-one", "ls")
        self.assertEqual((code, answer["error"]["message"]), (6, "the container engine-one is not running"))

    def test_a_program_that_takes_too_long_is_ended_with_its_children(self):
        code, answer = self.call("run", "engine-one", "sh", "-c", "sleep 777 & sleep 777; true", TIMEOUT_MS="1000")
        self.assertEqual(code, 7, answer)
        self.assertEqual(self.processes("sleep 777"), [])
        self.assertEqual(len(self.processes("sleep 600")), 1)

    def test_an_attached_program_has_our_streams(self):
        sent = os.urandom(2_000_000)
        done = subprocess.run([CLIENT, "attach", "engine-one", "sh", "-c", "cat; echo done >&2; exit 5"], env=self.environment(), input=sent, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout == sent, done.stderr), (5, True, b"done\n"))

    def attach(self, script):
        client = subprocess.Popen([CLIENT, "attach", "engine-one", "sh", "-c", script], env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.assertEqual(client.stdout.readline(), "up\n")
        return client

    def test_an_attached_program_ends_when_we_are_told_to(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            client = self.attach("trap 'echo bye; exit 9' TERM; echo up; while true; do sleep 0.1; done")
            client.send_signal(number)
            self.assertEqual((client.wait(10), client.stdout.read()), (9, "bye\n"))
            self.assertEqual(self.processes("echo bye"), [])

    def test_a_program_that_ignores_term_is_killed_after_two_seconds(self):
        client = self.attach("trap '' TERM; echo up; while true; do sleep 0.1; done")
        started = time.monotonic()
        client.send_signal(signal.SIGTERM)
        self.assertEqual(client.wait(10), 137)
        self.assertTrue(1.8 < time.monotonic() - started < 6)
        self.assertEqual(self.processes("echo up"), [])

    def test_a_reader_that_went_away_ends_the_program(self):
        client = self.attach("echo up; while true; do echo more; done")
        client.stdout.close()
        client.wait(10)
        self.assertEqual(self.processes("echo more"), [])

    def test_a_container_that_is_killed_ends_the_attachment(self):
        client = self.attach("echo up; sleep 99")
        ENGINE.docker("kill", "engine-one")
        self.assertIn(client.wait(15), (6, 137))

    def test_a_terminal_is_passed_through_with_its_size(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(CLIENT, [CLIENT, "attach", "engine-one", "sh"], self.environment())
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))

        def read_until(word):
            seen, deadline = b"", time.monotonic() + 10
            while word not in seen:
                self.assertLess(time.monotonic(), deadline, seen)
                if select.select([terminal], [], [], 0.2)[0]:
                    seen += os.read(terminal, 4096)
        read_until(b"# ")
        os.write(terminal, b"while ! stty size | grep 33; do sleep 0.1; done\n")
        read_until(b"33 99\r\n")
        os.write(terminal, b"sleep 99\n")
        time.sleep(1)
        os.write(terminal, b"\x03")
        os.write(terminal, b"echo sta''tus $?\n")
        read_until(b"status 130")
        os.write(terminal, b"exit 7\n")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 7)
        os.close(terminal)


class Events(EngineCase):
    def listen(self, seconds=15):
        client = subprocess.Popen([CLIENT, "events", LABEL], env=self.environment(TIMEOUT_MS=str(seconds * 1000)), stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        self.assertEqual(client.stdout.readline(), "ready\n")
        return client

    def read_until(self, client, word):
        seen = []
        for line in client.stdout:
            seen.append(line)
            if word in line:
                return seen
        self.fail("%s not in %s" % (word, seen))

    def test_ends_and_health_are_told_as_they_happen(self):
        client = self.listen()
        self.container("engine-well", "sleep", "60", options=["--health-cmd=true", "--health-interval=1s", "--label", "com.docker.compose.service=web"])
        self.read_until(client, "health_status: healthy web 0")
        self.container("engine-gone", "sh", "-c", "exit 3")
        seen = self.read_until(client, "die - 3")
        self.assertFalse([line for line in seen if line.startswith("exec_")])

    def test_what_happened_before_is_told_too(self):
        since_ms = int(time.time() * 1000) - 1000
        self.container("engine-gone", "sh", "-c", "exit 3")
        self.wait_for("engine-gone", state="exited")
        done = subprocess.run([CLIENT, "events", LABEL, str(since_ms)], env=self.environment(TIMEOUT_MS="500"), capture_output=True, text=True, timeout=20)
        self.assertIn("die - 3", done.stdout)

    def test_a_daemon_that_stops_is_the_end_of_events_and_of_the_engine(self):
        client = self.listen(60)
        ENGINE.stop()
        try:
            self.assertEqual(client.wait(30), 6)
            code, answer = self.call("list", LABEL)
            self.assertEqual((code, answer["error"]["code"]), (5, "RUNTIME_MISSING"))
        finally:
            ENGINE.start()
        self.assertEqual(self.must("list", LABEL), {"containers": []})


class Images(EngineCase):
    def setUp(self):
        self.folder = self.enter(tempfile.TemporaryDirectory())

    def enter(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def build(self, dockerfile):
        context = os.path.join(self.folder, "context")
        os.makedirs(context, exist_ok=True)
        with open(context + "/Dockerfile", "w") as file:
            file.write(dockerfile)
        with open(context + "/some file", "w") as file:
            file.write("content\n")
        self.addCleanup(ENGINE.docker, "rmi", "-f", "devbox-test-made:1", check=False)
        return self.call("build", "devbox-test-made:1", context, self.folder + "/build.log")

    def test_an_image_is_built_with_arguments_and_labels(self):
        self.assertEqual(self.must("image", "devbox-test-made:1"), {"exists": False})
        code, answer = self.build('FROM busybox:latest\nARG GREETING\nCOPY ["some file", "/file"]\nRUN echo "$GREETING" >> /file\n')
        self.assertEqual((code, answer), (0, {}))
        self.assertEqual(self.must("image", "devbox-test-made:1"), {"exists": True})
        self.assertEqual(ENGINE.docker("run", "--rm", "--network", "none", "devbox-test-made:1", "cat", "/file"), "content\ngood morning & more\n")
        self.assertEqual(json.loads(ENGINE.docker("inspect", "devbox-test-made:1"))[0]["Config"]["Labels"]["devbox.test"], 'b"1')

    def test_a_build_that_fails_names_its_step(self):
        code, answer = self.build("FROM busybox:latest\nRUN true\nRUN echo some words; exit 4\n")
        self.assertEqual((code, answer["error"]["code"]), (6, "CHILD"))
        self.assertRegex(answer["error"]["message"], "failed at step 3/4: RUN echo some words; exit 4$")
        self.assertIn("some words", answer["error"]["detail"])
        self.assertIn(self.folder + "/build.log", answer["error"]["hint"])

    def test_a_registry_that_is_not_there_is_a_matter_of_the_network(self):
        code, answer = self.call("pull", "127.0.0.1:%d/nobody:1" % support.free_port())
        self.assertEqual((code, answer["error"]["code"]), (8, "NETWORK"), answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
