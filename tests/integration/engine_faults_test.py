"""Each way in which a container engine can fail ends in the right error within its deadline."""
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import engine_server
import support
from engine_server import EngineServer, chunk, frame, lines, raw_stream, respond

CLIENT = os.path.abspath(os.environ.get("DEVBOX_TEST_ENGINE_CLIENT", os.path.join(support.ROOT, "build/dev/tests/devbox_engine_client")))


class EngineCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="devbox-engine-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.engine = self.enterContext(EngineServer(self.folder))

    def enterContext(self, manager):  # of unittest only since Python 3.11
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def environment(self, **extra):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
        return {**kept, "HOME": self.folder, "XDG_RUNTIME_DIR": self.folder, "DOCKER_HOST": self.engine.address, **extra}

    def call(self, *words, seconds=30, **extra):
        """Exit code, last line as JSON, seconds taken."""
        started = time.monotonic()
        done = subprocess.run([CLIENT, *words], env=self.environment(**extra), capture_output=True, text=True, timeout=seconds)
        self.assertTrue(done.stdout, done)
        return done.returncode, json.loads(done.stdout.splitlines()[-1]), time.monotonic() - started

    def assert_error(self, words, exit_code, *parts, within=3.0, **extra):
        code, answer, took = self.call(*words, seconds=within + 20, **extra)
        error = answer.get("error") or {}
        text = " ".join(str(error.get(key)) for key in ("message", "hint", "detail"))
        self.assertEqual(code, exit_code, answer)
        for part in parts:
            self.assertIn(part, text)
        self.assertNotIn("\n", error["message"])
        self.assertLess(took, within)
        return error


class Finding(EngineCase):
    def test_silence_garbage_and_refusal_at_the_ping_are_no_engine(self):
        for answer, part in ((engine_server.garbage, "not with HTTP"), (engine_server.close, "without an answer"),
                             ((500, {"message": "no"}), "status 500"), (engine_server.cut_in_body, "in the middle")):
            self.engine.answers["GET /_ping"] = answer
            self.assert_error(["find"], 5, "no container engine answers", part, "unset DOCKER_HOST")

    def test_an_engine_that_hangs_is_given_up_after_two_seconds(self):
        for answer in (engine_server.hang, engine_server.drip, engine_server.drip_head):
            self.engine.answers["GET /_ping"] = answer
            self.assert_error(["find"], 5, "did not answer within 2.0s", within=4)

    def test_a_server_that_is_no_engine_is_none(self):
        def web_page(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        self.engine.answers["GET /_ping"] = web_page
        self.assert_error(["find"], 5, "not as a container engine")

    def test_versions_are_negotiated_without_another_request(self):
        for theirs, spoken in (("1.40", "1.40"), ("1.41", "1.41"), ("1.47", "1.47"), ("1.52", "1.47"), ("2.0", "1.47")):
            self.engine.answers["GET /_ping"] = lambda connection: connection.sendall(
                b"HTTP/1.1 200 OK\r\napi-version: %s\r\nContent-Length: 2\r\n\r\nOK" % theirs.encode())
            self.engine.requests.clear()
            code, answer, _ = self.call("find")
            self.assertEqual((code, answer["api"], len(self.engine.requests)), (0, spoken, 1))

    def test_an_old_engine_is_named_with_its_version(self):
        for theirs in ("1.24", "1.39", "0.9"):
            self.engine.answers["GET /_ping"] = lambda connection: connection.sendall(
                b"HTTP/1.1 200 OK\r\nApi-Version: %s\r\nContent-Length: 2\r\n\r\nOK" % theirs.encode())
            self.assert_error(["find"], 5, "version %s of the Engine API" % theirs, "1.40", "update it")

    def test_nothing_at_the_socket_names_socket_and_start_command(self):
        missing = "unix://" + self.folder + "/.colima/work/docker.sock"
        self.assert_error(["find"], 5, "No such file", "start it: colima start work", DOCKER_HOST=missing)
        self.assert_error(["find"], 5, "connection refused", "unset DOCKER_HOST", DOCKER_HOST="tcp://127.0.0.1:%d" % support.free_port())

    def test_a_stale_socket_file_never_wins(self):
        live = os.path.join(self.folder, ".orbstack/run")
        os.makedirs(live)
        os.symlink(self.engine.path, live + "/docker.sock")
        os.makedirs(os.path.join(self.folder, ".rd"))
        stale = engine_server.socket.socket(engine_server.socket.AF_UNIX)
        stale.bind(os.path.join(self.folder, ".rd/docker.sock"))
        stale.close()
        environment = self.environment()
        del environment["DOCKER_HOST"]
        if os.path.exists("/var/run/docker.sock"):
            self.skipTest("this machine's own Docker would be found first")
        done = subprocess.run([CLIENT, "find"], env=environment, capture_output=True, text=True, timeout=30)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["address"], "unix://" + live + "/docker.sock")
        self.assertEqual(answer["reason"], "a socket that is there")

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_a_socket_of_somebody_else_is_told_apart(self):
        os.chmod(self.folder, 0o755)
        os.chmod(self.engine.path, 0o600)
        client = shutil.copy(CLIENT, self.folder + "/client")
        done = subprocess.run([client, "find"], env=self.environment(), capture_output=True, text=True, timeout=30, user=65534, group=65534, extra_groups=[])
        error = json.loads(done.stdout)["error"]
        self.assertEqual(done.returncode, 5)
        self.assertIn("you may not open " + self.engine.path, error["message"])
        self.assertIn("docker group", error["hint"])


