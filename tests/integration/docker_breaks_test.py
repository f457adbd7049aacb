# needs: docker
"""What breaks from outside while devbox works in the Docker runtime: the engine goes, devbox is ended at any moment, two start at once.

After each of it the next start converges and the one after that has nothing to do. On a platform in miniature (docker_stand_in.py).
"""
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time

import docker_images
import docker_stack
import docker_stand_in
import processes
import support
import watch_test

docker_stack.require()
setUpModule = docker_stand_in.set_up_module
FaultTest = docker_stand_in.FaultTest
RANDOM_KILLS = 4


def family(pid):
    """A process and all that it started, by pid."""
    return [pid, *processes.descendants(pid)]


class BreakTest(FaultTest):
    def wait_for(self, name, condition):
        """Waits until a container of this checkout is as the condition says."""
        support.wait_until(lambda: condition(self.checkout.containers().get(name, {}).get("State", {})), 60, name)

    def start_until_init_runs(self, *words):
        """A start whose one-shot takes its time."""
        self.checkout.configure(env={"STAND_IN": "init:sleep-30"})
        child = self.checkout.start_in_background(*words)
        self.wait_for("init", lambda state: state.get("Running"))
        return child

    def error_of(self, answer):
        return json.loads(answer.out.splitlines()[-1])["error"]


class EngineBreakTest(BreakTest):
    def setUp(self):
        super().setUp()
        self.engine = docker_stand_in.ENGINE
        self.addCleanup(lambda: self.engine.daemon or self.engine.start())

    def test_a_daemon_that_is_down_is_named_with_what_starts_it(self):
        self.engine.stop()
        for command in ("start", "status", "stop", "logs"):
            error = self.fail_with(5, "no container engine answers", "start it: ", command=(command,), within=10)
            self.assertIn(self.engine.socket, error["detail"])
        self.engine.start()
        self.converge()

    def test_a_daemon_that_stops_while_compose_works_ends_the_start(self):
        child = self.start_until_init_runs("--json")
        self.engine.stop()
        error = self.error_of(self.checkout.finish(child, 60).check(6))
        self.assertIn("engine", error["message"])
        self.assertIn("devbox start", error["hint"])
        self.engine.start()
        self.checkout.configure()
        self.converge()

    def test_a_daemon_that_stops_while_health_is_awaited_ends_the_start(self):
        self.checkout.configure(env={"STAND_IN": "triggerer:hang"})
        child = self.checkout.start_in_background("--json")
        self.wait_for("triggerer", lambda state: state.get("Running"))
        self.engine.stop()
        answer = self.checkout.finish(child, 60)
        self.assertIn(answer.code, (5, 6), answer.out)
        self.assertIn("engine", self.error_of(answer)["message"])
        self.engine.start()
        self.checkout.configure()
        self.converge()

    def test_a_daemon_that_hangs_does_not_hang_status(self):
        self.checkout.run("start").check()
        self.engine.daemon.send_signal(signal.SIGSTOP)
        try:
            answer = self.checkout.run("--json", "status", seconds=60)
        finally:
            self.engine.daemon.send_signal(signal.SIGCONT)
        self.assertIn(answer.code, (5, 7), answer.out)
        self.assertLess(answer.seconds, 15)
        self.assertIn("answer", self.error_of(answer)["message"])
        self.converge()

    def test_after_the_daemon_was_restarted_or_killed_start_converges(self):
        self.checkout.run("start").check()
        mark = self.checkout.database_mark()
        watch = watch_test.Watch(self.checkout, "status", "--watch")
        self.addCleanup(watch.kill)
        watch.round()
        for end in (self.engine.stop, self.engine.kill):
            end()
            self.wait_until_said(watch, "engine")
            self.engine.start()
            self.converge()
            self.assertEqual(self.checkout.database_mark(), mark)
        code, last = watch.end()
        self.assertEqual((code, last["data"]["phase"]), (0, "healthy"))

    def wait_until_said(self, watch, word):
        """What a watch of the status says goes on: an engine that does not answer is one line of many."""
        while not any(word in event.get("text", "") for event in watch.round() if event.get("event") == "line"):
            pass

    def test_containers_of_a_checkout_that_was_cleaned_are_found(self):
        self.checkout.run("start").check()
        project = self.checkout.project
        support.remove_folder(self.checkout.path(".devbox"))
        # Which runtime it was is forgotten, too.
        self.checkout.write("devbox.yaml", "airflow: {version: \"%s\", port: %d}\n" % (self.checkout.version, self.checkout.port))
        self.assertEqual(self.checkout.status()["runtime"], "docker")
        # On a busy machine a heartbeat may be late for a moment.
        support.wait_until(lambda: self.checkout.status()["phase"] == "healthy", 30, "a healthy platform")
        self.assertIn("stopped", self.checkout.run("stop").check().err)
        running = self.engine.docker("ps", "-q", "--filter", "label=com.docker.compose.project=" + project)
        self.assertEqual(running.strip(), "")
        self.checkout.configure()
        self.converge()

    def test_what_was_stopped_stays_so_when_the_daemon_starts_again(self):
        self.checkout.run("start").check()
        self.checkout.run("stop").check()
        self.engine.stop()
        self.engine.start()
        time.sleep(2)
        self.assertEqual([name for name, one in self.checkout.containers().items() if one["State"]["Running"]], [])
        self.assertEqual(self.checkout.status()["phase"], "stopped")
        self.converge()


