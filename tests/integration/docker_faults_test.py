# needs: docker
"""Every way to fail that the Docker runtime has: the right card and exit code, nothing lost, and a next start that converges.

Real dockerd, compose and devbox, on a platform in miniature (docker_stand_in.py).
"""
import json
import os
import re
import signal
import socket
import subprocess

import docker_stack
import docker_stand_in
import support

docker_stack.require()
UNHEALTHY_DATABASE = "services: {postgres: {healthcheck: {test: [CMD, 'false'], interval: 500ms, timeout: 5s, retries: 2}}}\n"
CRASHING_DATABASE = "services: {postgres: {entrypoint: [sh, -c, 'echo database files are incompatible with server; exit 1']}}\n"
setUpModule = docker_stand_in.set_up_module
FaultTest = docker_stand_in.FaultTest


class ComposeFaultTest(FaultTest):
    def check_one_shot(self, checkout):
        checkout.configure(env={"STAND_IN": "init:exit-3"})
        error = self.fail_with(6, "airflow-init", "exited (3)", ".devbox/logs/airflow-init.log", checkout=checkout)
        self.check_log_lines(error, "init")
        with open(checkout.path(".devbox/logs/airflow-init.log")) as log:
            self.assertIn("init line 1 of 20", log.read())
        self.assertEqual(checkout.containers()["postgres"]["State"]["Status"], "running")
        mark = checkout.database_mark()
        checkout.configure()
        self.converge(checkout)
        self.assertEqual(checkout.database_mark(), mark)

    def test_a_one_shot_that_fails_shows_its_log(self):
        self.check_one_shot(self.checkout)

    def test_a_one_shot_that_fails_shows_its_log_under_compose_1(self):
        self.check_one_shot(self.make_checkout("v1"))

    def check_database(self, checkout):
        checkout.write("devbox.compose.yaml", UNHEALTHY_DATABASE)
        self.fail_with(6, "postgres", "health check", ".devbox/logs/postgres.log", checkout=checkout)
        checkout.remove_override()
        self.converge(checkout)

    def test_an_unhealthy_database_is_named(self):
        self.check_database(self.checkout)

    def test_an_unhealthy_database_is_named_under_compose_1(self):
        self.check_database(self.make_checkout("v1"))

    def check_crashing_database(self, checkout):
        """Compose would wait for it for as long as it may."""
        checkout.write("devbox.compose.yaml", CRASHING_DATABASE)
        error = self.fail_with(6, "postgres", ".devbox/logs/postgres.log", checkout=checkout)
        # Version 1 of compose gives up by itself, at a moment when the engine may have started it again.
        self.assertRegex(error["message"], r"exited \(1\)|crashes( again and again)?, restarted")
        self.assertIn("database files are incompatible with server", error["detail"])
        self.fail_with(6, "postgres", checkout=checkout)
        checkout.remove_override()
        self.converge(checkout)

    def test_a_database_that_crashes_again_and_again_is_named_soon(self):
        self.check_crashing_database(self.checkout)

    def test_a_database_that_crashes_again_and_again_is_named_soon_under_compose_1(self):
        self.check_crashing_database(self.make_checkout("v1"))

    def check_mistakes(self, checkout):
        for text in ("services: {airflow-scheduler: {comand: [true]}}\n", "services: {airflow-scheduler: {command: [true\n"):
            checkout.write("devbox.compose.yaml", text)
            error = self.fail_with(4, "devbox.compose.yaml", checkout=checkout)
            self.assertTrue(error["detail"])
            report = checkout.run("doctor").check(1).out
            self.assertRegex(report, "(?m)^problem +devbox.compose.yaml +%s" % re.escape(error["detail"].splitlines()[-1].strip()))
            self.assertIn("→ mend the file, then: devbox start", report)
        self.assertEqual(checkout.containers(), {})
        checkout.remove_override()

    def test_a_mistake_in_the_override_is_blamed_on_it(self):
        self.check_mistakes(self.checkout)

    def test_a_mistake_in_the_override_is_blamed_on_it_under_compose_1(self):
        self.check_mistakes(self.make_checkout("v1"))

    def test_what_died_in_an_earlier_session_is_not_why_this_start_fails(self):
        checkout = self.make_checkout("v1")
        checkout.run("start").check()
        checkout.engine.docker("kill", checkout.containers()["scheduler"]["Id"])
        checkout.run("stop").check()
        with open(checkout.path("devbox.compose.yaml"), "wb") as file:
            file.write(b"\xff\xfe{")
        error = self.fail_with(6, "compose could not bring the containers up", checkout=checkout)
        self.assertIn("codec", error["detail"])
        self.assertIn("devbox.compose.yaml", error["hint"])
        checkout.remove_override()

    def test_a_lost_or_broken_compose_file_is_rendered_again(self):
        self.checkout.run("start").check()
        for text in (None, "{broken"):
            os.remove(self.checkout.path(".devbox/compose.yaml"))
            if text:
                self.checkout.write(".devbox/compose.yaml", text)
            self.checkout.run("start").check()
            self.assertEqual(self.checkout.status()["phase"], "healthy")
            self.checkout.engine.docker("rm", "-f", self.checkout.containers()["scheduler"]["Id"])
            self.converge()

    def test_without_compose_start_says_how_to_get_it(self):
        checkout = self.make_checkout("none")
        self.fail_with(5, "Docker Compose is not installed", "apt install docker-compose", checkout=checkout)
        self.assertEqual(checkout.containers(), {})

    def test_a_compose_that_is_too_old_is_refused(self):
        checkout = self.make_checkout("none")
        tool = os.path.join(checkout.home, "bin/docker-compose")
        os.makedirs(os.path.dirname(tool))
        with open(tool, "w") as file:
            file.write("#!/bin/sh\necho 1.21.2\n")
        os.chmod(tool, 0o755)
        path = os.path.dirname(tool) + ":" + checkout.environment["PATH"]
        self.fail_with(5, "1.21.2", tool, "too old", checkout=checkout, env={"PATH": path})