class Requests(EngineCase):
    LIST = "GET /containers/json"

    def test_answers_that_break_off_are_a_lost_engine(self):
        for answer in (engine_server.cut_in_chunk, engine_server.cut_in_body, engine_server.close, engine_server.garbage):
            self.engine.answers[self.LIST] = answer
            self.assert_error(["list", "a=b"], 6, self.engine.address, "GET /containers/json", "start it: sudo systemctl start docker")

    def test_an_answer_that_hangs_or_drips_ends_at_the_deadline(self):
        for answer in (engine_server.hang, engine_server.drip):
            self.engine.answers[self.LIST] = answer
            self.assert_error(["list", "a=b"], 7, "did not answer in time", "within 10.0s", within=13)

    def test_the_engine_s_own_words_are_passed_on(self):
        for status, body, part in ((500, {"message": "layer does not exist"}, "(status 500): layer does not exist"),
                                   (400, b"plain words\n", "(status 400): plain words"), (503, b"", "without saying why"),
                                   (404, {"message": "page not found"}, "page not found")):
            self.engine.answers[self.LIST] = (status, body)
            self.assert_error(["list", "a=b"], 6, part)

    def test_answers_that_make_no_sense_are_said(self):
        for body in (b"<html>", b"{}", b"", b"[1,", b'"text"'):
            self.engine.answers[self.LIST] = (200, body)
            self.assert_error(["list", "a=b"], 6)
        self.engine.answers[self.LIST] = (200, b'[null, 7, {"Id": 5, "Names": "x", "Ports": {}, "Labels": []}]')
        code, answer, _ = self.call("list", "a=b")
        self.assertEqual((code, len(answer["containers"])), (0, 3))

    def test_what_is_missing_is_no_failure_where_it_is_asked_for(self):
        self.assertEqual(self.call("inspect", "nobody")[1], {"container": None})
        self.assertEqual(self.call("image", "nobody:1")[1], {"exists": False})
        self.assertEqual(self.call("remove", "nobody")[0], 0)
        self.assert_error(["start", "nobody"], 6, "cannot start the container nobody", "page not found")

    def test_what_is_done_already_is_done(self):
        for verb in ("start", "stop"):
            self.engine.answers["POST /containers/web/" + verb] = (304, b"")
            self.assertEqual(self.call(verb, "web")[0], 0)

    def test_a_list_is_two_requests_in_all(self):
        self.engine.answers[self.LIST] = (200, [])
        self.assertEqual(self.call("list", "com.docker.compose.project=my shop")[1], {"containers": []})
        self.assertEqual([target for _, target, _ in self.engine.requests], [
            "/_ping", "/v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22com.docker.compose.project%3Dmy%20shop%22%5D%7D"])

    def test_an_interrupt_ends_a_request_at_once(self):
        self.engine.answers[self.LIST] = engine_server.hang
        client = subprocess.Popen([CLIENT, "list", "a=b"], env=self.environment(), stdout=subprocess.PIPE, text=True)
        support.wait_until(lambda: len(self.engine.requests) == 2, 5, "the request")
        client.send_signal(signal.SIGINT)
        output, _ = client.communicate(timeout=2)
        self.assertEqual(client.returncode, 130)
        self.assertEqual(json.loads(output)["error"]["code"], "INTERRUPTED")

    def test_an_engine_that_goes_away_between_requests_is_lost(self):
        self.engine.answers[self.LIST] = engine_server.hang
        client = subprocess.Popen([CLIENT, "list", "a=b"], env=self.environment(), stdout=subprocess.PIPE, text=True)
        support.wait_until(lambda: len(self.engine.requests) == 2, 5, "the request")
        self.engine.drop_connections()
        output, _ = client.communicate(timeout=3)
        self.assertEqual(client.returncode, 6, output)


