# needs: docker
"""Faults that only real Airflow has in the Docker runtime: too little memory, a setting that it does not accept, a start killed on the way."""
import json
import os
import signal
import time
import unittest

import docker_checkout
import docker_compose_program
import docker_images
import docker_stack
import support

docker_stack.require()
VERSION = "2.10.3"
BAD_SETTING = "  env: {AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC: often}\n"


class AirflowFaultTest(unittest.TestCase):
    def setUp(self):
        compose = "v1" if docker_compose_program.reason_without_v2(docker_stack.cache_folder()) else "v2"
        self.engine = docker_stack.Engine().__enter__()
        self.addCleanup(self.engine.__exit__, None)
        for image in ("postgres:15", docker_images.airflow_image(VERSION)):
            self.engine.image(image)
        self.checkout = docker_checkout.DockerCheckout(self.engine, compose)
        self.addCleanup(self.checkout.close)

    def fail_start(self, *words):
        # dbt runs with the same memory and would be named, too.
        answer = self.checkout.run("--json", "start", "--only", "airflow", seconds=300).check(6)
        error = json.loads(answer.out.splitlines()[-1])["error"]
        for word in words:
            self.assertIn(word, "%s\n%s" % (error["message"], error["hint"]))
        return error

    def kill_while_init_runs(self):
        child = self.checkout.spawn("start")
        support.wait_until(lambda: self.checkout.containers().get("airflow-init", {}).get("State", {}).get("Running"), 600, "airflow-init runs")
        child.send_signal(signal.SIGKILL)
        child.wait()

    def test_each_fault_has_its_card_and_the_next_start_converges(self):
        self.checkout.configure(VERSION, "  memory: 100m\n")
        error = self.fail_start("out of memory, limit 100 MiB", "airflow.memory: 1g", ".devbox/logs/airflow-init.log")
        self.assertIn("airflow-init", error["message"])

        self.checkout.configure(VERSION)
        self.kill_while_init_runs()
        self.checkout.run("start", seconds=600).check()
        self.assertEqual(self.checkout.status()["phase"], "healthy")
        before = self.checkout.runs()
        self.assertIn("running already", self.checkout.run("start").check().err)
        self.assertEqual(self.checkout.runs(), before)

        self.checkout.configure(VERSION, BAD_SETTING)
        started = time.monotonic()
        error = self.fail_start("scheduler exited (1)", "restarted 3×", "airflow.env", ".devbox/logs/scheduler.log")
        # At once, and not when its time is up.
        self.assertLess(time.monotonic() - started, 180)
        self.assertIn("scheduler_heartbeat_sec", error["detail"].lower())
        self.assertTrue(os.path.getsize(self.checkout.path(".devbox/logs/scheduler.log")) > 0)
        # Between two crashes it is starting once more.
        support.wait_until(lambda: self.checkout.status()["phase"] == "failed", 60, "a failed platform")

        self.checkout.configure(VERSION)
        self.checkout.run("start", seconds=600).check()
        self.assertEqual(self.checkout.status()["phase"], "healthy")


if __name__ == "__main__":
    support.main()
