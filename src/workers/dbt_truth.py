"""What a parsed dbt project is true for: the content of every file that dbt reads, its settings and its environment.

Any doubt is no truth: then dbt parses as it always does."""
import hashlib
import json
import os
import re

import yaml

PATH_KEYS = {"model-paths": ["models"], "seed-paths": ["seeds"], "test-paths": ["tests"], "analysis-paths": ["analyses"],
             "macro-paths": ["macros"], "snapshot-paths": ["snapshots"], "function-paths": ["functions"], "docs-paths": [], "asset-paths": []}
OLD_PATH_KEYS = ("source-paths", "data-paths")
MOST_FILES = 50000
LARGE_SEED = 1 << 20  # dbt itself tells larger ones by their path
# They differ between terminals; a project that reads one of them has it counted all the same.
OF_TERMINALS = ("PWD", "OLDPWD", "SHLVL", "_", "TERM", "COLUMNS", "LINES", "WINDOWID", "COLORTERM", "TERM_PROGRAM", "TERM_SESSION_ID", "DBT_USE_COLORS",
                "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_AUTH_SOCK", "TMUX", "TMUX_PANE", "STY", "XDG_SESSION_ID", "GPG_TTY")
DOUBTFUL_FLAGS = ("--warn-error", "--warn-error-options", "--no-partial-parse", "--no-static-parser", "-d", "--debug", "--show-all-deprecations")
ENV_VAR_CALL = re.compile(rb"env_var\s*\(\s*(?:['\"]([^'\"]*)['\"])?")


class Doubt(Exception):
    pass


def find_truth(context, parse):
    """A digest that stays the same as long as the words `parse` would find the same manifest; None when that cannot be told."""
    if any(word.split("=", 1)[0] in DOUBTFUL_FLAGS for word in parse):
        return None
    try:
        reader = _Reader()
        reader.note(json.dumps([parse, context["project_dir"], context["state_dir"], context["target"], context["profile"]]).encode())
        reader.read_file(os.path.join(context["state_dir"], "profiles.yml"))
        reader.read_project(context["project_dir"], is_root=True)
        reader.note_environment()
    except (Doubt, OSError, yaml.YAMLError, UnicodeError):
        return None
    return reader.digest.hexdigest()


class _Reader:
    def __init__(self):
        self.digest, self.count, self.variables, self.reads_any = hashlib.blake2b(digest_size=20), 0, set(), False

    def note(self, data):
        self.digest.update(b"%d\0" % len(data) + data)

    def read_file(self, path):
        self.count += 1
        if self.count > MOST_FILES:
            raise Doubt("too many files")
        self.note(os.fsencode(path))
        found = os.stat(path)
        if path.endswith(".csv") and found.st_size > LARGE_SEED:
            return self.note(b"%d %d %d" % (found.st_size, found.st_mtime_ns, found.st_ino))
        with open(path, "rb") as file:
            data = file.read()
        for name in ENV_VAR_CALL.findall(data):
            self.variables.add(name.decode("utf-8", "replace"))
            self.reads_any = self.reads_any or not name
        self.note(data)
        return data

    def read_folder(self, folder, parents=()):
        """Everything below it, whatever its name; links are followed, as dbt does."""
        here = os.path.realpath(folder)
        if here in parents:
            raise Doubt("a link leads back")
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.is_dir():
                self.read_folder(entry.path, parents + (here,))
            elif entry.is_file():
                self.read_file(entry.path)
            else:
                self.note(os.fsencode(entry.path))  # a link to nothing: it may lead somewhere later

    def read_project(self, folder, is_root=False):
        settings = yaml.safe_load(self.read_file(os.path.join(folder, "dbt_project.yml")).decode()) or {}
        if not isinstance(settings, dict):
            raise Doubt("no settings")
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name.endswith((".yml", ".yaml", ".dbtignore")) and entry.is_file():
                self.read_file(entry.path)
        for path in self.paths_of(settings):
            place = os.path.join(folder, path)
            self.note(os.fsencode(place))
            if os.path.isdir(place):
                self.read_folder(place)
        if is_root:
            self.read_packages(os.path.join(folder, plain(settings.get("packages-install-path", "dbt_packages"))))

    def paths_of(self, settings):
        paths = []
        for key, usual in PATH_KEYS.items():
            paths += listed(settings.get(key, usual))
        for key in OLD_PATH_KEYS:
            paths += listed(settings.get(key, []))
        return sorted(set(paths))

    def read_packages(self, folder):
        self.note(os.fsencode(folder))
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name) if os.path.isdir(folder) else ():
            self.note(os.fsencode(os.path.realpath(entry.path)))
            if entry.is_dir():
                self.read_project(entry.path)

    def note_environment(self):
        for name, value in sorted(os.environ.items()):
            if name not in OF_TERMINALS or self.reads_any or name in self.variables:
                self.note(os.fsencode(name + "=" + value))


def plain(text):
    if not isinstance(text, str) or "{{" in text or "{%" in text:
        raise Doubt("a path that is computed")
    return text


def listed(paths):
    if not isinstance(paths, list):
        raise Doubt("no list of paths")
    return [plain(path) for path in paths]