class Programs(EngineCase):
    def setUp(self):
        super().setUp()
        self.engine.answers.update({"POST /containers/web/exec": (201, {"Id": "e1"}),
                                    "GET /exec/e1/json": (200, {"Running": False, "ExitCode": 3})})

    def start_answers(self, answer):
        self.engine.answers["POST /exec/e1/start"] = answer

    def test_streams_are_told_apart_wherever_they_are_cut(self):
        bytes_sent = frame(1, b"out 1\n") + frame(2, b"") + frame(2, b"err\n") + frame(1, b"out \xc3\xa9\n")
        self.start_answers(raw_stream(*[bytes([byte]) for byte in bytes_sent]))
        self.assertEqual(self.call("run", "web", "ls")[1], {"exitCode": 3, "output": "out 1\nout \u00e9\n", "errors": "err\n"})

    def test_a_stream_that_ends_in_a_frame_or_is_no_stream_is_said(self):
        for answer in (raw_stream(frame(1, b"out 1\n")[:-2]), raw_stream(b"\x01\0\0"), raw_stream(b"no frames at all")):
            self.start_answers(answer)
            self.assert_error(["run", "web", "ls"], 6, "broke off the output of ls in the container web")

    def test_a_program_that_hangs_is_ended_inside(self):
        self.start_answers(engine_server.hang)
        error = self.assert_error(["run", "web", "ls"], 7, "ls in the container web did not end within 0.4s", TIMEOUT_MS="400", within=14)
        creations = [json.loads(body) for method, target, body in self.engine.requests if target.endswith("/containers/web/exec")]
        marks = [value for value in creations[0]["Env"] if value.startswith("DEVBOX_EXEC=")]
        self.assertEqual(len(marks), 1, error)
        self.assertEqual(creations[1]["Cmd"][:2], ["sh", "-c"])
        self.assertEqual(creations[1]["Cmd"][-1], marks[0])
        self.assertEqual(creations[1]["Env"], [])

    def test_too_much_output_is_refused(self):
        self.start_answers(raw_stream(frame(1, b"x" * 1500000)))
        self.assert_error(["run", "web", "cat"], 6, "cat in the container web wrote more than 1048576 bytes")

    def test_what_keeps_a_program_from_running_is_told_apart(self):
        self.assert_error(["run", "nobody", "ls"], 6, "page not found")
        self.engine.answers["POST /containers/web/exec"] = (404, {"message": "No such container: web"})
        self.assert_error(["run", "web", "ls"], 6, "there is no container web")
        self.engine.answers["POST /containers/web/exec"] = (409, {"message": "Container web is not running"})
        self.assert_error(["run", "web", "ls"], 6, "the container web is not running")
        self.engine.answers["POST /containers/web/exec"] = (201, {"Id": "e1"})
        self.start_answers((400, {"message": "exec: \"ls\": executable file not found in $PATH"}))
        self.assert_error(["run", "web", "ls"], 6, "executable file not found")
        self.start_answers(raw_stream(frame(1, b"OCI runtime exec failed: exec: \"ls\": executable file not found in $PATH\r\n")))
        self.engine.answers["GET /exec/e1/json"] = (200, {"Running": False, "ExitCode": 126})
        self.assert_error(["run", "web", "ls"], 6, "cannot run ls in the container web: it is not there")

    def test_a_container_that_ended_meanwhile_is_said(self):
        self.start_answers(raw_stream(frame(1, b"so far\n")))
        for answer in ((200, {"Running": False, "ExitCode": None}), (404, {"message": "No such exec instance: e1"})):
            self.engine.answers["GET /exec/e1/json"] = answer
            self.assert_error(["run", "web", "ls"], 6, "the container web ended while ls ran in it")

    def test_a_program_that_closed_its_output_but_goes_on_is_a_timeout(self):
        self.start_answers(raw_stream())
        self.engine.answers["GET /exec/e1/json"] = (200, {"Running": True, "ExitCode": None})
        self.assert_error(["run", "web", "ls"], 7, "closed its output but did not end", within=8)

    def test_an_attached_program_ends_with_the_engine_or_its_refusal(self):
        self.start_answers((409, {"message": "container web is paused"}))
        self.assert_error(["attach", "web", "ls"], 6, "to run ls", "container web is paused")
        self.start_answers(engine_server.close)
        self.assert_error(["attach", "web", "ls"], 6, "to run ls", "start it")
        self.start_answers(raw_stream(b"garbage instead of frames"))
        self.assert_error(["attach", "web", "ls"], 6, "garbles the output of ls", within=14)

    def test_an_attached_program_gets_input_and_gives_its_exit_code(self):
        def echo(connection):
            connection.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
            received = b""
            while True:
                more = connection.recv(100)
                if not more:
                    break
                received += more
            connection.sendall(frame(1, received.upper()) + frame(2, b"done"))
        self.start_answers(echo)
        done = subprocess.run([CLIENT, "attach", "web", "cat"], env=self.environment(), input=b"some input", capture_output=True, timeout=10)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, b"SOME INPUT", b"done"))


