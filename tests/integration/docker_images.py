"""Images under their official names, made of Debian's and PyPI's packages: what devbox's own compose file names starts unmodified.

They are for tests only: they hold this machine's certificates and package index settings, so that images can be derived from them.
An image is made again when its recipe below images/ or the profile's lock file changes.
"""
import concurrent.futures
import configparser
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECIPES = os.path.join(ROOT, "tests/integration/images")
PROFILES = os.path.join(ROOT, "compose/profiles")
SUITE = "bookworm"
BASE = "devbox-test/debian:" + SUITE
PACKAGES = "ca-certificates,python3,python3-venv,dumb-init,curl,git"
UV_VERSION = "0.13.9"
LABEL = "devbox.test.recipe"
KEPT_BUILDS = 8
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def airflow_image(version):
    return "apache/airflow:%s-python3.11" % version


def profiles_with_containers():
    for path in sorted(glob.glob(PROFILES + "/*")):
        with open(path + "/profile.yaml") as file:
            if "\ndocker:\n" in file.read():
                yield path


AIRFLOW = {airflow_image(os.path.basename(path)): path for path in profiles_with_containers()}
NAMES = ["busybox:latest", "postgres:15", *AIRFLOW]


def docker_program():
    """Debian's own client, which fits the daemon; another one on PATH may be newer than the daemon understands."""
    return "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else shutil.which("docker")


def ensure_all(engine, beside=()):
    """Makes all images; two at a time, as each of them waits for downloads half of its time. `beside` are functions to run meanwhile."""
    with concurrent.futures.ThreadPoolExecutor(2 + len(beside)) as pool:
        others = [pool.submit(one) for one in beside]
        ensure(engine, BASE)
        for done in [pool.submit(ensure, engine, name) for name in NAMES] + others:
            done.result()


def ensure(engine, name):
    recipe = recipe_of(name)
    if name != BASE and name != "busybox:latest":
        ensure(engine, BASE)
    status, image = engine.api("GET", "/images/%s/json" % name)
    if status == 200 and (image["Config"]["Labels"] or {}).get(LABEL) == recipe:
        return
    print("making " + name, flush=True)
    with tempfile.TemporaryDirectory(dir=engine.cache, prefix="image-") as folder:
        make = {BASE: make_base, "busybox:latest": make_busybox, "postgres:15": make_postgres}.get(name, make_airflow)
        make(engine, name, recipe, folder)


def recipe_of(name):
    """What an image is made of, as a hash."""
    if name in AIRFLOW:
        texts = [read(path) for path in sorted(glob.glob(RECIPES + "/airflow/*"))]
        texts += [read(AIRFLOW[name] + "/requirements.lock"), UV_VERSION.encode(), recipe_of(BASE).encode()]
    elif name == "postgres:15":
        texts = [read(path) for path in sorted(glob.glob(RECIPES + "/postgres/*"))] + [recipe_of(BASE).encode()]
    elif name == BASE:
        texts = [PACKAGES.encode(), pip_settings().encode(), repr(uv_settings()).encode(), read(BUNDLE)]
    elif name == "busybox:latest":
        texts = [b"1"]
    else:
        raise AssertionError("there is no recipe for the image %s; there are %s" % (name, ", ".join(NAMES)))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


# --- the images


def make_base(engine, name, recipe, folder):
    root = folder + "/root"
    command = ["debootstrap", "--variant=minbase", "--include=" + PACKAGES, SUITE, root, *debian_mirror()]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError("debootstrap: exit code %d\n%s" % (done.returncode, done.stdout[-3000:]))
    for path in glob.glob(root + "/var/cache/apt/archives/*.deb") + glob.glob(root + "/var/lib/apt/lists/*_*"):
        os.remove(path)
    shutil.copyfile(BUNDLE, root + BUNDLE)
    write(root + "/etc/pip.conf", pip_settings())
    write(root + "/etc/apt/apt.conf.d/50-of-this-machine", apt_settings())
    import_folder(engine, name, recipe, root, ["ENV %s=%s" % item for item in uv_settings().items()] + ['CMD ["bash"]'])