class ImageFaultTest(FaultTest):
    def test_an_image_that_cannot_be_fetched_is_named(self):
        self.checkout.configure(extra="  image: registry.invalid/team/airflow:7")
        error = self.fail_with(8, "registry.invalid/team/airflow:7")
        self.assertIn("registry.invalid", error["message"])
        self.checkout.configure()
        self.converge()

    def test_pull_never_fetches_nothing(self):
        self.checkout.configure(extra="  pull: never\n  image: registry.invalid/team/airflow:7")
        self.fail_with(5, "registry.invalid/team/airflow:7", "airflow.pull: never", "docker pull registry.invalid/team/airflow:7")
        self.assertEqual(self.checkout.containers(), {})

    def test_pull_never_forbids_the_database_too(self):
        self.checkout.configure(extra="  pull: never\n  database_image: registry.invalid/postgres:15")
        self.fail_with(5, "registry.invalid/postgres:15", "airflow.pull: never")
        self.checkout.configure(extra="  database_image: registry.invalid/postgres:15")
        self.fail_with(8, "registry.invalid/postgres:15")
        self.checkout.configure()
        self.converge()

    def test_pull_never_forbids_what_the_team_adds_too(self):
        self.checkout.configure(extra="  pull: never")
        self.checkout.write("devbox.compose.yaml", "services: {mail: {image: 'registry.invalid/mail:1'}}\n")
        error = self.fail_with(5, "an image is not there and is not to be fetched", "airflow.pull")
        self.assertIn("registry.invalid/mail:1", error["detail"])
        self.checkout.remove_override()
        self.checkout.configure()
        self.converge()

    def add_to_build(self, line):
        with open(os.path.join(self.checkout.product, "installed/share/devbox/compose/image/Dockerfile"), "a") as file:
            file.write(line + "\n")

    def test_a_build_that_finds_no_room_names_the_disk(self):
        self.add_to_build("RUN dd if=/dev/zero of=/dev/full count=1")
        self.fail_with(6, "docker system df", ".devbox/logs/image-build.log")

    def test_a_failed_build_keeps_its_log(self):
        self.add_to_build("RUN echo the build breaks here; exit 4")
        error = self.fail_with(6, ".devbox/logs/image-build.log")
        self.assertIn("the build breaks here", error["detail"])
        with open(self.checkout.path(".devbox/logs/image-build.log")) as log:
            self.assertIn("the build breaks here", log.read())


