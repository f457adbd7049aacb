"""install.sh without root and without building: stand-ins on PATH take the place of apt-get, sudo and cmake's build.

The stand-in of cmake installs the build that holds DEVBOX_TEST_BINARY, so that what lands in the prefix is a real devbox.
Run: python3 -m unittest tests/integration/install_test.py
"""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from support import BINARY, ROOT, environment, wait_until, wait_within

BUILD = os.path.dirname(os.path.dirname(BINARY))
# What the script itself runs; everything else on this machine is out of its sight.
ORDINARY = ("awk cat cut date dirname env fold getconf git grep id ls mkdir mktemp mv python3 rm rmdir sed sh sleep tail "
            "touch tr").split()
LIBRARIES = "#!/bin/sh\nexit 0\n"
FOREIGN = "#!/bin/sh\necho another product\n"
CMAKE = """#!/bin/sh
echo "cmake $*" >>"$CALLS"
case $1 in --install) exec "$REAL_CMAKE" --install "$BUILD" --prefix "$4" ;; esac
"""
# Writes the report that a test gives, as ctest would.
CTEST = """#!/bin/sh
echo "ctest $*" >>"$CALLS"
while [ "$1" != --output-junit ]; do shift; done
mkdir -p "$(dirname "$2")"
printf '%s' "$REPORT" >"$2"
exit $RESULT
"""
REPORT = """<testsuite><testcase name="unit_a" status="run"><system-out>[  SKIPPED ] only_root_may
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] only_root_may
</system-out></testcase><testcase name="b" status="run"><system-out>test_c (b.B.test_c) ... skipped 'no IPv6 here'
test_d (b.B.test_d) ... ok
</system-out></testcase><testcase name="docker_a" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/><system-out>skipped: not root
</system-out></testcase><testcase name="docker_b" status="notrun"><skipped/><system-out>skipped: not root</system-out></testcase></testsuite>"""
NOT_TESTED = ["not tested: unit_a, only_root_may: not possible on this machine", "not tested: b, test_c: no IPv6 here",
              "not tested: docker_a; docker_b: not root"]
DOCKER_PROGRAMS = ("dockerd", "docker-compose", "debootstrap", "iptables", "ip", "busybox", "bindfs")


