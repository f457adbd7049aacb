"""A platform in its surroundings: strangers on its ports, read-only folders, closed terminals, a neighbour; and DAGs that misbehave.

python3 tests/integration/surroundings_test.py              all classes, some side by side, each in a process of its own
python3 tests/integration/surroundings_test.py PortsTest    one class
"""
import contextlib
import copy
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

import processes
import support
from processes import Case, clean_up, command_line, descendants, is_free, kill, make_checkout, AIRFLOW_ONLY

DAG_OF_A_BRANCH = """
import datetime
from airflow import DAG
with DAG("of_this_branch", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


class PortsTest(Case):
    def stranger(self, port, address):
        """Somebody on `port`: ours, or who is there already. Returns its pid where it is ours."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        if not is_free(port, family):
            return None
        command = [sys.executable, "-m", "http.server", str(port), "--bind", address]
        holder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        support.wait_until(lambda: not is_free(port, family), 10, "the stranger")
        return holder.pid

    def without_port(self):
        """A checkout whose port is not set: 8080 or a substitute."""
        checkout = self.checkout()
        checkout.write("devbox.yaml", 'airflow: {version: "%s"}\n' % self.version)
        return checkout

    def start_beside(self, address):
        checkout = self.without_port()
        pid = self.stranger(8080, address)
        # Somebody on the other address, who is no part of the test, may be named as well.
        if ":" in address and not is_free(8080):
            pid = None
        answer = checkout.run(*AIRFLOW_ONLY).check()
        self.assertRegex(answer.err, r"port 8080 is held by .+ \(pid \d+, .+\) → using \d+ from now on")
        if pid is not None:
            self.assertRegex(answer.err, r"held by python\S* \(pid %d, .*http\.server 8080" % pid)
        checkout.port = int(re.search(r"using (\d+) from now on", answer.err).group(1))
        self.assertIn("http://localhost:%d " % checkout.port, answer.out)
        self.assert_healthy(checkout)
        return checkout

    def test_a_stranger_on_8080_makes_devbox_move_and_stay_there(self):
        checkout = self.start_beside("127.0.0.1")
        checkout.run("stop").check()
        self.end_strangers()
        again = checkout.run(*AIRFLOW_ONLY).check()
        self.assertIn("http://localhost:%d " % checkout.port, again.out)
        self.assertNotIn("is held by", again.err)

    def end_strangers(self):
        """Frees 8080 where its holder is ours, so that only memory can keep devbox away from it."""
        for pid in descendants(os.getpid()):
            if "http.server 8080" in command_line(pid):
                kill(pid)
                self.wait_gone([pid])

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_a_stranger_on_v6_only_counts_too(self):
        self.start_beside("::1")

    def test_two_worktrees_of_one_repository_live_side_by_side(self):
        """Their devbox.yaml is the same commit's, so neither can name a port of its own."""
        one = self.checkout()
        one.write("devbox.yaml", 'airflow: {version: "%s"}\n' % self.version)
        one.git("init", "-q", "-b", "main")
        one.git("add", ".")
        one.git("commit", "-q", "-m", "Start")
        one.git("worktree", "add", "-q", "-b", "other", "../other")
        other = copy.copy(one)
        other.root = os.path.join(one.home, "other")
        self.addCleanup(lambda: other.run("stop").check())
        both = (one, other)
        starts = [checkout.spawn("start", "--only", "airflow,sandbox") for checkout in both]
        self.assertEqual([start.wait(150) for start in starts], [0, 0])
        for checkout in both:
            checkout.port = int(checkout.status()["airflowUrl"].rsplit(":", 1)[1])
            self.assert_healthy(checkout)
        self.assertNotEqual(one.port, other.port)
        self.assertNotEqual(one.instance, other.instance)
        other.write("dags/of_this_branch.py", DAG_OF_A_BRANCH)
        support.wait_until(lambda: "of_this_branch" in support.Airflow(other).dag_ids(), 20, "the DAG of the worktree")
        self.assertNotIn("of_this_branch", support.Airflow(one).dag_ids())
        before = self.services(other)
        one.run("stop").check()
        self.assert_nothing_left(one)
        self.assert_healthy(other)
        self.assertEqual(before, self.services(other))

    def assert_refused(self, address, shown):
        checkout = self.checkout()
        pid = self.stranger(checkout.port, address)
        answer = checkout.run("start").check(6)
        self.assertRegex(answer.err, r"port %d on %s is held by python\S* \(pid %d, " % (checkout.port, re.escape(shown), pid))
        self.assertEqual(checkout.status()["phase"], "stopped")
        self.assertEqual(support.marked_processes(checkout.instance), [])
        self.assertFalse(os.path.exists(checkout.path(".devbox/sandbox.db")), "a part was started")

    def test_an_explicit_port_that_is_held_starts_nothing(self):
        self.assert_refused("127.0.0.1", "127.0.0.1")

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_an_explicit_port_that_is_held_on_v6_starts_nothing(self):
        self.assert_refused("::1", "[::1]")