def make_busybox(engine, name, recipe, folder):
    root = folder + "/root"
    os.makedirs(root + "/bin")
    shutil.copy(shutil.which("busybox"), root + "/bin/busybox")
    # Debian has a static one too, which needs no libraries.
    for library in re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", root + "/bin/busybox"], capture_output=True, text=True).stdout):
        os.makedirs(root + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, root + library)
    for applet in subprocess.run([root + "/bin/busybox", "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split():
        if applet != "busybox":
            os.symlink("busybox", root + "/bin/" + applet)
    write(root + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    write(root + "/etc/group", "root:x:0:\n")
    for path, mode in ((root + "/tmp", 0o1777), (root + "/root", 0o700)):
        os.mkdir(path)
        os.chmod(path, mode)
    import_folder(engine, name, recipe, root, ["ENV PATH=/bin", 'CMD ["sh"]'])


def make_postgres(engine, name, recipe, folder):
    shutil.copytree(RECIPES + "/postgres", folder + "/context")
    build(engine, name, recipe, folder + "/context")


def make_airflow(engine, name, recipe, folder):
    shutil.copytree(RECIPES + "/airflow", folder + "/context")
    shutil.copy(AIRFLOW[name] + "/requirements.lock", folder + "/context/requirements.lock")
    build(engine, name, recipe, folder + "/context", AIRFLOW_VERSION=os.path.basename(AIRFLOW[name]), UV_VERSION=UV_VERSION)


def import_folder(engine, name, recipe, root, changes):
    words = [word for change in [*changes, "LABEL %s=%s" % (LABEL, recipe)] for word in ("--change", change)]
    with subprocess.Popen(["tar", "-C", root, "--numeric-owner", "-c", "."], stdout=subprocess.PIPE) as tar:
        engine.docker("import", *words, "-", name, stdin=tar.stdout)
    assert tar.returncode == 0, tar.returncode


def build(engine, name, recipe, context, **arguments):
    """Builds with dockerd's own builder: docker's newer one is not part of every package."""
    arguments.update({key: value for key, value in os.environ.items() if key.lower() in ("http_proxy", "https_proxy", "no_proxy")})
    words = [word for item in arguments.items() for word in ("--build-arg", "%s=%s" % item)]
    environment = {**os.environ, **engine.environment(), "DOCKER_BUILDKIT": "0"}
    command = [docker_program(), "build", "--network", "host", "--label", "%s=%s" % (LABEL, recipe), "-t", name, *words, context]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError("building %s: exit code %d\n%s" % (name, done.returncode, done.stdout[-6000:]))


def remove_others(engine):
    """Removes images that tests made. What devbox built is kept, as its environment of dbt takes minutes: of these the oldest go."""
    images = sorted(engine.api("GET", "/images/json")[1], key=lambda image: -image["Created"])
    built = [name for image in images for name in image["RepoTags"] or [] if name.startswith("devbox-airflow:")]
    kept = [*NAMES, BASE, *built[:KEPT_BUILDS]]
    for image in images:
        tags = [tag for tag in image["RepoTags"] or [] if tag != "<none>:<none>"]
        for name in [tag for tag in tags if tag not in kept] or ([] if tags else [image["Id"]]):
            engine.api("DELETE", "/images/%s?force=1" % name)


# --- what this machine knows about package indexes


def debian_mirror():
    """The mirror that apt uses here, where it has this suite; else debootstrap's own."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"],
                          stdout=subprocess.PIPE, text=True)
    found = [line.split()[2] for line in done.stdout.splitlines() if line.startswith(SUITE + " main ") and "security" not in line]
    return found[:1]


def apt_settings():
    done = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE, text=True)
    return "".join(line + "\n" for line in done.stdout.splitlines() if re.match(r'Acquire::https?::[^ ]*Proxy[^ ]* "', line))


def pip_settings():
    """pip.conf of this machine as far as it says where packages come from; what names a path here stays here."""
    done = subprocess.run(["python3", "-m", "pip", "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    wanted = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout", "retries")
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = {"cert": BUNDLE, "disable-pip-version-check": "1"}
    for line in sorted(done.stdout.splitlines(), key=lambda line: line.startswith(":env:")):  # the environment wins
        match = re.match(r"(?:global|install|:env:)\.([a-z-]+)='(.*)'$", line)
        if match and match[1] in wanted:
            settings["global"][match[1]] = match[2]
    text = ["[global]\n"] + ["%s = %s\n" % item for item in sorted(settings["global"].items())]
    return "".join(text)


def uv_settings():
    kept = {key: value for key, value in os.environ.items()
            if key.startswith("UV_") and ("INDEX" in key or key in ("UV_HTTP_TIMEOUT", "UV_INSECURE_HOST", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"))}
    return {**kept, "SSL_CERT_FILE": BUNDLE}
