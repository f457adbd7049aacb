"""A checkout whose platform runs in the containers of a test engine (docker_stack.Engine), with a home and a cache of its own.

It needs nothing of what the native runtime makes: no environment of Python, no uv. close() removes containers, networks and volumes.
"""
import json
import os
import shutil
import stat
import subprocess
import tempfile
import urllib.parse

import support

PROJECT = "com.docker.compose.project"


class DockerCheckout(support.Checkout):
    def __init__(self, engine, compose, uid=None):
        """`compose` is a kind of docker_compose_program; `uid`: another user runs devbox, one who may use the engine's socket."""
        self.engine, self.uid, self.copy = engine, 0 if uid is None else uid, None
        if uid is not None:
            self._become(uid)
        super().__init__()
        self.use_compose(compose)

    def _become(self, uid):
        os.chmod(self.engine.folder, 0o711)
        self.user = {"user": uid, "group": uid, "extra_groups": [os.stat(self.engine.socket).st_gid]}
        # Whoever runs the tests may have the build where others cannot look.
        self.copy = tempfile.mkdtemp(prefix="devbox-copy-")
        os.chmod(self.copy, 0o755)
        tree = os.path.dirname(os.path.dirname(support.BINARY))
        shutil.copytree(os.path.join(tree, "share/devbox"), self.copy + "/share/devbox")
        os.mkdir(self.copy + "/bin")
        self.binary = shutil.copy(support.BINARY, self.copy + "/bin/devbox")

    def use_compose(self, kind):
        self.environment.update(self.engine.environment(kind), XDG_CACHE_HOME=self.home + "/cache")

    def configure(self, version, extra="", port=None, top=""):
        """Writes a devbox.yaml for containers; `extra` belongs to airflow, `top` to nothing. The port stays that of the first time."""
        self.version, self.port = version, port or getattr(self, "port", None) or support.free_port()
        # The test engine has no bridge: builds reach the package index through the host's network.
        self.write("devbox.yaml", 'runtime: docker\nairflow:\n  version: "%s"\n  port: %d\n  build_network: host\n%s'
                                  "seeds: {columns: {orders: {amount: real}, payments: {amount: real}}}\n%s" % (version, self.port, extra, top))

    def write(self, name, text):
        super().write(name, text)
        path = os.path.normpath(self.path(name))
        while self.user and path != self.home:  # folders that were made on the way, too
            os.chown(path, self.uid, self.uid)
            path = os.path.dirname(path)

    @property
    def project(self):
        """Compose's name of it, from the file that makes compose by hand find it."""
        with open(self.path(".devbox/.env")) as file:
            return file.read().strip().split("=")[1]

    def containers(self):
        """What the engine shows of each container of the platform, by the service's name; stopped ones and the one-shot too."""
        found = {}
        for one in self.listed("/containers/json?all=1&"):
            status, whole = self.engine.api("GET", "/containers/%s/json" % one["Id"])
            if status == 200:
                found[one["Labels"]["com.docker.compose.service"]] = whole
        return found

    def runs(self):
        """Changes with everything that may happen to the containers."""
        return {name: (one["Id"], one["State"]["StartedAt"], one["RestartCount"], one["State"]["Status"]) for name, one in self.containers().items()}

    def listed(self, path):
        return self.engine.api("GET", path + "filters=" + urllib.parse.quote(json.dumps({"label": ["%s=%s" % (PROJECT, self.project)]})))[1]

    def inside(self, service, *words, variables=()):
        """What a program says that runs in the container of a service."""
        options = [word for variable in variables for word in ("-e", variable)]
        return self.engine.docker("exec", *options, self.containers()[service]["Id"], *words, seconds=120)

    def compose_by_hand(self, *words, seconds=300):
        """As the first lines of the rendered file tell people to."""
        has_plugin = os.path.exists(self.environment["DOCKER_CONFIG"] + "/cli-plugins/docker-compose")
        command = ["docker", "compose", *words] if has_plugin else ["docker-compose", *words]
        done = subprocess.run(command, cwd=self.path(".devbox"), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=seconds, **self.user)
        if done.returncode != 0:
            raise AssertionError("%s: exit code %d\n%s" % (" ".join(command), done.returncode, done.stdout[-4000:]))
        return done.stdout

    def foreign_files(self):
        """Files and folders of the checkout that are not the user's, or not to be read by him."""
        found = []
        for folder, folders, names in os.walk(self.root):
            for path in [os.path.join(folder, name) for name in folders + names]:
                status = os.lstat(path)
                if status.st_uid != self.uid or not status.st_mode & stat.S_IRUSR:
                    found.append("%s: %d %o" % (path, status.st_uid, status.st_mode))
        return found

    def worktree(self, name):
        """A git worktree of the checkout beside it, a checkout of the same user; it goes with this one."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, root=os.path.join(self.home, name), environment=dict(self.environment), copy=None)
        del other.port
        self.git("worktree", "add", "-q", other.root)
        return other

    def leave_engine(self):
        """Stops, and removes all that the engine has of it."""
        if not os.path.isdir(self.path(".devbox")):
            return
        self.run("stop").check()
        left = support.marked_processes(self.instance)
        assert not left, "processes left behind: %s" % left
        if os.path.exists(self.path(".devbox/.env")):
            for one in self.listed("/containers/json?all=1&"):
                self.engine.api("DELETE", "/containers/%s?force=1&v=1" % one["Id"])
            for one in self.listed("/networks?"):
                self.engine.api("DELETE", "/networks/" + one["Id"])
            for one in self.listed("/volumes?")["Volumes"] or []:
                self.engine.api("DELETE", "/volumes/%s?force=1" % one["Name"])

    def close(self):
        self.leave_engine()
        shutil.rmtree(self.home)
        if self.copy:
            shutil.rmtree(self.copy)
