"""The look through the DAG folder agrees with Airflow's own walk: what devbox refuses is what makes Airflow find no DAG, and nothing else.

Run: DEVBOX_TEST_BINARY=build/bin/devbox python3 -m unittest discover -s tests/integration -p dag_folder_test.py
"""
import glob
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BINARY = os.path.abspath(os.environ.get("DEVBOX_TEST_BINARY", "build/bin/devbox"))
CACHE = os.environ.get("DEVBOX_TEST_CACHE", os.path.expanduser("~/.cache"))
WALK = """
import json, sys
from airflow.utils.file import find_path_from_directory
def is_walkable(folder, syntax):
    try:
        list(find_path_from_directory(folder, ".airflowignore", syntax))
        return True
    except RuntimeError as error:
        assert "recursive loop" in str(error), error
        return False
print(json.dumps([is_walkable(*words) for words in json.loads(sys.argv[1])]))
"""

# name: (files, links, .airflowignore of 2.x and 3.x)
LAYOUTS = {
    "plain": (["a.py", "sub/b.py"], {}, None),
    "loop": (["sub/a.py"], {"sub/again": "../sub"}, None),
    "loop to the top": (["sub/a.py"], {"sub/top": ".."}, None),
    "twice": (["one/a.py"], {"two": "one"}, None),
    "dangling": (["a.py"], {"gone": "nowhere"}, None),
    "itself": (["a.py"], {"self": "self"}, None),
    "outside": (["a.py"], {"shared": "../shared"}, None),
    "environment": (["a.py", ".venv/lib/x.py"], {".venv/lib64": "lib"}, None),
    "environment ignored": (["a.py", ".venv/lib/x.py"], {".venv/lib64": "lib"}, (r"\.venv", ".venv/")),
    "twice, ignored": (["one/a.py"], {"two": "one"}, ("^two$", "/two")),
    "twice, wrong rule": (["one/a.py"], {"two": "one"}, ("^tw$", "tw")),
    "ignored by a digit": (["v1/a.py"], {"v22": "v1"}, (r"v\d\d", "v[0-9][0-9]")),
    "ignored by stars": (["x/one/a.py"], {"x/two": "one"}, ("x/.*o$", "**/two")),
    "dbt package": (["p/pkg/a.py"], {"p/dbt_packages/pkg": "../pkg"}, None),
    "dbt package, ignored": (["p.q/pkg/a.py"], {"p.q/dbt_packages/pkg": "../pkg"}, (r"p\.q/dbt_packages", "p.q/dbt_packages")),
    "negated": (["one/a.py"], {"two": "one"}, ("two", "*\n!one\n!a.py")),
    "comment": (["one/a.py"], {"two": "one"}, ("two # the same again", "# two\ntwo")),
}


def add_layout(root, files, links, ignored):
    (root / "shared").mkdir()
    for name in files:
        (root / "dags" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "dags" / name).write_text("# no DAG\n")
    for name, target in links.items():
        (root / "dags" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "dags" / name).symlink_to(target)
    if ignored is not None:
        (root / "dags" / ".airflowignore").write_text(ignored + "\n")


class DagFolderTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="devbox-dag-folder-test."))
        self.addCleanup(shutil.rmtree, self.folder)

    def walk_with_airflow(self, roots, syntax):
        pythons = glob.glob(f"{CACHE}/devbox/venvs/airflow-2.10.3-*/bin/python")
        self.assertTrue(pythons, "the Airflow environment is made by the first integration test")
        environment = os.environ | {"AIRFLOW_HOME": str(self.folder / "home"), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nonexistent/x.db"}
        wanted = json.dumps([(str(root / "dags"), syntax) for root in roots])
        done = subprocess.run([pythons[0], "-c", WALK, wanted], env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def compare(self, index, version, syntax):
        roots = []
        for name, (files, links, ignored) in LAYOUTS.items():
            roots.append(self.folder / name)
            roots[-1].mkdir()
            add_layout(roots[-1], files, links, ignored and ignored[index])
            (roots[-1] / "devbox.yaml").write_text(f'airflow: {{version: "{version}"}}\n')
        walkable = self.walk_with_airflow(roots, syntax)
        self.assertEqual({True, False}, set(walkable))
        for root, is_walkable in zip(roots, walkable):
            with self.subTest(root.name):
                devbox = subprocess.run([BINARY, "-C", str(root), "config", "check"], capture_output=True, text=True, timeout=60)
                self.assertEqual(devbox.returncode, 0 if is_walkable else 4, devbox.stderr)

    def test_regular_expressions(self):
        self.compare(0, "2.10.3", "regexp")

    def test_glob_patterns(self):
        self.compare(1, "3.0.6", "glob")


if __name__ == "__main__":
    unittest.main()
