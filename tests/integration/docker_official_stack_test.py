# needs: docker
"""Shows that the images carry a stack in the style of the official docker-compose.yaml: up, healthy, login, a run that succeeds."""
import os
import shutil
import subprocess
import tempfile
import types
import unittest

import docker_compose_program
import docker_images
import docker_stack
import support

docker_stack.require()
NO_V2 = docker_compose_program.reason_without_v2(docker_stack.cache_folder())
DAG = """
import pendulum
from airflow.decorators import dag, task

@dag(dag_id="hello", schedule=None, start_date=pendulum.datetime(2024, 1, 1))
def hello():
    @task
    def say():
        return "hello"
    say()

hello()
"""
COMMON = """
x-airflow: &airflow
  image: %(image)s
  user: "1234:0"
  environment: &environment
    AIRFLOW__CORE__EXECUTOR: LocalExecutor
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: postgresql+psycopg2://airflow:airflow@postgres/airflow
    AIRFLOW__CORE__LOAD_EXAMPLES: "false"
    AIRFLOW__CORE__PARALLELISM: "4"
    AIRFLOW__WEBSERVER__SECRET_KEY: test
    AIRFLOW__WEBSERVER__WORKERS: "1"
    AIRFLOW__API__AUTH_BACKENDS: airflow.api.auth.backend.basic_auth
    AIRFLOW__API__SECRET_KEY: test
    AIRFLOW__API__WORKERS: "1"
    AIRFLOW__API_AUTH__JWT_SECRET: test-test-test-test-test-test-test
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: http://web:8080/execution/
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: /opt/airflow/passwords.json
  volumes: ["./dags:/opt/airflow/dags"]
  depends_on: &after {airflow-init: {condition: service_completed_successfully}}
services:
  postgres:
    image: postgres:15
    environment: {POSTGRES_USER: airflow, POSTGRES_PASSWORD: airflow, POSTGRES_DB: airflow}
    healthcheck: {test: [CMD, pg_isready, -U, airflow, -h, 127.0.0.1], interval: 1s, timeout: 5s, retries: 60}
  airflow-init:
    <<: *airflow
    command: version
    environment: {<<: *environment, _AIRFLOW_DB_MIGRATE: "true", _AIRFLOW_WWW_USER_CREATE: "%(create_user)s",
                  _AIRFLOW_WWW_USER_USERNAME: admin, _AIRFLOW_WWW_USER_PASSWORD: admin}
    depends_on: {postgres: {condition: service_healthy}}
  scheduler: {<<: *airflow, command: scheduler}
  web:
    <<: *airflow
    command: %(web)s
    ports: ["127.0.0.1:%(port)d:8080"]
"""
EXTRA = {"2": "", "3": "  dag-processor: {<<: *airflow, command: dag-processor}\n"}
PASSWORDS = """[bash, -c, "echo '{\\"admin\\": \\"admin\\"}' >/opt/airflow/passwords.json && exec airflow api-server"]"""


class StackTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = docker_stack.Engine().__enter__()
        cls.addClassCleanup(cls.engine.__exit__, None)

    def check_stack(self, version, kind):
        if kind == "v2" and NO_V2:
            self.skipTest("compose v2: " + NO_V2)
        folder, port, major = tempfile.mkdtemp(prefix="devbox-stack-"), support.free_port(), version[0]
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        os.mkdir(folder + "/dags")
        for path, text in (("dags/hello.py", DAG), ("docker-compose.yaml", COMMON % {
                "image": self.engine.image(docker_images.airflow_image(version)), "port": port,
                "create_user": "true" if major == "2" else "", "web": "webserver" if major == "2" else PASSWORDS} + EXTRA[major])):
            with open(os.path.join(folder, path), "w") as file:
                file.write(text)
        self.engine.image("postgres:15")
        command = ["docker-compose"] if kind == "v1" else ["docker", "compose"]

        def compose(*words):
            done = subprocess.run([*command, "-p", "stack", *words], cwd=folder, env={**os.environ, **self.engine.environment(kind)},
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout)
            return done.stdout

        self.addCleanup(lambda: compose("down", "-v", "-t", "5"))
        compose("up", "-d")
        airflow = support.Airflow(types.SimpleNamespace(port=port, version=version))
        try:
            support.wait_until(lambda: self.is_healthy(airflow, major), 240, "healthy")
            self.assertFalse(airflow.login("wrong"))
            self.assertTrue(airflow.login())
            support.wait_until(lambda: "hello" in airflow.dag_ids(), 60, "the DAG is seen")
            self.assertEqual(airflow.trigger("hello"), "success")
        except AssertionError as failure:
            raise AssertionError("%s\n%s" % (failure, compose("logs", "--tail", "30"))) from failure

    def is_healthy(self, airflow, major):
        try:
            health = airflow.request("GET", "/health" if major == "2" else "/api/v2/monitor/health")[1]
        except OSError:
            return False
        return all(health.get(name, {}).get("status") == "healthy" for name in ("metadatabase", "scheduler"))

    def test_airflow_2_10_under_compose_v1(self):
        self.check_stack("2.10.3", "v1")

    def test_airflow_2_11_under_compose_v2(self):
        self.check_stack("2.11.2", "v2")

    def test_airflow_3_0_under_compose_v2(self):
        self.check_stack("3.0.6", "v2")


if __name__ == "__main__":
    support.main()