class SignalTest(BreakTest):
    def check_signal(self, number):
        child = self.start_until_init_runs("--json")
        child.send_signal(number)
        answer = self.checkout.finish(child, 30).check(130)
        self.assertLess(answer.seconds, 10)
        self.assertIn("interrupted", self.error_of(answer)["message"])
        # What was up stays up.
        self.assertTrue(self.checkout.containers()["postgres"]["State"]["Running"])
        mark = self.checkout.database_mark()
        self.checkout.configure()
        self.converge()
        self.assertEqual(self.checkout.database_mark(), mark)

    def test_an_interrupt_leaves_what_is_up(self):
        self.check_signal(signal.SIGINT)

    def test_a_termination_leaves_what_is_up(self):
        self.check_signal(signal.SIGTERM)

    def test_an_interrupt_while_health_is_awaited(self):
        self.checkout.configure(env={"STAND_IN": "triggerer:hang"})
        child = self.checkout.start_in_background("--json")
        self.wait_for("triggerer", lambda state: state.get("Running"))
        child.send_signal(signal.SIGINT)
        self.checkout.finish(child, 30).check(130)
        self.assertTrue(self.checkout.containers()["scheduler"]["State"]["Running"])
        self.checkout.configure()
        self.converge()

    def test_a_second_interrupt_ends_what_does_not_end_by_itself(self):
        mark = self.checkout.home + "/compose-works"
        tool = self.checkout.home + "/bin/docker-compose"
        os.makedirs(os.path.dirname(tool))
        with open(tool, "w") as file:
            file.write("#!/bin/sh\ncase $* in *version*) echo 2.40.3; exit ;; esac\ntrap '' INT TERM\nsleep 300 &\ntouch %s\nwait\n" % mark)
        os.chmod(tool, 0o755)
        self.checkout.use_compose("none")
        child = self.checkout.start_in_background("--json", env={"PATH": os.path.dirname(tool) + ":" + self.checkout.environment["PATH"]})
        support.wait_until(lambda: os.path.exists(mark), 60, "compose at work")
        started = set(family(child.pid))
        child.send_signal(signal.SIGINT)
        time.sleep(1)
        self.assertIsNone(child.poll())  # compose has its time
        child.send_signal(signal.SIGINT)
        answer = self.checkout.finish(child, 30).check(130)
        self.assertIn("interrupted", self.error_of(answer)["message"])
        docker_stack.wait_gone(started, 5)
        self.checkout.use_compose(docker_stand_in.default_compose())
        self.converge()

    def test_the_second_of_two_starts_says_busy(self):
        child = self.start_until_init_runs()
        self.fail_with(9, "another devbox is at work here", "pid %d" % child.pid, "kill %d" % child.pid)
        child.send_signal(signal.SIGTERM)
        self.checkout.finish(child, 30).check(130)
        self.checkout.configure()
        self.converge()