class InstallCase(unittest.TestCase):
    """A copy of install.sh in a folder of its own, a home, and a PATH that holds only what a test puts there."""

    def setUp(self):
        self.home = os.path.realpath(tempfile.mkdtemp(prefix="devbox-install-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.tools, self.calls = self.path("tools"), self.path("calls")
        os.makedirs(self.path("source"))
        os.makedirs(self.tools)
        shutil.copy(os.path.join(ROOT, "install.sh"), self.path("source/install.sh"))
        for name in ORDINARY:
            real = shutil.which(name)
            if real:
                os.symlink(real, os.path.join(self.tools, name))
        self.become(1000)

    def path(self, name):
        return os.path.join(self.home, name)

    def tool(self, name, text):
        path = os.path.join(self.tools, name)
        if os.path.lexists(path):
            os.remove(path)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def recording(self, name, then=""):
        self.tool(name, '#!/bin/sh\necho "%s $*" >>"$CALLS"\n%s\n' % (name, then))

    def become(self, user_id):
        self.tool("id", "#!/bin/sh\necho %d\n" % user_id)

    def give_everything(self):
        """All that devbox needs is there: no package manager has to be asked."""
        self.tool("cmake", CMAKE)
        for name in ("pkg-config", "ninja", "cc", "uv"):
            self.tool(name, LIBRARIES)

    def start_install(self, *words, **extra):
        variables = environment(HOME=self.home, PATH=self.tools, CALLS=self.calls, BUILD=BUILD, REAL_CMAKE=shutil.which("cmake"))
        variables.update(extra)
        return subprocess.Popen(["/bin/sh", self.path("source/install.sh"), *words], cwd=self.home, env=variables, text=True,
                                start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def install(self, *words, **extra):
        with self.start_install(*words, **extra) as running:
            out, err = running.communicate(timeout=60)
        return subprocess.CompletedProcess(running.args, running.returncode, out, err)

    def called(self):
        if not os.path.exists(self.calls):
            return []
        with open(self.calls) as file:
            return file.read().splitlines()

    def assert_ends(self, done, code, *words):
        """The exit code, and the last line of stderr as the reason."""
        self.assertEqual(done.returncode, code, done.stderr)
        last = done.stderr.splitlines()[-1]
        for word in words:
            self.assertIn(word, last)


class ArgumentTest(InstallCase):
    def test_an_unknown_option_is_named_and_nothing_is_done(self):
        self.assert_ends(self.install("--demmo"), 2, "'--demmo'", "--help")
        self.assertEqual(self.called(), [])

    def test_a_prefix_without_folder_is_a_usage_error(self):
        self.assert_ends(self.install("--prefix"), 2, "--prefix needs a folder")
        self.assert_ends(self.install("--prefix", "--force"), 2, "--prefix needs a folder")
        self.assert_ends(self.install("--prefix="), 2, "--prefix=")

    def test_help_names_every_mode(self):
        done = self.install("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--demo", "--test", "--prefix", "--force"):
            self.assertIn(word, done.stdout)

    def test_a_demo_folder_with_files_of_others_is_refused_before_anything_is_installed(self):
        os.makedirs(self.path("full"))
        open(self.path("full/thesis.txt"), "w").close()
        self.assert_ends(self.install("--demo", "full"), 10, self.path("full"), "not empty")
        self.assertEqual(self.called(), [])


class PackageTest(InstallCase):
    def test_without_root_and_sudo_one_line_names_the_packages(self):
        self.recording("apt-get")
        done = self.install()
        self.assert_ends(done, 5, "apt-get install", "cmake", "libgit2-dev", "libsqlite3-dev")
        self.assertEqual(sum("libgit2-dev" in line for line in done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(self.called(), [])

    def test_a_sudo_that_refuses_is_the_same_end(self):
        self.recording("apt-get")
        self.tool("sudo", "#!/bin/sh\nexit 1\n")
        self.assert_ends(self.install(), 5, "apt-get install", "cmake")
        self.assertEqual(self.called(), [])

    def test_only_what_is_missing_is_installed_and_only_a_test_needs_cmocka(self):
        self.give_everything()
        self.tool("pkg-config", '#!/bin/sh\n[ "$2" != libgit2 ] && [ "$2" != cmocka ]\n')
        self.recording("apt-get", "[ $# -lt 6 ] || exit 100")
        self.become(0)
        self.assert_ends(self.install("--prefix", self.path("there")), 5, "libgit2-dev")
        self.assertTrue(self.called()[-1].endswith(" libgit2-dev"), self.called())
        self.assert_ends(self.install("--test"), 5, "libgit2-dev libcmocka-dev")

    def test_package_lists_that_cannot_be_updated_are_a_warning(self):
        self.give_everything()
        os.remove(os.path.join(self.tools, "ninja"))
        self.recording("apt-get", 'case "$*" in *update*) exit 100 ;; esac')
        self.become(0)
        done = self.install("--prefix", self.path("there"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("apt-get update failed", done.stderr)
        self.assertTrue(os.path.exists(self.path("there/bin/devbox")))

    def test_without_apt_homebrew_is_asked_by_its_own_names(self):
        self.give_everything()
        os.remove(os.path.join(self.tools, "ninja"))
        sees_kegs = "case $PKG_CONFIG_PATH in *opt/openssl@3*) ;; *) exit 1 ;; esac"
        self.tool("pkg-config", '#!/bin/sh\n[ "$2" != libgit2 ] || exit 1\n%s\n' % sees_kegs)
        self.recording("brew", "[ $1 != --prefix ] || echo /opt/homebrew")
        self.assertEqual(self.install().returncode, 0)
        self.assertIn("brew install ninja libgit2", self.called())

    def test_a_system_without_known_package_manager_is_told_the_names(self):
        self.assert_ends(self.install(), 5, "neither apt-get nor brew", "libgit2-dev")

    def test_with_everything_there_no_package_manager_is_asked(self):
        self.give_everything()
        self.recording("apt-get")
        self.assertEqual(self.install().returncode, 0)
        self.assertFalse([call for call in self.called() if call.startswith("apt-get")])

    def test_a_failed_build_shows_its_last_words_and_where_the_log_is(self):
        self.give_everything()
        self.tool("cmake", "#!/bin/sh\necho 'main.c:7: something is wrong'\nexit 1\n")
        done = self.install()
        self.assert_ends(done, 6, "build failed", self.path("source/build/build.log"))
        self.assertIn("main.c:7: something is wrong", done.stderr)

    def wait_for_build(self, running):
        for line in running.stderr:
            if " build " in line:
                return
        self.fail("the build did not begin")

    def test_a_build_that_is_interrupted_leaves_nothing_running(self):
        self.give_everything()
        self.tool("cmake", "#!/bin/sh\n: >'%s'\nexec sleep 60\n" % self.path("began"))
        with self.start_install() as running:
            self.wait_for_build(running)
            # A signal between the shell's fork and exec would be lost, as for any shell script.
            wait_until(lambda: os.path.exists(self.path("began")), 10, "the build began")
            os.killpg(running.pid, signal.SIGTERM)
            # The pipe ends only when the last process that holds it is gone.
            running.communicate(timeout=10)
        self.assertEqual(running.returncode, 143)
        wait_within(lambda: not self.is_group_alive(running.pid), 3, "the group of install.sh is gone")

    def is_group_alive(self, group):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True

    def test_a_killed_script_takes_its_progress_lines_along(self):
        self.give_everything()
        self.tool("cmake", "#!/bin/sh\nexec sleep 1\n")
        with self.start_install() as running:
            self.wait_for_build(running)
            running.kill()
            running.wait(timeout=3)
            running.communicate(timeout=6)
        self.assertEqual(running.returncode, -signal.SIGKILL)


class PrefixTest(InstallCase):
    def setUp(self):
        super().setUp()
        self.give_everything()

    def installed(self, *words):
        done = self.install(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def foreign(self, prefix):
        path = self.path(prefix + "/bin/devbox")
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as file:
            file.write(FOREIGN)
        return path

    def test_a_user_gets_it_below_the_home_and_is_told_about_path(self):
        done = self.installed()
        self.assertIn('export PATH="%s/.local/bin:$PATH"' % self.home, done.stderr)
        self.assertIn("%s/.local/bin/devbox start" % self.home, done.stderr.splitlines()[-1])

    def test_where_path_leads_to_it_the_plain_name_is_used(self):
        done = self.install(PATH=self.tools + ":" + self.path(".local/bin"))
        self.assertNotIn("export PATH", done.stderr)
        self.assertTrue(done.stderr.splitlines()[-1].endswith(": devbox start"), done.stderr)

    def test_another_devbox_earlier_on_path_is_pointed_out(self):
        self.tool("devbox", FOREIGN)
        done = self.install(PATH=self.tools + ":" + self.path(".local/bin"))
        self.assertIn("devbox on PATH is " + self.tools + "/devbox", done.stderr)
        self.assertIn("%s/.local/bin/devbox start" % self.home, done.stderr.splitlines()[-1])

    def test_another_program_called_devbox_stays_without_force(self):
        path = self.foreign("there")
        self.assert_ends(self.install("--prefix", "there"), 10, path, "--force")
        self.assertEqual(self.called(), [])
        with open(path) as file:
            self.assertEqual(file.read(), FOREIGN)

    def test_force_overwrites_it_and_an_own_devbox_needs_no_force(self):
        path = self.foreign("there")
        self.installed("--prefix", "there", "--force")
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertTrue(version.startswith("devbox "), version)
        self.installed("--prefix", self.path("there/"))

    def test_a_moved_prefix_still_finds_its_data(self):
        self.installed("--prefix", "there")
        os.rename(self.path("there"), self.path("elsewhere"))
        done = subprocess.run([self.path("elsewhere/bin/devbox"), "init", self.path("platform"), "--example"], text=True,
                              env=environment(HOME=self.home), capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.path.exists(self.path("platform/seeds/orders.csv")))
        self.assertTrue(os.access(self.path("platform/.github/scripts/upload_to_s3.sh"), os.X_OK))

    def test_a_prefix_that_cannot_be_written_is_named(self):
        open(self.path("file"), "w").close()
        self.assert_ends(self.install("--prefix", "file"), 6, self.path("file"), "install.log")

    def test_output_is_ascii_where_the_locale_is(self):
        done = self.install(LANG="", LC_ALL="POSIX")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stderr.isascii(), done.stderr)
        self.assertIn("✓", self.install(LANG="C.UTF-8").stderr)


class TestModeTest(InstallCase):
    """What `--test` does around the tests; they themselves are a stand-in."""

    def setUp(self):
        super().setUp()
        self.give_everything()
        self.tool("cmake", LIBRARIES)
        self.tool("ctest", CTEST)
        os.makedirs(self.path("source/tests"))
        shutil.copy(os.path.join(ROOT, "tests/list_skipped.py"), self.path("source/tests"))

    def run_tests(self, report="<testsuite/>", result=0, **extra):
        return self.install("--test", REPORT=report, RESULT=str(result), **extra)

    def apt_calls(self):
        return [call for call in self.called() if call.startswith("apt-get") and " install " in call]

    def test_the_last_lines_say_what_was_skipped_and_why(self):
        done = self.run_tests(REPORT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("every test that ran passed", done.stderr.splitlines()[-4])
        self.assertEqual(done.stderr.splitlines()[-3:], NOT_TESTED)

    def test_red_tests_are_the_last_line_and_what_was_skipped_is_above(self):
        done = self.run_tests(REPORT, result=8)
        self.assert_ends(done, 1, "dev/unit", "asan/unit", "dev/integration")
        self.assertEqual(done.stderr.splitlines()[-4:-1], NOT_TESTED)

    def test_nothing_skipped_is_nothing_said(self):
        self.assertIn("every test that ran passed", self.run_tests().stderr.splitlines()[-1])

    def test_root_gets_the_packages_of_the_docker_tests_and_loses_none(self):
        self.recording("apt-get")
        self.become(0)
        self.assertEqual(self.run_tests().returncode, 0)
        self.assertEqual(len(self.apt_calls()), 1)
        self.assertTrue(self.apt_calls()[0].endswith(" --no-remove docker.io docker-compose debootstrap iptables iproute2 busybox-static bindfs"))

    def test_packages_of_the_docker_tests_that_cannot_be_had_end_nothing(self):
        self.recording("apt-get", 'case "$*" in *docker.io*) exit 100 ;; esac')
        self.become(0)
        done = self.run_tests()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tests of the Docker runtime will be skipped", done.stderr)
        self.assertIn("ctest --test-dir", self.called()[-1])

    def test_packages_of_the_docker_tests_are_only_for_who_can_use_them(self):
        self.recording("apt-get")
        self.assertEqual(self.run_tests().returncode, 0)
        self.become(0)
        self.assertEqual(self.run_tests(DEVBOX_TEST_DOCKER="no").returncode, 0)
        for name in DOCKER_PROGRAMS:
            self.tool(name, LIBRARIES)
        self.assertEqual(self.run_tests().returncode, 0)
        self.assertEqual(self.apt_calls(), [])


if __name__ == "__main__":
    unittest.main()
