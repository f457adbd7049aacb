"""A real dockerd, real compose and images under their official names, all made on this machine, for the tests of the Docker runtime.

    with Engine() as engine:                       a private daemon: data, socket and processes of its own
        image = engine.image("postgres:15")        made at the first call, kept in the cache (see docker_images.py)
        engine.environment("v2")                   for a child: DOCKER_HOST, and PATH with exactly this compose
        engine.stop(), engine.start()              the daemon alone; the cache and the socket's path stay

All that is kept is below $XDG_CACHE_HOME/devbox-tests/docker; $DEVBOX_TEST_DOCKER_CACHE names another folder for it. Nothing else is left
behind: leaving the block fails when a test left containers, networks or volumes, and removes them.

By hand, as root:  python3 tests/integration/docker_stack.py shell [none|v1|v2|standalone]     a shell in which docker and compose use the engine
                   python3 tests/integration/docker_stack.py images                            makes all images and compose
                   python3 tests/integration/docker_stack.py copy DIR                          a second cache: DEVBOX_TEST_DOCKER_CACHE=DIR for a second engine
                   python3 tests/integration/docker_stack.py skipped                           says what keeps tests from running here
"""
import contextlib
import fcntl
import glob
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import docker_images
import docker_compose_program

sys.dont_write_bytecode = True
PROGRAMS = {"dockerd": "docker.io", "docker": "docker.io", "docker-compose": "docker-compose", "debootstrap": "debootstrap",
            "iptables": "iptables", "ip": "iproute2", "busybox": "busybox-static"}
SKIP = 77  # CMake's SKIP_RETURN_CODE for these tests


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.abspath(os.environ.get("DEVBOX_TEST_DOCKER_CACHE") or os.path.join(base, "devbox-tests/docker"))


def reason_to_skip():
    """Why no dockerd can run here, None when one can."""
    if os.environ.get("DEVBOX_TEST_DOCKER") == "no":
        return "DEVBOX_TEST_DOCKER=no"
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a private dockerd needs Linux and root"
    missing = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)})
    if missing:
        return "these packages are missing: " + " ".join(missing)
    return reason_not_to_mount()


def reason_not_to_mount():
    os.makedirs(cache_folder(), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        for name in ("lower", "upper", "work", "merged"):
            os.mkdir(os.path.join(folder, name))
        options = "lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work".format(folder)
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, folder + "/merged"], capture_output=True, text=True)
        if done.returncode != 0:
            return "overlay file systems cannot be mounted in %s: %s" % (cache_folder(), done.stderr.strip())
        subprocess.run(["umount", folder + "/merged"], check=True)
    return None


