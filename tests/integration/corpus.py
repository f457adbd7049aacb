"""The DAG files of tests/corpus/dags, with what is expected of each, which stands in the comments at its top:

    # file: pass                          what `devbox test dags` says: pass, fail TYPE (or TYPE|TYPE), skip REASON, ignored
    # found: words                        words of a warning about this file
    # run ID = success: success a b[0]; skipped c       how its DAG ends, and each task
    # why ID: words                       words of the failed task's message
    # with ID: --conf '{"limit": 3}'      options of its run
    # cold: no, REASON                    why Airflow's own command cannot be asked

A word of one major version only has it in parentheses: "# file (3): fail ImportError".
"""

import os
import re
import shlex

import support

FOLDER = os.path.join(support.ROOT, "tests/corpus/dags")
PLUGINS = os.path.join(support.ROOT, "tests/corpus/plugins")


class DagFile:
    def __init__(self, name, version):
        self.name, self.verdict, self.why_not_cold, self.found = name, None, None, []
        self.runs = {}
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            lines = re.findall(r"^# (\w+)(?: \((\d)\))?(?: (\w+))?(?: =|:) ?(.*)", file.read(), re.M)
        for key, major, dag_id, value in lines:
            if major in ("", version[0]) and key in ("file", "found", "cold", "run", "why", "with"):
                self._take(key, dag_id, value)

    def _take(self, key, dag_id, value):
        if key == "file":
            self.verdict = value
        elif key == "found":
            self.found.append(value)
        elif key == "cold":
            self.why_not_cold = value.removeprefix("no, ")
        elif key == "run":
            self.run(dag_id).set_states(value)
        elif key == "why":
            self.run(dag_id).why = value
        elif key == "with":
            self.run(dag_id).options = shlex.split(value)

    def accepts(self, verdict):
        """True when a verdict ("pass", "fail KeyError") is the expected one, or one of those that may be."""
        kind, _, words = self.verdict.partition(" ")
        return verdict in [f"{kind} {word}" for word in words.split("|")] + [self.verdict]

    def run(self, dag_id):
        return self.runs.setdefault(dag_id, Run(dag_id))


class Run:
    """How one DAG is to end: `tasks` as {"load": "success", "square[0]": "failed"}."""

    def __init__(self, dag_id):
        self.dag_id, self.state, self.tasks, self.why, self.options = dag_id, None, {}, None, []

    def set_states(self, text):
        self.state, _, groups = text.partition(": ")
        for group in groups.split("; "):
            state, *names = group.split()
            self.tasks.update({name: state for name in names})


def files(version):
    """Every file of the corpus with the expectations of this version, by its path below the DAG folder."""
    found = {}
    for folder, _, names in os.walk(FOLDER):
        for name in names:
            if name.endswith(".py"):
                path = os.path.relpath(os.path.join(folder, name), FOLDER)
                found[path] = DagFile(path, version)
    return dict(sorted(found.items()))
