"""A container engine that does not run: on a terminal devbox offers to start it, elsewhere it says how, or why it goes on without."""
import json
import os
import pty
import select
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import support
from engine_server import EngineServer


@unittest.skipIf(os.path.exists("/var/run/docker.sock") or os.path.exists("/run/podman/podman.sock"), "an engine runs on this machine")
class EngineOfferTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="devbox-offer-")
        self.addCleanup(shutil.rmtree, self.home)
        for name in ("bin", "run", "platform/dags", ".colima/default"):
            os.makedirs(os.path.join(self.home, name))
        self.write("platform/devbox.yaml", "runtime: docker\n")
        # Stands in for Colima, as far as a caller sees it.
        self.write("bin/colima", '#!/bin/sh\necho "$@" > "$HOME/colima-was-called"\nexit ${COLIMA_EXIT:-0}\n', 0o755)
        self.environment = {key: value for key, value in support.environment().items() if not key.startswith("DOCKER_")}
        self.environment.update(HOME=self.home, XDG_RUNTIME_DIR=self.home + "/run", PATH=self.home + "/bin:" + os.environ["PATH"], TERM="dumb")

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.home, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def was_called(self):
        return os.path.exists(self.home + "/colima-was-called")

    def start_engine_once_called(self):
        support.wait_until(self.was_called, 20, "colima")
        engine = EngineServer(self.home)
        self.addCleanup(engine.__exit__, None, None, None)
        engine.__enter__()
        os.symlink(engine.path, self.home + "/.colima/default/docker.sock")

    def start_on_a_terminal(self, answer, words=(), **extra):
        """Exit code and what the terminal showed."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen([support.BINARY, "start", *words], cwd=self.home + "/platform", env={**self.environment, **extra},
                                 stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        shown, has_answered, deadline = b"", False, time.monotonic() + 60
        try:
            while time.monotonic() < deadline:
                if select.select([ours], [], [], 0.2)[0]:
                    try:
                        shown += os.read(ours, 65536)
                    except OSError:
                        break
                if not has_answered and b"[y/N]" in shown:
                    os.write(ours, answer)
                    has_answered = True
            return child.wait(30), shown.decode(errors="replace")
        finally:
            child.kill()
            os.close(ours)

    def test_off_a_terminal_the_command_is_only_named(self):
        done = subprocess.run([support.BINARY, "start"], cwd=self.home + "/platform", env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 5, done)
        self.assertIn("colima start", done.stderr)
        self.assertFalse(self.was_called())

    def test_a_yes_starts_the_engine_and_waits_for_it(self):
        threading.Thread(target=self.start_engine_once_called, daemon=True).start()
        _, shown = self.start_on_a_terminal(b"y\n")
        self.assertIn("Start one now with: colima start", shown)
        self.assertIn("started with: colima start", shown)
        with open(self.home + "/colima-was-called") as file:
            self.assertEqual(file.read(), "start\n")

    def test_a_no_runs_nothing(self):
        code, shown = self.start_on_a_terminal(b"n\n")
        self.assertEqual(code, 5, shown)
        self.assertFalse(self.was_called())

    def test_a_command_that_fails_is_named(self):
        code, shown = self.start_on_a_terminal(b"y\n", COLIMA_EXIT="3")
        self.assertEqual(code, 5, shown)
        self.assertIn("colima start did not start the container engine (exit code 3)", shown)

    def start_sandbox(self, **extra):
        done = subprocess.run([support.BINARY, "start", "--only", "sandbox"], cwd=self.home + "/platform", env={**self.environment, **extra},
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 0, done)
        return done.stderr

    def test_the_first_start_of_a_checkout_offers_it_too(self):
        self.write("platform/devbox.yaml", "{}\n")
        code, shown = self.start_on_a_terminal(b"y\n", COLIMA_EXIT="3")
        self.assertEqual(code, 5, shown)
        self.assertFalse(os.path.exists(self.home + "/platform/.devbox/runtime"))  # nothing is decided by that
        code, shown = self.start_on_a_terminal(b"n\n", words=["--only", "sandbox"])
        self.assertEqual(code, 0, shown)
        self.assertIn("platform · native", shown)

    def test_what_is_offered_is_what_starts_the_engine_that_was_found_off(self):
        os.makedirs(self.home + "/.colima/work")
        os.makedirs(self.home + "/.docker/contexts/meta/c")
        self.write(".docker/config.json", '{"currentContext": "colima-work"}')
        endpoint = "unix://" + self.home + "/.colima/work/docker.sock"
        self.write(".docker/contexts/meta/c/meta.json", json.dumps({"Name": "colima-work", "Endpoints": {"docker": {"Host": endpoint}}}))
        code, shown = self.start_on_a_terminal(b"n\n")
        self.assertEqual(code, 5, shown)
        self.assertIn("Start one now with: colima start work ?", shown)
        self.assertIn("start it: colima start work", shown)

    def test_auto_says_once_why_it_passes_over_an_engine_that_is_there(self):
        self.write("platform/devbox.yaml", "{}\n")
        reached = "runs natively in this checkout from now on: no container engine answers\n      start it: colima start · "
        asked = dict(DOCKER_HOST="unix://" + self.home + "/.colima/default/docker.sock")
        shown = self.start_sandbox(**asked)
        self.assertIn("platform · native", shown.splitlines()[0])
        self.assertIn(reached, shown)
        self.assertIn("and then: devbox start --runtime docker", shown)
        self.assertNotIn("natively", self.start_sandbox(**asked))

    def test_auto_without_any_engine_has_no_news(self):
        self.write("platform/devbox.yaml", "{}\n")
        self.assertNotIn("natively", self.start_sandbox())


if __name__ == "__main__":
    support.main()