class Engine:
    """See above. Only one engine runs on a cache at a time: the next one waits."""

    def __init__(self, wait_seconds=1800):
        self.cache, self.wait_seconds, self.daemon = cache_folder(), wait_seconds, None
        digest = hashlib.sha256(self.cache.encode()).hexdigest()
        self.mark = "devbox-test-" + digest[:8]
        # A bridge of our own: with none, dockerd would delete docker0, which a Docker of this machine uses. Nobody routes 198.18.0.0/15.
        self.bridge, self.address = "dvbx-" + digest[:8], "198.%d.%d.1/24" % (18 + int(digest[0], 16) % 2, int(digest[1:3], 16))
        # A fixed short path: containerd's sockets are below it, and a killed run's leftovers are found there.
        self.folder = os.path.join(tempfile.gettempdir(), self.mark)
        self.socket = self.folder + "/docker.sock"
        self.pid_file = self.cache + "/dockerd.pid"
        self.log = self.cache + "/dockerd.log"
        self.launcher = []  # a command that becomes dockerd

    def __enter__(self):
        os.makedirs(self.cache, exist_ok=True)
        self._lock()
        try:
            self._end_stale()
            os.makedirs(self.folder, 0o700)
            self._remember_firewall()
            for words in (["link", "add", self.bridge, "type", "bridge"], ["address", "add", self.address, "dev", self.bridge],
                          ["link", "set", self.bridge, "up"]):
                subprocess.run(["ip", *words], check=True)
            self.start()
            self._remove_leftovers()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if self.daemon is None:
                self.start()
            left = self._remove_leftovers()
        finally:
            processes = self._leave()
        if kind is None:
            assert not left, "left in the engine by the test: %s" % ", ".join(left)
            assert not processes, "processes of the engine that did not end: %s" % processes

    def copy_cache(self, folder):
        """Copies the cache while no engine uses it."""
        self._lock()
        with self.lock:
            self._end_stale()
            subprocess.run(["cp", "-a", "--reflink=auto", self.cache, folder], check=True)

    # --- the daemon

    def start(self, seconds=60):
        """Starts dockerd and waits until it answers."""
        # A killed dockerd takes containerd along; as long as nobody has reaped that, its pid file would make the next dockerd wait for it.
        wait_gone(lambda: [command for command in self.processes().values() if command.startswith("containerd ")], 10)
        for path in (self.pid_file, self.folder + "/exec/containerd/containerd.pid"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
        command = [*self.launcher, "dockerd", "--storage-driver=overlay2", "--bridge=" + self.bridge,
                   "--exec-opt=native.cgroupdriver=cgroupfs", "--cgroup-parent=/" + self.mark, "--data-root=" + self.cache + "/data",
                   "--exec-root=" + self.folder + "/exec", "--pidfile=" + self.pid_file, "--host=unix://" + self.socket]
        self._share_processor()
        with open(self.log, "w") as log:
            self.daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                           env={**os.environ, "DEVBOX_TEST_ENGINE": self.mark})
        deadline = time.monotonic() + seconds
        while not self.is_up():
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                with open(self.log) as log:
                    raise AssertionError("dockerd did not come up:\n" + log.read()[-3000:])
            time.sleep(0.1)

    def _share_processor(self):
        """All containers together would count as much as one process of the test that runs beside this one."""
        root = "/sys/fs/cgroup/cpu"  # version 1; of version 2 nothing is known here
        if not os.path.exists(root + "/cpu.shares"):
            return
        with contextlib.suppress(FileExistsError):
            os.mkdir(root + "/" + self.mark)
        with open(root + "/" + self.mark + "/cpu.shares", "w") as shares:
            shares.write("4096")

    def stop(self, seconds=60):
        """Ends dockerd as a service manager does; containers end with it."""
        if self.daemon is None:
            return
        self.daemon.terminate()
        try:
            self.daemon.wait(seconds)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        self.daemon = None

    def kill(self):
        """Ends dockerd at once; its containers run on until it comes back or the block ends."""
        self.daemon.kill()
        self.daemon.wait()
        self.daemon = None

    def is_up(self):
        try:
            return self.api("GET", "/_ping")[0] == 200
        except OSError:
            return False

    # --- its use

    def api(self, method, path, body=None, seconds=60):
        """Status and decoded answer of one request to the Engine API."""
        connection = http.client.HTTPConnection("localhost", timeout=seconds)
        connection.sock = socket.socket(socket.AF_UNIX)
        with contextlib.closing(connection):
            connection.sock.settimeout(seconds)
            connection.sock.connect(self.socket)
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.headers.get_content_type() == "application/json" and text else text.decode()

    def docker(self, *words, check=True, seconds=900, **options):
        """Runs the docker program against the engine and returns what it wrote."""
        done = subprocess.run([docker_images.docker_program(), *words], env={**os.environ, **self.environment()}, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
        if check and done.returncode != 0:
            raise AssertionError("docker %s: exit code %d\n%s" % (" ".join(words), done.returncode, done.stdout[-6000:]))
        return done.stdout if check else done

    def things_of(self, kind, project, instance):
        """Containers, networks or volumes (`kind`) of a checkout: those of compose's project, and devbox's own."""
        options, found = ["-a"] if kind == "container" else [], set()
        for label in ("com.docker.compose.project=" + project, "dev.devbox.instance=" + instance):
            found.update(self.docker(kind, "ls", "-q", *options, "--filter", "label=" + label).split())
        return sorted(found)

    def environment(self, compose=None):
        """Variables for a child that is to use this engine, and of all composes only this one (see compose_environment)."""
        found = {"DOCKER_HOST": "unix://" + self.socket, "DOCKER_CONFIG": self.folder + "/config"}
        if compose:
            found.update(docker_compose_program.compose_environment(compose, self.cache, self.folder))
        return found

    def image(self, name):
        """Makes sure of an image and returns its name."""
        docker_images.ensure(self, name)
        return name

    # --- coming and going

    def _lock(self):
        self.lock = open(self.cache + "/lock", "w")
        deadline = time.monotonic() + self.wait_seconds
        while True:
            try:
                return fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AssertionError("another engine holds %s/lock" % self.cache) from None
                time.sleep(0.5)

    def _end_stale(self):
        """Ends what a killed run left: its daemon first, as that ends the containers properly."""
        with contextlib.suppress(OSError, ValueError):
            with open(self.pid_file) as file:
                pid = int(file.read())
            if pid in self.processes():
                os.kill(pid, signal.SIGTERM)
                wait_gone([pid], 30)
        self._end_processes()
        self._remove_folder()

    def _leave(self):
        """Ends everything; returns the processes that had to be killed."""
        try:
            self.stop()
            killed = self._end_processes()
            self._remove_folder()
            self._restore_firewall()
        finally:
            self.lock.close()
        return killed

    def processes(self):
        """Command lines by pid of all that carries our mark: daemon, containerd and its shims by environment, containers by cgroup."""
        found = {}
        for path in glob.glob("/proc/[0-9]*"):
            with contextlib.suppress(OSError):
                with open(path + "/environ", "rb") as variables, open(path + "/cgroup") as groups, open(path + "/cmdline") as words:
                    command = words.read().replace("\0", " ").strip()
                    if ("DEVBOX_TEST_ENGINE=" + self.mark).encode() in variables.read().split(b"\0") or "/" + self.mark + "/" in groups.read():
                        if command:  # a zombie has none
                            found[int(path[6:])] = command
        return found

    def _end_processes(self):
        # containerd and the shims of a container go a moment after dockerd.
        with contextlib.suppress(AssertionError):
            wait_gone(self.processes, 5)
        left = self.processes()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_gone(self.processes, 10)
        return left

    def _remove_folder(self):
        with open("/proc/mounts") as file:
            mounts = [line.split()[1] for line in file]
        for mount in reversed(mounts):
            if mount.startswith((self.folder + "/", self.cache + "/")):
                subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run(["ip", "link", "delete", self.bridge], stderr=subprocess.DEVNULL, check=False)
        for path in glob.glob("/sys/fs/cgroup/*/%s" % self.mark) + glob.glob("/sys/fs/cgroup/%s" % self.mark):
            with contextlib.suppress(OSError):
                os.rmdir(path)

    def _remove_leftovers(self):
        """Removes what tests may leave in the engine; returns the names of what a careful test would have removed."""
        containers = self.api("GET", "/containers/json?all=1")[1]
        for one in containers:
            self.api("DELETE", "/containers/%s?force=1&v=1" % one["Id"])
        networks = [one for one in self.api("GET", "/networks")[1] if one["Name"] not in ("bridge", "host", "none")]
        for one in networks:
            self.api("DELETE", "/networks/" + one["Id"])
        for one in self.api("GET", "/volumes")[1]["Volumes"] or []:
            self.api("DELETE", "/volumes/%s?force=1" % one["Name"])
        docker_images.remove_others(self)
        return ["container " + one["Names"][0].lstrip("/") for one in containers] + ["network " + one["Name"] for one in networks]

    # --- the firewall: dockerd sets the policy of FORWARD to DROP and leaves its chains

    def _remember_firewall(self):
        before = self.cache + "/firewall.json"  # a killed run's own is older and true
        if not os.path.exists(before):
            with open("/proc/sys/net/ipv4/ip_forward") as file:
                state = {"forward": file.read().strip(), "rules": iptables("-S", "FORWARD")}
            with open(before, "w") as file:
                json.dump(state, file)

    def _restore_firewall(self):
        for table in ("filter", "nat"):
            for rule in firewall_rules(table):
                if rule[0] == "-A" and self.bridge in rule:
                    iptables("-t", table, "-D", *rule[1:])
        if other_daemons():
            return  # the rest is theirs too
        before = self.cache + "/firewall.json"
        with open(before) as file:
            state = json.load(file)
        had_chains = "DOCKER" in state["rules"]
        for table in () if had_chains else ("filter", "nat"):
            rules = firewall_rules(table)
            for rule in rules:
                if rule[0] == "-A" and not rule[1].startswith("DOCKER") and rule[-2] == "-j" and rule[-1].startswith("DOCKER"):
                    iptables("-t", table, "-D", *rule[1:])
            chains = [rule[1] for rule in rules if rule[0] == "-N" and rule[1].startswith("DOCKER")]
            for option in ("-F", "-X"):
                for chain in chains:
                    iptables("-t", table, option, chain)
        iptables("-P", "FORWARD", state["rules"].split("\n")[0].split()[-1])
        with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
            file.write(state["forward"])
        os.remove(before)


def iptables(*words):
    return subprocess.run(["iptables", "-w", "10", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def firewall_rules(table):
    return [rule.split() for rule in iptables("-t", table, "-S").splitlines()]


def other_daemons():
    """Other dockerd of this machine."""
    found = []
    for path in glob.glob("/proc/[0-9]*/comm"):
        with contextlib.suppress(OSError), open(path) as file:
            if file.read().strip() == "dockerd":
                found.append(int(path.split("/")[2]))
    return found


def wait_gone(pids, seconds):
    deadline = time.monotonic() + seconds
    while True:
        left = pids() if callable(pids) else [pid for pid in pids if os.path.exists("/proc/%d" % pid)]
        if not left:
            return
        if time.monotonic() > deadline:
            raise AssertionError("still there after %d s: %s" % (seconds, left))
        time.sleep(0.1)


def require():
    """Called first by each test program of this kind: ends it as skipped where no dockerd can run."""
    reason = reason_to_skip()
    if reason:
        print("skipped: " + reason)
        sys.exit(SKIP)


def main(words):
    if words[:1] == ["skipped"]:
        print(reason_to_skip() or docker_compose_program.reason_without_v2(cache_folder()) or "nothing")
    elif words[:1] == ["images"]:
        require()
        with Engine() as engine:
            docker_images.ensure_all(engine)
    elif words[:1] == ["copy"] and len(words) == 2:
        Engine().copy_cache(words[1])
    elif words[:1] == ["shell"]:
        require()
        with Engine() as engine:
            variables = engine.environment((words + ["v1"])[1])
            print("\n".join("export %s=%s" % item for item in variables.items() if item[0] != "PATH"))
            subprocess.run([os.environ.get("SHELL", "/bin/sh")], env={**os.environ, **variables}, check=False)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
