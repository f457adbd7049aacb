"""`devbox test dag --debug` as an editor uses it, over the Debug Adapter Protocol, and `--debug=pdb` as a person does, on a terminal."""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import support

DAG = """
import datetime
try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
with DAG("bug", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    @task(execution_timeout=datetime.timedelta(seconds=2))
    def first():
        amount = 41
        return amount + 1
    @task
    def second(given):
        total = given - 42
        return 1 / total
    second(first())
"""
BROKEN_LINE, STOPPING_LINE = 16, 12


class Editor:
    """As much of an editor as it takes to stop at a line and look."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.stream, self.number, self.events = self.socket.makefile("rb"), 0, []

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, command, **arguments):
        self.number += 1
        body = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.number

    def receive(self):
        length = 0
        while (line := self.stream.readline()) not in (b"\r\n", b""):
            length = int(line.split(b":")[1])
        return json.loads(self.stream.read(length))

    def ask(self, command, **arguments):
        number = self.send(command, **arguments)
        while True:
            message = self.receive()
            if message["type"] == "event":
                self.events.append(message)
            elif message.get("request_seq") == number:
                assert message["success"], message
                return message.get("body")

    def wait_for(self, event):
        while True:
            for message in self.events:
                if message["event"] == event:
                    self.events.remove(message)
                    return message["body"] if "body" in message else None
            message = self.receive()
            if message["type"] == "event":
                self.events.append(message)

    def attach(self, path, line):
        self.ask("initialize", adapterID="devbox-test", pathFormat="path", linesStartAt1=True)
        self.send("attach", justMyCode=True)
        self.wait_for("initialized")
        self.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": line}])
        self.ask("configurationDone")


class Terminal:
    """A command that a person watches, and answers."""

    def __init__(self, checkout, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(checkout.root)
            if checkout.user:
                os.setgroups(checkout.user["extra_groups"])
                os.setgid(checkout.user["group"])
                os.setuid(checkout.user["user"])
            os.execve(checkout.binary, [checkout.binary, *words], {**checkout.environment, "TERM": "dumb"})
        self.said = ""

    def wait_for(self, words, seconds=60):
        deadline = time.monotonic() + seconds
        while words not in self.said:
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError("no %r in %s s, but: %s" % (words, seconds, self.said))
            try:
                self.said += os.read(self.fd, 65536).decode()
            except OSError:
                raise AssertionError("ended without %r: %s" % (words, self.said)) from None

    def type(self, line):
        self.said = ""
        os.write(self.fd, line.encode())

    def end(self):
        try:
            while data := os.read(self.fd, 65536):
                self.said += data.decode()
        except OSError:
            pass  # how a terminal says that nobody is left
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Debugging:
    """In either runtime; a class of tests has a `checkout` with the DAG."""

    def start(self, *words):
        """devbox, and the port that it has named."""
        process = subprocess.Popen([self.checkout.binary, "test", "dag", "bug", "--debug", *words], cwd=self.checkout.root, env=self.checkout.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **self.checkout.user)
        self.addCleanup(process.communicate)
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r'"type": "debugpy".* "port": (\d+)}', line):
                self.assertIn("can attach to 127.0.0.1:" + found[1], said)
                return process, int(found[1])
        raise AssertionError("no port was named: " + said)

    def test_an_editor_stops_at_a_line_and_tasks_have_no_timeout_meanwhile(self):
        process, port = self.start()
        editor = Editor(port)
        self.addCleanup(editor.close)
        editor.attach(self.checkout.path("dags/bug.py"), STOPPING_LINE)
        thread = editor.wait_for("stopped")["threadId"]
        frame = editor.ask("stackTrace", threadId=thread)["stackFrames"][0]
        self.assertEqual((frame["name"], frame["line"]), ("first", STOPPING_LINE))
        self.assertEqual(editor.ask("evaluate", expression="amount", frameId=frame["id"])["result"], "41")
        time.sleep(2.5)  # longer than the task may take
        editor.ask("continue", threadId=thread)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.assertRegex(out, r"✓ first.* 42")
        self.assertIn("ZeroDivisionError", out)

    def test_ctrl_c_ends_the_wait_for_an_editor_and_a_second_test_gets_another_port(self):
        first, port = self.start()
        second, other = self.start("--task", "first")
        self.assertNotEqual(port, other)
        for process in (first, second):
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=20)
            self.assertEqual(process.returncode, 130)
        support.wait_until(lambda: not listens(port) and not listens(other), 10, "the end of the adapters")

    def test_pdb_stands_where_the_first_task_failed(self):
        terminal = Terminal(self.checkout, "test", "dag", "bug", "--debug=pdb")
        terminal.wait_for("(Pdb) ")
        self.assertIn("ZeroDivisionError", terminal.said)
        self.assertIn("bug.py(%d)second()" % BROKEN_LINE, terminal.said)
        terminal.type("p given * 1000\n")
        terminal.wait_for("42000")
        terminal.type("q\n")
        self.assertEqual(terminal.end(), 1)
        self.assertIn("failed in", terminal.said)

    def test_pdb_stops_at_a_breakpoint_and_ctrl_c_ends_it(self):
        self.checkout.write("dags/bug.py", DAG.replace("        amount = 41\n", "        amount = 41; breakpoint()\n"))
        self.addCleanup(self.checkout.write, "dags/bug.py", DAG)
        terminal = Terminal(self.checkout, "test", "dag", "bug", "--task", "first", "--debug=pdb")
        terminal.wait_for("(Pdb) ")
        terminal.type("p amount + 1000\n")
        terminal.wait_for("1041")
        terminal.type("c\n")
        self.assertEqual(terminal.end(), 0)
        terminal = Terminal(self.checkout, "test", "dag", "bug", "--debug=pdb")
        terminal.wait_for("(Pdb) ")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 130)

    def test_what_cannot_be_says_what_can(self):
        answer = self.checkout.run("test", "dag", "bug", "--debug=pdb").check(2)
        self.assertIn("this is none", answer.err)
        self.checkout.run("test", "dag", "bug", "--debug=gdb").check(2)
        self.checkout.run("test", "dag", "bug", "--debug", "--watch").check(2)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Native(Debugging):
    version = None

    @classmethod
    def setUpClass(cls):
        cls.checkout = support.Checkout(cls.version, example=False, dags={"bug.py": DAG})
        cls.addClassCleanup(cls.checkout.close)


class Debugging210(Native, unittest.TestCase):
    version = "2.10.3"


class Debugging30(Native, unittest.TestCase):
    version = "3.0.6"


@unittest.skipUnless(os.geteuid() == 0, "needs another user")
class ForeignTerminalTest(unittest.TestCase):
    def test_the_terminal_of_another_user_is_named_with_the_way_to_one_of_ones_own(self):
        """As it is after su: the open descriptor works, its name does not."""
        folder = tempfile.mkdtemp(prefix="devbox-debug-test.")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        workers = os.path.join(os.path.dirname(os.path.dirname(support.BINARY)), "share", "devbox", "workers")
        shutil.copytree(workers, folder + "/workers")
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        script = "import sys; sys.path.insert(0, sys.argv[1]); import dag_debugger; dag_debugger._open_terminal({'terminal': sys.argv[2]})"
        done = subprocess.run(["/usr/bin/python3", "-B", "-c", script, folder + "/workers", os.ttyname(theirs)], capture_output=True, text=True,
                              user=65534, group=65534, extra_groups=[], timeout=60)
        self.assertRegex(done.stderr, r"NoDebugger: /dev/pts/\d+ is another user's terminal, .* script -q /dev/null")


if __name__ == "__main__":
    support.main()