class Logs(EngineCase):
    STAMP = "2026-11-25T14:22:2%d.123456789Z"

    def log(self, *parts, words=("0",)):
        self.engine.answers["GET /containers/web/logs"] = raw_stream(*parts)
        code, answer, _ = self.call("log", "web", *words)
        self.assertEqual(code, 0, answer)
        return [line["text"] for line in answer["lines"]]

    def stamped(self, second, text):
        return (self.STAMP % second + " " + text).encode()

    def test_framed_and_plain_logs_read_alike(self):
        self.assertEqual(self.log(frame(1, self.stamped(1, "a b\n")) + frame(2, self.stamped(2, "\n"))), ["a b", ""])
        self.assertEqual(self.log(self.stamped(1, "a b\r\n") + self.stamped(2, "c")), ["a b", "c"])
        self.assertEqual(self.log(), [])

    def test_a_line_in_several_frames_is_one(self):
        line = self.stamped(1, "long line\n")
        self.assertEqual(self.log(frame(1, line[:40]), frame(2, self.stamped(2, "between\n")), frame(1, line[40:])), ["between", "long line"])
        parts = [frame(1, self.stamped(1, "long ")), frame(2, self.stamped(2, "between\n")), frame(1, self.stamped(3, "line\n"))]
        self.assertEqual(self.log(*parts), ["between", "long line"])

    def test_only_what_is_newer_than_a_stamp_is_given(self):
        lines_sent = frame(1, self.stamped(1, "old\n")) + frame(1, self.stamped(2, "new\n"))
        self.assertEqual(self.log(lines_sent, words=("7", self.STAMP % 1)), ["new"])
        self.assertIn("tail=7&since=", self.engine.requests[-1][1])

    def test_a_log_that_breaks_off_or_is_refused_is_said(self):
        self.engine.answers["GET /containers/web/logs"] = raw_stream(frame(1, self.stamped(1, "text\n"))[:-3])
        self.assert_error(["log", "web"], 6, "broke off in the middle of the log of the container web")
        self.engine.answers["GET /containers/web/logs"] = (500, {"message": "configured logging driver does not support reading"})
        self.assert_error(["log", "web"], 6, "logging driver")
        self.engine.answers["GET /containers/web/logs"] = engine_server.cut_in_chunk
        self.assert_error(["log", "web"], 6, self.engine.address)