class KillTest(BreakTest):
    """kill -9 of `devbox start`: of it alone, and of all that it had started."""

    def setUp(self):
        super().setUp()
        self.checkout.run("start").check()
        self.mark = self.checkout.database_mark()

    def kill(self, child, takes_children):
        for pid in family(child.pid) if takes_children else [child.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        child.stdout.close()
        child.stderr.close()
        child.wait()

    def remove_containers(self):
        """As after `docker compose down`: the longest way that a start can have, with the data there."""
        for one in self.checkout.containers().values():
            docker_stand_in.ENGINE.api("DELETE", "/containers/%s?force=1" % one["Id"])

    def stop_containers(self):
        self.checkout.run("stop").check()

    @contextlib.contextmanager
    def engine_events(self):
        """Lines "create scheduler", "start postgres", "die init", as they happen."""
        words = ["--filter", "label=com.docker.compose.project=" + self.checkout.project, "--filter", "event=create", "--filter", "event=start",
                 "--filter", "event=die", "--format", '{{.Action}} {{index .Actor.Attributes "com.docker.compose.service"}}']
        child = subprocess.Popen([docker_images.docker_program(), "events", "--since", "%.3f" % time.time(), *words], stdout=subprocess.PIPE, text=True,
                                 env={**os.environ, **docker_stand_in.ENGINE.environment()})
        try:
            yield child
        finally:
            child.kill()
            child.stdout.close()
            child.wait()

    def find_moments(self):
        """What a start does in the engine, one line for each act, and the processes that it starts."""
        with self.engine_events() as events:
            self.checkout.run("start").check()
            time.sleep(0.5)
            events.terminate()
            acts = events.stdout.read().splitlines()
        return ["__step images", "__step airflow", "docker-compose", *dict.fromkeys(acts)]

    def is_reached(self, moment, start, events):
        """Waits until the start is there; false when it ended without."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if " " in moment and not moment.startswith("__"):
                return events.stdout.readline().strip() == moment or None
            for pid in family(start.pid):
                with contextlib.suppress(OSError), open("/proc/%d/cmdline" % pid) as words:
                    if moment in words.read().replace("\0", " "):
                        return True
            if start.poll() is not None:
                return False
        raise AssertionError("not within a minute: " + moment)

    def kill_at(self, moment, takes_children):
        with self.engine_events() as events:
            child = self.checkout.start_in_background()
            reached = None
            while reached is None:
                reached = self.is_reached(moment, child, events)
            self.kill(child, takes_children)
            return reached

    def check_kills(self, prepare, least):
        prepare()
        moments = self.find_moments()
        self.assertGreaterEqual(len(moments), least, moments)
        reached = []
        for number, moment in enumerate(moments):
            prepare()
            if self.kill_at(moment, number % 2 == 0):
                reached.append(moment)
            self.check_recovery(moment)
        self.assertGreaterEqual(len(reached), least, reached)

    def check_recovery(self, what):
        with self.subTest(killed=what):
            self.converge()
            self.assertEqual(self.checkout.database_mark(), self.mark)
            self.assertEqual(len(self.checkout.volumes()), 1)

    def test_at_every_step_of_a_start_from_nothing(self):
        self.check_kills(self.remove_containers, 14)

    def test_at_every_step_of_a_start_after_a_stop(self):
        self.check_kills(self.stop_containers, 7)

    def test_at_random_moments(self):
        seed = random.randrange(10 ** 6)
        moments = random.Random(seed)
        for number in range(RANDOM_KILLS):
            (self.remove_containers, self.stop_containers)[number % 2]()
            seconds = moments.uniform(0.05, 5 if number % 2 == 0 else 1.5)
            child = self.checkout.start_in_background("--json")
            time.sleep(seconds)
            self.kill(child, moments.random() < 0.5)
            self.check_recovery("after %.2f s, seed %d" % (seconds, seed))


class FolderBreakTest(BreakTest):
    def mount(self, *words):
        path = words[-1]
        subprocess.run(["mount", *words], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", path], check=True)

    def test_files_that_the_engine_does_not_see_stop_the_start(self):
        """Mounted on the host after the containers had started: they keep the old folder, as with a broken file sharing."""
        self.checkout.run("start").check()
        # The container for tests was made before there was the platform's network, and is made anew in it.
        os.remove(self.checkout.path(".devbox/run/mounts.json"))
        self.checkout.run("start").check()
        self.mount("-t", "tmpfs", "tmpfs", self.checkout.path(".devbox/run"))
        self.fail_with(5, "does not see the files of " + self.checkout.root, "File sharing", "runtime: native")

    def test_a_lost_link_to_running_containers_is_noticed(self):
        self.checkout.run("start").check()
        memo = self.checkout.path(".devbox/run/mounts.json")
        shutil.copy(memo, self.checkout.home)
        self.mount("-t", "tmpfs", "tmpfs", self.checkout.path(".devbox/run"))
        shutil.copy(self.checkout.home + "/mounts.json", memo)
        self.assertRegex(self.checkout.run("doctor").check(1).out, "(?m)^problem +live link +.*do not see what is written in the checkout")
        docker_stand_in.ENGINE.docker("rm", "-f", self.checkout.containers()["triggerer"]["Id"])
        self.fail_with(6, "do not see what is written in the checkout")

    def test_a_state_folder_that_cannot_be_written_is_named(self):
        self.checkout.run("start").check()
        path = self.checkout.path(".devbox")
        self.mount("--bind", path, path)
        subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
        self.fail_with(6, path)
        # Nothing has to be written to look or to read.
        self.assertEqual(self.checkout.status()["phase"], "healthy")
        self.assertIn("scheduler has started", self.checkout.run("logs", "scheduler").check().out)


if __name__ == "__main__":
    support.main()