class ReadOnlyTest(Case):
    def run_read_only(self, checkout, *words):
        script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift && exec "$@"'
        return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", checkout.root, support.BINARY, *words], env=checkout.environment,
                              capture_output=True, text=True, timeout=60)

    def setUp(self):
        can_mount = os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
        if not can_mount:
            self.skipTest("only root can mount a folder read-only")

    def assert_names_the_folder(self, checkout):
        done = self.run_read_only(checkout, "start")
        self.assertIn(done.returncode, (4, 6), done.stderr)
        self.assertIn(checkout.root, done.stderr)
        self.assertRegex(done.stderr, r"(?i)read-only")
        self.assertEqual(support.marked_processes(checkout.instance), [])

    def test_a_read_only_checkout_is_named(self):
        checkout = self.checkout()
        self.assert_names_the_folder(checkout)
        self.assertFalse(os.path.exists(checkout.path(".devbox/run")))

    def test_a_checkout_that_became_read_only_is_named(self):
        checkout = self.checkout()
        checkout.run("start", "--only", "sandbox").check()
        self.assert_names_the_folder(checkout)

    def test_status_of_a_read_only_checkout_works(self):
        checkout = self.checkout()
        done = self.run_read_only(checkout, "status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("stopped", done.stdout)


class TerminalTest(Case):
    def test_start_behind_a_pipe_returns(self):
        checkout = self.checkout()
        command = '"%s" start --only airflow 2>&1 | cat' % support.BINARY
        done = subprocess.run(["sh", "-c", command], cwd=checkout.root, env=checkout.environment, capture_output=True, text=True, timeout=120)
        self.assertIn("Airflow is ready", done.stdout)
        self.assert_healthy(checkout)

    def test_a_closed_terminal_leaves_the_platform_up(self):
        checkout = self.checkout()
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(checkout.root)
            os.execve("/bin/sh", ["sh", "-c", '"$0" start --only airflow; echo the-end; sleep 100', support.BINARY], checkout.environment)
        try:
            seen = b""
            deadline = time.monotonic() + 120
            while b"the-end" not in seen and time.monotonic() < deadline:
                seen += os.read(terminal, 4096)
            self.assertIn(b"Airflow is ready", seen)
            before = self.services(checkout)
        finally:
            os.close(terminal)
        self.assertEqual(os.waitpid(pid, 0)[0], pid)
        time.sleep(1)
        self.assert_healthy(checkout)
        self.assertEqual({name: service["pid"] for name, service in before.items()},
                         {name: service["pid"] for name, service in self.services(checkout).items()})


class TwoCheckoutsTest(Case):
    def test_two_checkouts_live_side_by_side(self):
        one, other = self.checkout("2.10.3"), self.checkout("3.0.6")
        starts = [one.spawn(*AIRFLOW_ONLY), other.spawn(*AIRFLOW_ONLY)]
        self.assertEqual([start.wait(150) for start in starts], [0, 0])
        self.assert_healthy(one)
        self.assert_healthy(other)
        before = self.services(other)
        one.run("stop").check()
        self.assert_nothing_left(one)
        self.assert_healthy(other)
        self.assertEqual(before, self.services(other))


class TestDagTest(Case):
    """`devbox test dag` on DAGs of every kind: the exit code and the words that matter."""

    @classmethod
    def setUpClass(cls):
        cls.platform = make_checkout()
        cls.addClassCleanup(clean_up, cls.platform)
        cls.platform.configure(cls.version)
        corpus = os.path.join(support.ROOT, "tests/corpus/dags")
        for name in ("failing.py", "mapped.py", "branching.py", "exits_in_task.py", "missing_connection.py", "import_error.py", "taskflow_ok.py"):
            shutil.copy(os.path.join(corpus, name), cls.platform.path("dags"))

    def assert_dag(self, dag_id, code, *words):
        answer = self.platform.run("test", "dag", dag_id)
        text = answer.out + answer.err
        self.assertEqual(answer.code, code, text)
        for word in words:
            self.assertRegex(text, word)
        return text

    def test_a_passing_dag(self):
        self.assert_dag("taskflow_ok", 0, "✓ extract", "✓ load", "passed")

    def test_an_unknown_dag_is_answered_with_the_nearest_and_what_does_not_import(self):
        self.assert_dag("taskflow_okk", 2, "no DAG has the id 'taskflow_okk'", "devbox test dag taskflow_ok",
                        "import_error.py does not import: .*no_such_module_of_anybody")

    def test_a_failing_dag_shows_the_line_of_the_user(self):
        self.assert_dag("failing", 1, "✓ extract", "✗ check_totals", "AssertionError: empty day: 0", r"dags/failing.py:\d+", "publish")

    def test_a_mapped_dag(self):
        self.assert_dag("mapped", 0, r"square\[2\]", "✓ total")
        self.assert_dag("mapped_failing", 1, r"✓ invert\[0\]", r"✗ invert\[1\]", "ZeroDivisionError")

    def test_a_branching_dag_skips_the_other_branch(self):
        self.assert_dag("branching", 0, "✓ choose", "✓ left", "· right")

    def test_a_task_that_exits_is_a_failed_task(self):
        self.assert_dag("exits_politely", 1, "✗ leave", r"SystemExit|sys\.exit|exit code 3|exited")

    def test_a_task_that_ends_the_process_is_a_failed_task(self):
        self.assert_dag("exits_at_once", 1, "✗ vanish", "3")

    def test_a_missing_connection_is_named(self):
        self.assert_dag("missing_connection", 1, "✗ connect", "warehouse_of_nobody")


processes.main([PortsTest, TestDagTest, TerminalTest, TwoCheckoutsTest, ReadOnlyTest])