class Images(EngineCase):
    PULL = "POST /images/create"

    def test_a_pull_reports_megabytes_over_all_layers(self):
        def slowly(connection):
            engine_server.begin_chunks(connection)
            for current in (10, 60, 110):
                for layer in ("a", "b"):
                    line = {"status": "Downloading", "id": layer, "progressDetail": {"current": current * 10**6, "total": 120 * 10**6}}
                    chunk(connection, json.dumps(line).encode() + b"\r\n")
                time.sleep(0.3)
            for status in ("Download complete", "Pull complete"):
                for layer in ("a", "b"):
                    chunk(connection, json.dumps({"status": status, "id": layer}).encode() + b"\r\n")
                time.sleep(0.3)
            chunk(connection, json.dumps({"status": "Status: Downloaded"}).encode())
            chunk(connection, b"")
        self.engine.answers[self.PULL] = slowly
        self.engine.answers["GET /images/some/where:1/json"] = (200, {"Id": "x"})
        done = subprocess.run([CLIENT, "pull", "some/where:1"], env=self.environment(), capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stderr, "pulling some/where:1: (1[27]|23)0 of 240 MB")
        self.assertRegex(done.stderr, "unpacking some/where:1: [01] of 2 layers")
        self.assertEqual([target for method, target, _ in self.engine.requests if method == "POST"], ["/v1.41/images/create?fromImage=some%2Fwhere%3A1"])

    def credentials_sent(self, image, config, helper=None):
        """What a pull of the image sends as X-Registry-Auth, decoded."""
        os.makedirs(self.folder + "/.docker", exist_ok=True)
        with open(self.folder + "/.docker/config.json", "w") as file:
            file.write(config if isinstance(config, str) else json.dumps(config))
        if helper:
            with open(self.folder + "/docker-credential-kept", "w") as file:
                file.write("#!/bin/sh\n" + helper)
            os.chmod(self.folder + "/docker-credential-kept", 0o755)
        self.engine.answers[self.PULL] = lines({"status": "ok"})
        self.engine.answers["GET /images/%s/json" % image] = (200, {})
        self.engine.heads.clear()
        code, answer, _ = self.call("pull", image, PATH=self.folder + ":" + os.environ["PATH"])
        self.assertEqual(code, 0, answer)
        sent = [line.split(": ")[1] for line in self.engine.heads[1].split("\r\n") if line.startswith("X-Registry-Auth: ")]
        return json.loads(base64.urlsafe_b64decode(sent[0])) if sent else None

    def test_what_docker_login_keeps_is_sent_to_its_registry_only(self):
        kept = {"auths": {"https://index.docker.io/v1/": {"auth": base64.b64encode(b"dana:s:cret").decode()},
                          "https://ghcr.io": {"identitytoken": "tok"}, "other.example": {"auth": "no base64"}}}
        hub = {"serveraddress": "https://index.docker.io/v1/", "username": "dana", "password": "s:cret"}
        self.assertEqual(self.credentials_sent("postgres:15", kept), hub)
        self.assertEqual(self.credentials_sent("team/image:1", kept), hub)
        self.assertEqual(self.credentials_sent("docker.io/team/image:1", kept), hub)
        self.assertEqual(self.credentials_sent("ghcr.io/team/image:1", kept), {"serveraddress": "ghcr.io", "identitytoken": "tok"})
        self.assertIsNone(self.credentials_sent("other.example/image:1", kept))
        self.assertIsNone(self.credentials_sent("localhost:5000/image:1", kept))
        self.assertIsNone(self.credentials_sent("postgres:15", "{}"))

    def test_a_credential_helper_is_asked(self):
        helper = 'read -r server; [ "$1 $server" = "get ghcr.io" ] || exit 1; echo \'{"Username": "dana", "Secret": "s"}\'\n'
        by_store = {"credsStore": "kept", "auths": {"ghcr.io": {}}}
        expected = {"serveraddress": "ghcr.io", "username": "dana", "password": "s"}
        self.assertEqual(self.credentials_sent("ghcr.io/image:1", by_store, helper), expected)
        self.assertEqual(self.credentials_sent("ghcr.io/image:1", {"credHelpers": {"ghcr.io": "kept"}}, helper), expected)
        self.assertIsNone(self.credentials_sent("postgres:15", by_store, helper))
        self.assertIsNone(self.credentials_sent("ghcr.io/image:1", {"credsStore": "not-there"}))

    def test_a_name_without_tag_pulls_one_image_not_all(self):
        self.engine.answers[self.PULL] = lines({"status": "ok"})
        self.engine.answers["GET /images/localhost:5000/plain/json"] = (200, {})
        self.assertEqual(self.call("pull", "localhost:5000/plain")[0], 0)
        self.assertTrue(self.engine.requests[1][1].endswith("&tag=latest"))

    def test_what_a_registry_says_is_told_apart(self):
        cases = (("toomanyrequests: You have reached your pull rate limit", 8, "docker login"),
                 ("Get https://registry-1.docker.io/v2/: dial tcp: lookup registry-1.docker.io: no such host", 8, "cannot be reached"),
                 ("net/http: TLS handshake timeout", 8, "cannot be reached"),
                 ("manifest for nobody:9 not found: manifest unknown", 4, "has no image nobody:9"),
                 ("pull access denied for nobody, repository does not exist or may require 'docker login'", 4, "has no image nobody:9"),
                 ("no matching manifest for linux/arm64/v8 in the manifest list entries", 4, "processor"),
                 ("write /var/lib/docker/tmp/x: no space left on device", 6, "disk"), ("something else", 6, "cannot be pulled"))
        for message, exit_code, part in cases:
            self.engine.answers[self.PULL] = (500, {"message": message})
            self.assert_error(["pull", "nobody:9"], exit_code, "nobody:9", part, message)
            self.engine.answers[self.PULL] = lines({"status": "Pulling"}, {"error": message, "errorDetail": {"message": message}})
            self.assert_error(["pull", "nobody:9"], exit_code, "nobody:9", part, message)

    def test_a_pull_that_breaks_off_ends_early_or_stalls_is_no_image(self):
        self.engine.answers[self.PULL] = engine_server.cut_in_chunk
        self.assert_error(["pull", "nobody:9"], 6, "the pull of nobody:9")
        self.engine.answers[self.PULL] = lines({"status": "Pulling"})
        self.assert_error(["pull", "nobody:9"], 6, "ended without the image")
        self.engine.answers[self.PULL] = lines(b"<html>")
        self.assert_error(["pull", "nobody:9"], 6, "does not understand", "<html>")
        self.engine.answers[self.PULL] = lines({"status": "Pulling"}, ends=False)
        self.assert_error(["pull", "nobody:9"], 7, "the pull of nobody:9 did not end within 0.8s", TIMEOUT_MS="800")

    def build(self, *words):
        context = os.path.join(self.folder, "context")
        os.makedirs(context, exist_ok=True)
        with open(context + "/Dockerfile", "w") as file:
            file.write("FROM scratch\n")
        return ["build", "made:1", context, os.path.join(self.folder, "logs/build.log"), *words]

    def test_a_build_that_fails_names_its_step_and_log(self):
        self.engine.answers["POST /build"] = lines({"stream": "Step 1/2 : FROM scratch"}, {"stream": "\n"}, {"stream": "Step 2/2 : RUN make it"},
                                                   {"stream": "\nno rule\n"}, {"error": "returned a non-zero code: 2"})
        self.assert_error(self.build(), 6, "building the image made:1 failed at step 2/2: RUN make it", "logs/build.log", "no rule\n", "non-zero code: 2")
        with open(os.path.join(self.folder, "logs/build.log")) as log:
            self.assertEqual(log.read(), "Step 1/2 : FROM scratch\nStep 2/2 : RUN make it\nno rule\nreturned a non-zero code: 2\n")

    def test_a_long_instruction_is_told_once_and_shortened(self):
        command = "pip install " + " ".join("package-%d" % number for number in range(30))
        self.engine.answers["POST /build"] = lines({"stream": "Step 2/2 : RUN " + command + "\n"}, {"stream": "ERROR: ResolutionImpossible\n"},
                                                   {"error": "The command '/bin/sh -c %s' returned a non-zero code: 1" % command})
        error = self.assert_error(self.build(), 6, "failed at step 2/2: RUN pip install package-0 package-1")
        self.assertTrue(error["message"].endswith(" …"), error)
        self.assertLess(len(error["message"]), 130)
        self.assertEqual(error["detail"].count("package-29"), 1)
        self.assertIn("ERROR: ResolutionImpossible\nreturned a non-zero code: 1", error["detail"])

    def test_a_build_is_sent_whole_and_followed(self):
        self.engine.answers["POST /build"] = lines({"stream": "STEP 1/1: FROM scratch\n"}, {"aux": {"ID": "x"}})
        self.engine.answers["GET /images/made:1/json"] = (200, {})
        done = subprocess.run([CLIENT, *self.build()], env=self.environment(), capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("building made:1: step 1/1: FROM scratch", done.stderr)
        method, target, body = self.engine.requests[1]
        self.assertIn(b"FROM scratch\n", body)
        self.assertEqual(len(body) % 512, 0)
        self.assertIn("networkmode=none&buildargs=%7B%22GREETING%22%3A%22good%20morning%20%26%20more%22%7D", target)

    def test_a_build_that_breaks_off_stalls_or_is_refused_is_said(self):
        self.engine.answers["POST /build"] = engine_server.cut_in_chunk
        self.assert_error(self.build(), 6, "the build of made:1")
        self.engine.answers["POST /build"] = lines({"stream": "Step 1/1 : FROM scratch"})
        self.assert_error(self.build(), 6, "made:1")
        self.engine.answers["POST /build"] = (400, {"message": "dockerfile parse error line 1"})
        self.assert_error(self.build(), 6, "dockerfile parse error line 1")
        self.engine.answers["POST /build"] = lines({"stream": "Step 1/1 : FROM scratch"}, ends=False)
        self.assert_error(self.build(), 7, "the build of made:1 did not end within 0.8s", TIMEOUT_MS="800")

    def test_an_engine_that_answers_before_it_has_read_the_context_is_heard(self):
        def refuse_early(connection):
            respond(connection, 413, {"message": "the context is too large"})
        self.engine.answers["POST /build"] = refuse_early
        self.assert_error(self.build(), 6, "the context is too large")


class Events(EngineCase):
    def events(self, answer, **extra):
        self.engine.answers["GET /events"] = answer
        done = subprocess.run([CLIENT, "events", "a=b", "1795617612892"], env=self.environment(TIMEOUT_MS="1500", **extra), capture_output=True, text=True, timeout=20)
        *shown, last = done.stdout.splitlines()
        return done.returncode, shown, json.loads(last)

    def test_events_of_programs_inside_are_left_out(self):
        attributes = {"com.docker.compose.service": "scheduler", "exitCode": "137"}
        def event(action):
            return {"Type": "container", "Action": action, "Actor": {"ID": "0123456789abcdef", "Attributes": attributes}}
        code, shown, _ = self.events(lines(event("exec_create: sh -c true"), event("exec_die"), event("die"), event("health_status: healthy"), ends=False))
        self.assertEqual((code, shown), (0, ["ready", "die scheduler 137 0123456789ab", "health_status: healthy scheduler 137 0123456789ab"]))
        self.assertIn("/events?since=1795617612.892&filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22label%22%3A%5B%22a%3Db%22%5D%7D",
                      self.engine.requests[-1][1])

    def test_what_came_before_the_end_is_given_first(self):
        code, shown, answer = self.events(lines({"Action": "die", "Actor": {"ID": "0123456789abcdef"}}))
        self.assertEqual((code, shown), (6, ["ready", "die - 0 0123456789ab"]))
        self.assertIn("ended the stream", answer["error"]["message"])

    def test_a_stream_that_breaks_is_refused_or_garbled_is_said(self):
        def restart(connection):
            engine_server.begin_chunks(connection)
            time.sleep(0.3)
            self.engine.drop_connections()
        for answer, part in ((restart, self.engine.address), ((500, {"message": "no events today"}), "no events today"),
                             (lines(b"<html>"), "does not understand")):
            code, _, last = self.events(answer)
            self.assertEqual(code, 6)
            self.assertIn(part, last["error"]["message"])


def echo_once(connection):
    connection.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
    connection.sendall(frame(1, connection.recv(100).upper()))


ANSWERS = {"GET /containers/json": (200, []), "POST /images/create": lines({"status": "ok"}), "GET /images/made:1/json": (200, {}),
           "POST /containers/web/exec": (201, {"Id": "e1"}), "POST /exec/e1/start": echo_once,
           "GET /exec/e1/json": (200, {"Running": False, "ExitCode": 0})}


class Tcp(EngineCase):
    def setUp(self):
        super().setUp()
        self.engine = self.enterContext(EngineServer(self.folder, is_tcp=True))

    def test_requests_streams_and_upgrades_go_over_tcp(self):
        self.engine.answers.update(ANSWERS)
        self.assertEqual(self.call("list", "a=b")[:2], (0, {"containers": []}))
        self.assertEqual(self.call("pull", "made:1")[:2], (0, {}))
        done = subprocess.run([CLIENT, "attach", "web", "cat"], env=self.environment(), input=b"some input", capture_output=True, timeout=10)
        self.assertEqual((done.returncode, done.stdout), (0, b"SOME INPUT"))

    def test_faults_are_the_same_as_at_a_socket(self):
        for answer in (engine_server.cut_in_chunk, engine_server.close, engine_server.garbage):
            self.engine.answers.update({"POST /images/create": answer, "GET /containers/json": answer})
            self.assert_error(["list", "a=b"], 6, self.engine.address)
            self.assert_error(["pull", "made:1"], 6, self.engine.address)
        self.engine.answers["GET /_ping"] = engine_server.hang
        self.assert_error(["find"], 5, "did not answer within 2.0s", within=4)


class Tls(unittest.TestCase):
    """The engine on another machine: certificates on both sides, from a folder as `docker context` and docker-machine write it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="devbox-engine-")
        self.addCleanup(shutil.rmtree, self.folder)
        run = openssl_in(self.folder)
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority")
        with open(self.folder + "/names", "w") as file:
            file.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        for key, certificate, name in (("server-key.pem", "server-cert.pem", "server"), ("key.pem", "cert.pem", "client")):
            run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", "request", "-subj", "/CN=" + name)
            run("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out", certificate, "-days", "2", "-extfile", "names")

    def call(self, *words, **extra):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
        environment = {**kept, "HOME": self.folder, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": self.folder, **extra}
        done = subprocess.run([CLIENT, *words], env=environment, capture_output=True, text=True, timeout=30, input="some input")
        return done.returncode, done.stdout

    def test_requests_streams_and_upgrades_go_through_tls(self):
        with EngineServer(self.folder, tls=self.folder) as engine:
            engine.answers.update(ANSWERS)
            host = {"DOCKER_HOST": engine.address}
            self.assertEqual(self.call("list", "a=b", **host), (0, '{"containers":[]}\n'))
            self.assertEqual(self.call("pull", "made:1", **host), (0, "{}\n"))
            self.assertEqual(self.call("attach", "web", "cat", **host), (0, "SOME INPUT"))

    def test_an_engine_of_another_authority_is_refused(self):
        other = tempfile.mkdtemp(prefix="devbox-engine-")
        self.addCleanup(shutil.rmtree, other)
        openssl_in(other)("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=other")
        with EngineServer(self.folder, tls=self.folder) as engine:
            code, output = self.call("find", DOCKER_HOST=engine.address, DOCKER_CERT_PATH=other)
            self.assertEqual(code, 5)
            self.assertIn("no secure connection", output)


def openssl_in(folder):
    def run(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    return run


if __name__ == "__main__":
    unittest.main(verbosity=2)
