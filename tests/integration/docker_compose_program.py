"""The two composes: v1 is Debian's package, v2 is built once by Go's tool dependencies and kept in the cache."""
import os
import shutil
import subprocess
import tempfile

V2_VERSION = "2.40.3"
V2_MODULE = "github.com/docker/compose/v2"
OLDEST_GO = (1, 24)
KINDS = ("none", "v1", "v2", "standalone")


def v2_program(cache):
    return os.path.join(cache, "docker-compose-" + V2_VERSION)


def go_version():
    """(major, minor) of the go on PATH, None without one."""
    try:
        words = subprocess.run(["go", "env", "GOVERSION"], stdout=subprocess.PIPE, text=True, check=True).stdout
        return tuple(int(part) for part in words.strip()[2:].split(".")[:2])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def reason_without_v2(cache):
    """Why compose v2 cannot be had here, None when it can."""
    if os.path.exists(v2_program(cache)):
        return None
    version = go_version()
    if version is None or version < OLDEST_GO:
        return "building it needs Go %d.%d or newer; %s" % (*OLDEST_GO, "there is none" if version is None else "here is %d.%d" % version)
    return None


def build_v2(cache):
    """Builds compose v2 unless it is there; returns its path."""
    program = v2_program(cache)
    if os.path.exists(program):
        return program
    with tempfile.TemporaryDirectory(dir=cache, prefix="go-") as folder:
        environment = {**os.environ, "GOFLAGS": "-mod=mod -modcacherw", "GOMODCACHE": folder + "/mod", "GOCACHE": folder + "/cache",
                       "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        os.mkdir(folder + "/source")
        linker = "-s -w -X %s/internal.Version=v%s" % (V2_MODULE, V2_VERSION)
        for words in (["mod", "init", "compose"], ["get", "-tool", "%s/cmd@v%s" % (V2_MODULE, V2_VERSION)],
                      ["build", "-trimpath", "-ldflags", linker, "-o", folder + "/docker-compose", V2_MODULE + "/cmd"]):
            done = subprocess.run(["nice", "go", *words], cwd=folder + "/source", env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise AssertionError("go %s: exit code %d\n%s" % (" ".join(words), done.returncode, done.stdout[-4000:]))
        os.rename(folder + "/docker-compose", program)
    return program


def compose_environment(kind, cache, folder):
    """PATH and DOCKER_CONFIG with exactly one compose: `v1` is docker-compose, `v2` is docker's plugin, `standalone` is v2 called
    docker-compose without docker, `none` is neither. Files for it are made below `folder`."""
    assert kind in KINDS, kind
    home = os.path.join(folder, "compose-" + kind)
    tools = home + "/bin"
    if not os.path.exists(tools):
        os.makedirs(tools + ".new")
        os.makedirs(home + "/config/cli-plugins")
        if kind in ("v1", "v2"):
            os.symlink("/usr/bin/docker" if os.path.exists("/usr/bin/docker") else shutil.which("docker"), tools + ".new/docker")
        if kind == "v1":
            os.symlink(shutil.which("docker-compose"), tools + ".new/docker-compose")
        if kind == "v2":
            shutil.copy2(build_v2(cache), home + "/config/cli-plugins/docker-compose")  # other users of it may not look into the cache
        if kind == "standalone":
            shutil.copy2(build_v2(cache), tools + ".new/docker-compose")
        hide_others(tools + ".new")
        os.rename(tools + ".new", tools)
    kept = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part and not has_docker(part)]
    return {"PATH": os.pathsep.join([tools, *kept]), "DOCKER_CONFIG": home + "/config"}


def has_docker(folder):
    return any(os.path.lexists(os.path.join(folder, name)) for name in ("docker", "docker-compose"))


def hide_others(tools):
    """Folders of PATH that hold docker or docker-compose are replaced by links to all else in them."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and has_docker(folder):
            for name in os.listdir(folder):
                if name not in ("docker", "docker-compose") and not os.path.lexists(os.path.join(tools, name)):
                    os.symlink(os.path.join(folder, name), os.path.join(tools, name))