class PortFaultTest(FaultTest):
    def hold(self, port):
        """A process that listens there; its end is the test's."""
        child = subprocess.Popen(["python3", "-c", "import socket, time\ns = socket.create_server(('127.0.0.1', %d))\nprint('up', flush=True)\n"
                                  "time.sleep(600)" % port], stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertEqual(child.stdout.readline(), "up\n")
        return child

    def test_an_explicit_port_is_not_moved_away_from_a_process(self):
        holder = self.hold(self.checkout.port)
        self.fail_with(6, "port %d" % self.checkout.port, "pid %d" % holder.pid, "kill %d" % holder.pid, "airflow.port")
        self.assertEqual(self.checkout.containers(), {})
        holder.kill()
        holder.wait()
        self.converge()

    def test_an_explicit_port_names_the_container_that_holds_it(self):
        other = self.make_checkout()
        other.run("start").check()
        self.checkout.port = other.port
        self.checkout.configure()
        name = other.containers()["webserver"]["Name"].lstrip("/")
        self.fail_with(6, "port %d" % other.port, name, "compose project " + other.project, "docker stop " + name)
        self.assertEqual(other.status()["phase"], "healthy")
        other.run("stop").check()
        self.converge()

    def test_a_default_port_is_replaced_and_the_substitute_kept(self):
        checkout = self.make_checkout(port=False)
        holder = self.hold(8080) if self.is_free(8080) else None
        answer = checkout.run("start").check()
        port = self.page_port(checkout)
        self.assertNotEqual(port, 8080)
        self.assertIn("port 8080", answer.err)
        self.assertIn("using %d from now on" % port, answer.err)
        if holder:
            self.assertIn("pid %d" % holder.pid, answer.err)
            holder.kill()
            holder.wait()
        checkout.run("stop").check()
        self.converge(checkout)
        self.assertEqual(self.page_port(checkout), port)

    def page_port(self, checkout):
        return int(checkout.status()["airflowUrl"].rsplit(":", 1)[1])

    def is_free(self, port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    def test_a_port_that_is_taken_at_the_last_moment_is_named(self):
        self.checkout.configure(env={"STAND_IN": "init:sleep-4"})
        child = self.checkout.start_in_background("--json")
        support.wait_until(lambda: self.checkout.containers().get("init", {}).get("State", {}).get("Running"), 60, "the one-shot runs")
        holder = self.hold(self.checkout.port)
        answer = self.checkout.finish(child).check(6)
        error = json.loads(answer.out.splitlines()[-1])["error"]
        self.assertIn("port %d" % self.checkout.port, error["message"])
        self.assertIn("kill %d" % holder.pid, error["hint"])
        holder.kill()
        holder.wait()
        self.converge()

    def test_a_port_that_is_taken_while_all_is_stopped_is_named(self):
        self.checkout.run("start").check()
        self.checkout.run("stop").check()
        holder = self.hold(self.checkout.port)
        self.fail_with(6, "port %d" % self.checkout.port, "kill %d" % holder.pid)
        holder.kill()
        holder.wait()
        self.converge()


class ServiceFaultTest(FaultTest):
    def test_out_of_memory_says_the_limit_and_the_key(self):
        self.checkout.configure(env={"STAND_IN": "scheduler:eat"}, extra="  memory: 64m")
        error = self.fail_with(6, "scheduler", "out of memory, limit 64 MiB", "airflow.memory: 1g", ".devbox/logs/scheduler.log", within=30)
        self.assertIn("scheduler takes memory", error["detail"])
        self.checkout.configure()
        self.converge()

    def test_a_crash_loop_fails_at_once_and_counts(self):
        self.checkout.configure(env={"STAND_IN": "scheduler:crash"})
        error = self.fail_with(6, "scheduler", "exited (1)", "restarted 3×", ".devbox/logs/scheduler.log", within=30)
        self.check_log_lines(error, "scheduler")
        # Between two crashes it is starting once more.
        support.wait_until(lambda: self.service("scheduler")["state"] == "failed", 60, "a failed scheduler")
        self.checkout.configure()
        self.converge()

    def service(self, name):
        return next(one for one in self.checkout.status()["services"] if one["name"] == name)

    def test_a_service_that_is_slow_is_not_called_dead(self):
        self.checkout.configure(env={"STAND_IN": "triggerer:hang"})
        error = self.fail_with(7, "triggerer", "still starting after 4", "--timeout", command=("--timeout", "4s", "start"), within=40)
        self.assertNotIn("exited", error["message"])
        self.assertIn("triggerer hangs", error["detail"])
        self.assertEqual(self.checkout.status()["phase"], "starting")
        # Another start waits again, and still does not call it dead.
        self.fail_with(7, "still starting", command=("--timeout", "1s", "start"))
        self.checkout.configure()
        self.converge()

    def test_each_service_has_a_time_of_its_own(self):
        self.checkout.limit_services("{airflow-init: 3}")
        self.checkout.configure(env={"STAND_IN": "init:sleep-30"})
        self.fail_with(7, "airflow-init is still starting after 3", "devbox logs airflow-init", "devbox start --timeout", within=30)
        self.assertEqual(self.service("airflow-init")["state"], "starting")
        self.checkout.limit_services("{triggerer: 4}")
        self.checkout.configure(env={"STAND_IN": "triggerer:hang"})
        error = self.fail_with(7, "triggerer is still starting after 4", "devbox start --timeout", within=40)
        self.assertIn("triggerer hangs", error["detail"])
        self.checkout.limit_services("{}")
        self.checkout.configure()
        self.converge()

    def test_what_was_done_by_hand_is_repaired(self):
        self.checkout.run("start").check()
        mark = self.checkout.database_mark()
        for words, phase in ((["pause"], "degraded"), (["rm", "-f"], None), (["stop", "-t", "1"], "failed"), (["kill"], None)):
            container = self.checkout.containers()["scheduler"]["Id"]
            docker_stand_in.ENGINE.docker(*words, container)
            if phase:
                self.assertEqual(self.checkout.status()["phase"], phase, words)
            self.converge()
        docker_stand_in.ENGINE.docker("pause", self.checkout.containers()["postgres"]["Id"])
        self.converge()
        self.assertEqual(self.checkout.database_mark(), mark)

    def test_a_missing_container_is_not_called_healthy(self):
        self.checkout.run("start").check()
        docker_stand_in.ENGINE.docker("rm", "-f", self.checkout.containers()["scheduler"]["Id"])
        self.assertNotEqual(self.checkout.status()["phase"], "healthy")
        self.converge()

    def test_logs_are_followed_from_one_container_to_its_successor(self):
        self.checkout.run("start").check()
        path = self.checkout.home + "/followed"

        def starts_seen():
            with open(path) as file:
                return file.read().count("scheduler has started")

        with open(path, "w") as file:
            child = self.checkout.run_in_background("logs", "-f", "scheduler", stdout=file)
        support.wait_until(lambda: starts_seen() == 1, 10, "what there was")
        self.checkout.run("restart", "scheduler").check()
        support.wait_until(lambda: starts_seen() == 2, 10, "the restarted container")
        docker_stand_in.ENGINE.docker("rm", "-f", self.checkout.containers()["scheduler"]["Id"])
        self.checkout.run("start").check()
        support.wait_until(lambda: starts_seen() == 3, 10, lambda: "the new container; exit code %s" % child.poll())
        child.send_signal(signal.SIGINT)
        self.assertEqual((child.wait(10), child.stderr.read()), (0, ""))
        child.stderr.close()
        self.assertEqual(starts_seen(), 3)

    def test_stop_ends_paused_and_crashing_containers(self):
        self.checkout.configure(env={"STAND_IN": "triggerer:crash"})
        self.fail_with(6, "triggerer")
        docker_stand_in.ENGINE.docker("pause", self.checkout.containers()["scheduler"]["Id"])
        self.checkout.run("stop").check()
        self.assertEqual({one["State"]["Running"] for one in self.checkout.containers().values()}, {False})
        self.checkout.configure()
        self.converge()

    def test_destroy_takes_what_is_the_checkouts_and_leaves_the_rest(self):
        other = self.make_checkout()
        for checkout in (self.checkout, other):
            checkout.write("seeds/orders.csv", "id\n1\n")
            checkout.run("start").check()
        self.checkout.run("db", "query", "--write", "CREATE TABLE mine AS SELECT 7 AS x").check()
        dry = self.checkout.run("destroy", "--dry-run").check().err
        self.assertRegex(dry, r"would be removed:\n  \d+ containers\n  Airflow's runs and connections in containers \(%s" % self.checkout.volumes()[0])
        self.assertIn("destroy --yes", self.checkout.run("destroy").check(3).err)
        self.assertEqual(self.checkout.status()["phase"], "healthy")
        data = self.checkout.json("destroy", "--yes")["data"]
        self.assertRegex(data["kept"], "^before-destroy-")
        for kind in ("container", "volume", "network"):
            self.assertEqual(docker_stand_in.ENGINE.things_of(kind, self.checkout.project, self.checkout.instance), [])
        self.assertEqual(sorted(os.listdir(self.checkout.path(".devbox"))), [".gitignore", "snapshots"])
        self.assertEqual(other.status()["phase"], "healthy")
        self.assertTrue(other.volumes())
        self.checkout.run("db", "restore", "--last").check()
        self.assertEqual(self.checkout.json("db", "query", "SELECT x FROM mine")["data"]["rows"], [[7]])
        self.converge()

    def test_destroy_without_the_engine_removes_nothing(self):
        self.checkout.run("start").check()
        self.checkout.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
        error = self.checkout.run("--json", "destroy", "--yes").check(5)
        self.assertIn("nothing was removed", json.loads(error.out)["error"]["message"])
        self.assertTrue(os.path.exists(self.checkout.path(".devbox/runtime")))
        self.checkout.environment.update(docker_stand_in.ENGINE.environment(docker_stand_in.default_compose()))


if __name__ == "__main__":
    support.main()
